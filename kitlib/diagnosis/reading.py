"""Reading a cluster for a diagnosis: one list for each kind, whatever the number of objects; then a few logs.

A kind that may not be read, or that the cluster does not have, is noted, and the diagnosis does without.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from kitlib.cluster import Cluster
from kitlib.cluster.resource import Resource
from kitlib.diagnosis import secrets, slim
from kitlib.diagnosis.scan import Scan
from kitlib.diagnosis.suspects import read_logs
from kitlib.errors import ApiError, Forbidden

PAGE = 500
THREADS = 6  # lists that are asked for at a time; the API server's own limits are far above


@dataclass(frozen=True)
class Listing:
    """One list that a scan asks for.

    Args:
        kind: what it gives.
        path: the group and version, as in the URL: `api/v1`, `apis/apps/v1`.
        plural: the kind's name in URLs.
        scope: `namespaced`: of the namespace that is looked at; `everywhere`: of all namespaces, as others
            refer to them; `cluster`: has none; `system`: of kube-system.
        fields: field selectors, each a list of its own, as they cannot be combined by "or".
        metrics: comes from the metrics API, which a cluster need not have.
    """

    kind: str
    path: str
    plural: str
    scope: str = "namespaced"
    fields: tuple[str, ...] = ("",)


# Events of type Normal are most of all; of these only what preempts and what scales tells about a fault.
_EVENTS = ("type!=Normal", "reason=Preempted", "reason=ScalingReplicaSet")
_NETWORK, _ADMISSION = "apis/networking.k8s.io/v1", "apis/admissionregistration.k8s.io/v1"
_RBAC = "apis/rbac.authorization.k8s.io/v1"
LISTINGS = (
    Listing("Pod", "api/v1", "pods"),
    Listing("Event", "api/v1", "events", fields=_EVENTS),
    Listing("Deployment", "apis/apps/v1", "deployments"),
    Listing("ReplicaSet", "apis/apps/v1", "replicasets"),
    Listing("StatefulSet", "apis/apps/v1", "statefulsets"),
    Listing("DaemonSet", "apis/apps/v1", "daemonsets"),
    Listing("ControllerRevision", "apis/apps/v1", "controllerrevisions"),
    Listing("Job", "apis/batch/v1", "jobs"),
    Listing("CronJob", "apis/batch/v1", "cronjobs"),
    Listing("Service", "api/v1", "services", "everywhere"),
    Listing("EndpointSlice", "apis/discovery.k8s.io/v1", "endpointslices"),
    Listing("ConfigMap", "api/v1", "configmaps"),
    # Helm's releases are Secrets of a megabyte each, and nothing refers to them.
    Listing("Secret", "api/v1", "secrets", fields=("type!=helm.sh/release.v1",)),
    Listing("ServiceAccount", "api/v1", "serviceaccounts"),
    Listing("PersistentVolumeClaim", "api/v1", "persistentvolumeclaims"),
    Listing("PersistentVolume", "api/v1", "persistentvolumes", "cluster"),
    Listing("StorageClass", "apis/storage.k8s.io/v1", "storageclasses", "cluster"),
    Listing("Ingress", _NETWORK, "ingresses"),
    Listing("IngressClass", _NETWORK, "ingressclasses", "cluster"),
    Listing("NetworkPolicy", _NETWORK, "networkpolicies"),
    Listing("HorizontalPodAutoscaler", "apis/autoscaling/v2", "horizontalpodautoscalers"),
    Listing("ResourceQuota", "api/v1", "resourcequotas"),
    Listing("LimitRange", "api/v1", "limitranges"),
    Listing("PodDisruptionBudget", "apis/policy/v1", "poddisruptionbudgets"),
    Listing("Node", "api/v1", "nodes", "cluster"),
    Listing("Namespace", "api/v1", "namespaces", "cluster"),
    Listing("PriorityClass", "apis/scheduling.k8s.io/v1", "priorityclasses", "cluster"),
    Listing("Role", _RBAC, "roles"),
    Listing("RoleBinding", _RBAC, "rolebindings"),
    Listing("ClusterRole", _RBAC, "clusterroles", "cluster"),
    Listing("ClusterRoleBinding", _RBAC, "clusterrolebindings", "cluster"),
    Listing("MutatingWebhookConfiguration", _ADMISSION, "mutatingwebhookconfigurations", "cluster"),
    Listing("ValidatingWebhookConfiguration", _ADMISSION, "validatingwebhookconfigurations", "cluster"),
    Listing("PodMetrics", "apis/metrics.k8s.io/v1beta1", "pods"),
    # Under another kind: what a cluster's own DNS is told stands beside the ConfigMaps that are looked at.
    Listing("DnsConfig", "api/v1", "configmaps", "system", ("metadata.name=coredns",)),
)
# What one workload's runbooks look at: fewer lists, and fewer rights.
OF_A_WORKLOAD = ("Pod", "Event", "ReplicaSet", "Service", "ConfigMap", "Secret")


def scan(cluster: Cluster, namespace: str = "", *, kinds: Iterable[str] = (), logs: bool = True) -> Scan:
    """Read what the rules look at.

    Args:
        cluster: which one.
        namespace: only this one, and what belongs to the whole cluster; empty: all.
        kinds: only these; none: all of LISTINGS.
        logs: whether to read logs of suspects, too.

    Raises:
        ClusterUnreachable, ContextChanged: see kitlib.errors. What is forbidden is noted in `unread`.
    """
    wanted = [item for item in LISTINGS if not kinds or item.kind in kinds]
    version, at = cluster.version(), datetime.now(UTC)
    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(lambda item: _read(cluster, item, namespace), wanted))
    objects, unread = {}, {}
    for listing, (items, refused) in zip(wanted, answers, strict=True):
        objects[listing.kind] = items
        if refused:
            unread[listing.kind] = refused
    calls = 1 + sum(len(item.fields) for item in wanted)
    found = Scan(objects, [], unread, namespace, at, version, calls)
    return read_logs(cluster, found) if logs else found


def _read(cluster: Cluster, listing: Listing, namespace: str) -> tuple[list[Resource], str]:
    """The objects of one kind; none and the reason when they may not be read."""
    where = {"namespaced": namespace, "system": "kube-system"}.get(listing.scope, "")
    try:
        return _all(cluster, listing, where), ""
    except Forbidden as error:
        if listing.scope != "everywhere" or not namespace:
            return [], error.message
    except ApiError as error:
        return [], error.message
    try:  # those of the own namespace at least; that others were not seen is noted all the same
        return _all(cluster, listing, namespace), "only those of this namespace may be read"
    except ApiError as error:
        return [], error.message


def _all(cluster: Cluster, listing: Listing, namespace: str) -> list[Resource]:
    within = f"/namespaces/{namespace}" if namespace else ""
    path = f"/{listing.path}{within}/{listing.plural}"
    decode, head = _decoder(listing), {"apiVersion": listing.path.partition("/")[2], "kind": listing.kind}
    found = (raw for selector in listing.fields for raw in _pages(cluster, path, selector))
    return [Resource({**head, **decode(raw)}) for raw in found]


def _pages(cluster: Cluster, path: str, selector: str) -> Iterator[slim.Raw]:
    token = None
    while True:
        query = {"limit": PAGE, "continue": token, "fieldSelector": selector or None}
        page = slim.page(cluster.api.raw("get", path, query=query).data)
        yield from page.items
        token = page.metadata.get("continue")
        if not token:
            return


def _decoder(listing: Listing) -> Callable[[slim.Raw], dict[str, Any]]:
    match listing.kind:
        case "Pod":
            return slim.pod
        case "Secret":
            return lambda raw: secrets.keep(slim.whole(raw))
    return slim.whole
