"""API versions that the target version of Kubernetes no longer serves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kitlib.checks.rule import Hit, rule
from kitlib.checks.targets import TARGET, KubeObject
from kitlib.kubernetes_releases import minor

_GUIDE = "https://kubernetes.io/docs/reference/using-api/deprecation-guide/"


@dataclass(frozen=True)
class Removal:
    """A version of an API that went away.

    Args:
        removed: the minor version of Kubernetes that was the first without it.
        instead: the version that is served; empty when nothing replaces it.
        note: what else has to change in an object.
    """

    removed: tuple[int, int]
    instead: str
    note: str = ""


_INGRESS = "each path needs pathType; backend is service: {name: …, port: {number: …}}"
_SELECTOR = "spec.selector is required, with the labels of the template"
_HPA = (
    "metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: …}}}]"
)
_NETWORKING, _RBAC = "networking.k8s.io/v1", "rbac.authorization.k8s.io/v1"
_REMOVED = {
    ("extensions/v1beta1", "Ingress"): Removal((1, 22), _NETWORKING, _INGRESS),
    ("networking.k8s.io/v1beta1", "Ingress"): Removal((1, 22), _NETWORKING, _INGRESS),
    ("networking.k8s.io/v1beta1", "IngressClass"): Removal((1, 22), _NETWORKING),
    ("extensions/v1beta1", "NetworkPolicy"): Removal((1, 16), _NETWORKING),
    ("extensions/v1beta1", "PodSecurityPolicy"): Removal(
        (1, 16), "", "use Pod Security labels on namespaces"
    ),
    ("policy/v1beta1", "PodSecurityPolicy"): Removal((1, 25), "", "use Pod Security labels on namespaces"),
    ("policy/v1beta1", "PodDisruptionBudget"): Removal((1, 25), "policy/v1"),
    ("batch/v1beta1", "CronJob"): Removal((1, 25), "batch/v1"),
    ("batch/v2alpha1", "CronJob"): Removal((1, 21), "batch/v1"),
    ("autoscaling/v2beta1", "HorizontalPodAutoscaler"): Removal((1, 25), "autoscaling/v2", _HPA),
    ("autoscaling/v2beta2", "HorizontalPodAutoscaler"): Removal((1, 26), "autoscaling/v2"),
    ("discovery.k8s.io/v1beta1", "EndpointSlice"): Removal((1, 25), "discovery.k8s.io/v1"),
    ("events.k8s.io/v1beta1", "Event"): Removal((1, 25), "events.k8s.io/v1"),
    ("node.k8s.io/v1beta1", "RuntimeClass"): Removal((1, 25), "node.k8s.io/v1"),
    ("apiextensions.k8s.io/v1beta1", "CustomResourceDefinition"): Removal(
        (1, 22), "apiextensions.k8s.io/v1", "a schema under spec.versions is required"
    ),
    ("apiregistration.k8s.io/v1beta1", "APIService"): Removal((1, 22), "apiregistration.k8s.io/v1"),
    ("certificates.k8s.io/v1beta1", "CertificateSigningRequest"): Removal(
        (1, 22), "certificates.k8s.io/v1", "spec.signerName and usages are required"
    ),
    ("coordination.k8s.io/v1beta1", "Lease"): Removal((1, 22), "coordination.k8s.io/v1"),
    ("scheduling.k8s.io/v1beta1", "PriorityClass"): Removal((1, 22), "scheduling.k8s.io/v1"),
    ("storage.k8s.io/v1beta1", "CSIStorageCapacity"): Removal((1, 27), "storage.k8s.io/v1"),
}
_REMOVED |= {
    (f"{group}", kind): Removal((1, 16), "apps/v1", _SELECTOR)
    for group in ("extensions/v1beta1", "apps/v1beta1", "apps/v1beta2")
    for kind in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")
}
_REMOVED |= {
    ("rbac.authorization.k8s.io/v1beta1", kind): Removal((1, 22), _RBAC)
    for kind in ("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding")
}
_REMOVED |= {
    ("storage.k8s.io/v1beta1", kind): Removal((1, 22), "storage.k8s.io/v1")
    for kind in ("StorageClass", "CSIDriver", "CSINode", "VolumeAttachment")
}
_REMOVED |= {
    ("admissionregistration.k8s.io/v1beta1", kind): Removal(
        (1, 22), "admissionregistration.k8s.io/v1", "sideEffects and admissionReviewVersions are required"
    )
    for kind in ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
}
_REMOVED |= {
    (f"flowcontrol.apiserver.k8s.io/{version}", kind): Removal(removed, "flowcontrol.apiserver.k8s.io/v1")
    for version, removed in (("v1beta1", (1, 26)), ("v1beta2", (1, 29)), ("v1beta3", (1, 32)))
    for kind in ("FlowSchema", "PriorityLevelConfiguration")
}


def removal(api_version: str, kind: str) -> Removal | None:
    """When an API version went away and what serves its kind now; None for one that is served or unknown."""
    return _REMOVED.get((api_version, kind))


@rule(
    "object",
    "api-removed",
    "error",
    "The server no longer knows this API version",
    why="The API server answers that there is no such kind; nothing of the object is applied.",
    source=_GUIDE,
)
def api_removed(item: KubeObject) -> Iterator[Hit]:
    api = str(item.get("apiVersion", default=""))
    gone = removal(api, item.kind)
    target = minor(TARGET)
    if gone is None or target is None or target < gone.removed:
        return
    when = f"{gone.removed[0]}.{gone.removed[1]}"
    fix = f"apiVersion: {gone.instead}" if gone.instead else f"remove the {item.kind}"
    fix += f"; {gone.note}" if gone.note else ""
    found = f"{api} {item.kind}, removed in {when}"
    yield Hit(item.at("apiVersion"), found, gone.instead or "another way", fix)
