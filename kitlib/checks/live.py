"""The objects of a namespace as a bundle, so that the same rules hold for a cluster as for files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from kitlib.checks.targets import Bundle, KubeObject, mapping, sequence
from kitlib.errors import Forbidden, NotFound

if TYPE_CHECKING:
    from kitlib.cluster import Cluster, Resource

KINDS: tuple[tuple[str, str | None], ...] = (  # one list call for each, however many objects there are
    ("Deployment", None),
    ("StatefulSet", None),
    ("DaemonSet", None),
    ("ReplicaSet", None),
    ("Job", None),
    ("CronJob", None),
    ("Pod", None),
    ("Service", None),
    ("Ingress", None),
    ("ConfigMap", None),
    ("Secret", None),
    ("PersistentVolumeClaim", None),
    ("ServiceAccount", None),
    ("Role", None),
    ("RoleBinding", None),
    ("NetworkPolicy", None),
    ("HorizontalPodAutoscaler", None),
    ("PodDisruptionBudget", None),
    ("HTTPRoute", "gateway.networking.k8s.io/v1"),
    ("ExternalSecret", "external-secrets.io/v1"),
)
MADE_BY_KUBERNETES = {("ConfigMap", "kube-root-ca.crt"), ("ServiceAccount", "default")}
SECRETS_OF_OTHERS = (
    "helm.sh/release",
    "kubernetes.io/service-account-token",
    "bootstrap.kubernetes.io/token",
)


def bundle(cluster: Cluster) -> Bundle:
    """The live objects of the cluster's namespace, and the namespace itself.

    What a controller made is left out, as what is wrong with it is its owner's fault: the pods and
    ReplicaSets of a Deployment, the Jobs of a CronJob. So are values of Secrets; their keys are kept.

    Raises:
        ClusterError: the cluster doesn't answer. A kind that it doesn't have, or that may not be listed, is
            left out.
    """
    found = Bundle(f"live objects of namespace {cluster.namespace} ({cluster.context})", "live")
    for item in _objects(cluster):
        if not _made_for_another(item):
            found.objects.append(KubeObject(_plain(item), found))
    return found


def _objects(cluster: Cluster) -> Iterator[Resource]:
    namespace = cluster.find("Namespace", cluster.namespace)
    if namespace is not None:
        yield namespace
    for kind, version in KINDS:
        try:
            yield from cluster.list(kind, api_version=version)
        except (NotFound, Forbidden):
            continue


def _made_for_another(item: Mapping[str, Any]) -> bool:
    metadata = mapping(item.get("metadata"))
    owned = any(mapping(owner).get("controller") for owner in sequence(metadata.get("ownerReferences")))
    by_kubernetes = (item.get("kind"), metadata.get("name")) in MADE_BY_KUBERNETES
    return owned or by_kubernetes or str(item.get("type", "")).startswith(SECRETS_OF_OTHERS)


def _plain(item: Mapping[str, Any]) -> dict[str, Any]:
    """The object without bookkeeping, and without the values of a Secret."""
    metadata = {k: v for k, v in mapping(item.get("metadata")).items() if k != "managedFields"}
    body = {**item, "metadata": metadata}
    if item.get("kind") == "Secret":
        body["data"] = dict.fromkeys(mapping(item.get("data")), "")
    return body
