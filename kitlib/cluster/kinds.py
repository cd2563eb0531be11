"""The kinds of the built-in API, by every name that kubectl takes for them.

Knowing a kind's API version saves asking the server for all its groups. Kinds that are not listed here, such
as custom resources, are looked up on the server.
"""

from __future__ import annotations

KINDS: dict[str, tuple[str, tuple[str, ...]]] = {
    # kind: (apiVersion, plural and short names)
    "ConfigMap": ("v1", ("configmaps", "cm")),
    "Endpoints": ("v1", ("ep",)),
    "Event": ("v1", ("events", "ev")),
    "LimitRange": ("v1", ("limitranges", "limits")),
    "Namespace": ("v1", ("namespaces", "ns")),
    "Node": ("v1", ("nodes", "no")),
    "PersistentVolume": ("v1", ("persistentvolumes", "pv")),
    "PersistentVolumeClaim": ("v1", ("persistentvolumeclaims", "pvc")),
    "Pod": ("v1", ("pods", "po")),
    "ResourceQuota": ("v1", ("resourcequotas", "quota")),
    "Secret": ("v1", ("secrets",)),
    "Service": ("v1", ("services", "svc")),
    "ServiceAccount": ("v1", ("serviceaccounts", "sa")),
    "ControllerRevision": ("apps/v1", ("controllerrevisions",)),
    "DaemonSet": ("apps/v1", ("daemonsets", "ds")),
    "Deployment": ("apps/v1", ("deployments", "deploy")),
    "ReplicaSet": ("apps/v1", ("replicasets", "rs")),
    "StatefulSet": ("apps/v1", ("statefulsets", "sts")),
    "HorizontalPodAutoscaler": ("autoscaling/v2", ("horizontalpodautoscalers", "hpa")),
    "CronJob": ("batch/v1", ("cronjobs", "cj")),
    "Job": ("batch/v1", ("jobs",)),
    "Lease": ("coordination.k8s.io/v1", ("leases",)),
    "EndpointSlice": ("discovery.k8s.io/v1", ("endpointslices",)),
    "Ingress": ("networking.k8s.io/v1", ("ingresses", "ing")),
    "IngressClass": ("networking.k8s.io/v1", ("ingressclasses",)),
    "NetworkPolicy": ("networking.k8s.io/v1", ("networkpolicies", "netpol")),
    "PodDisruptionBudget": ("policy/v1", ("poddisruptionbudgets", "pdb")),
    "ClusterRole": ("rbac.authorization.k8s.io/v1", ("clusterroles",)),
    "ClusterRoleBinding": ("rbac.authorization.k8s.io/v1", ("clusterrolebindings",)),
    "Role": ("rbac.authorization.k8s.io/v1", ("roles",)),
    "RoleBinding": ("rbac.authorization.k8s.io/v1", ("rolebindings",)),
    "StorageClass": ("storage.k8s.io/v1", ("storageclasses", "sc")),
    "CustomResourceDefinition": ("apiextensions.k8s.io/v1", ("customresourcedefinitions", "crd", "crds")),
    "APIService": ("apiregistration.k8s.io/v1", ("apiservices",)),
}

_BY_NAME = {name: kind for kind, (_, others) in KINDS.items() for name in (kind.lower(), *others)}


def resolve_kind(name: str) -> tuple[str, str | None]:
    """The kind and apiVersion that a name means; the name itself and None when it is not built in."""
    kind = _BY_NAME.get(name.lower())
    return (kind, KINDS[kind][0]) if kind else (name, None)
