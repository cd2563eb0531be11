"""The namespace that a lesson or a lab is in: made, remembered, emptied and removed."""

from __future__ import annotations

from kitlib.cluster import Cluster
from kitlib.cluster.connect import connect
from kitlib.errors import UsageError
from kitlib.settings import get_settings

MADE = "kit.dev/made-for-lesson"  # a label of the namespaces that a lesson made, and may remove
OWN = {"app.kubernetes.io/managed-by": "kit"}
GONE_SECONDS = 120.0
# What lessons make; a learner's namespace that somebody else made is emptied of it, and stays.
KINDS = (
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "CronJob",
    "Job",
    "Pod",
    "Service",
    "Ingress",
    "HorizontalPodAutoscaler",
    "PodDisruptionBudget",
    "NetworkPolicy",
    "PersistentVolumeClaim",
    "Secret",
    "ConfigMap",
)
_entered: list[Cluster] = []  # where this process is: what the magics work on
THE_CLUSTERS = {"kube-root-ca.crt"}  # a controller puts it back at once


def enter(name: str, cluster: Cluster | None = None) -> Cluster:
    """The cluster, bound to the namespace of that name, made if absent; or to the one of the settings.

    Args:
        name: such as `lesson-03`.
        cluster: none: as `kitlib.connect`.

    Raises:
        UsageError: kit knows no cluster; it has no node; or the namespace exists, no lesson made it, and no
            setting names it.
        ClusterError: the cluster does not answer, or refuses.
    """
    configured = get_settings().lesson_namespace
    name = configured or name
    bound = cluster.within(name) if cluster else connect(namespace=name)
    if not configured:  # a learner may not be allowed to see more of that one than what is in it
        if not bound.list("Node"):
            raise UsageError(
                f"the cluster at {bound.server} has no node: no pod would ever be placed",
                fix="kit cluster down, then kit cluster up, or kit cluster up --provider embedded --nodes 2",
            )
        _made(bound)
    _entered.append(bound)
    return bound


def current() -> Cluster:
    """Where this process is: the lesson or lab that it entered last; else as `kitlib.connect`.

    Raises:
        UsageError: it entered none, and kit knows no cluster.
    """
    return _entered[-1] if _entered else connect()


def begun(cluster: Cluster, what: str) -> dict[str, str] | None:
    """What was remembered when a lesson or lab was begun in the namespace; None when none was."""
    found = cluster.find("ConfigMap", f"kit-{what}")
    return None if found is None else dict(found.get("data") or {})


def mark(cluster: Cluster, what: str, data: dict[str, str] | None = None) -> None:
    """Remember, in the namespace itself, that a lesson or lab was begun.

    Args:
        data: what is to be remembered with it.
    """
    meta = {"name": f"kit-{what}", "labels": OWN}
    cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data or {}})


def _made(cluster: Cluster) -> None:
    """Make the namespace that a cluster is bound to, unless a lesson made it before."""
    name = cluster.namespace
    found = cluster.find("Namespace", name)
    if found is not None and found["metadata"].get("deletionTimestamp"):
        cluster.delete("Namespace", name, missing_ok=True, wait_seconds=GONE_SECONDS)
        found = None
    if found is None:
        labels = OWN | {MADE: "true"}
        cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
        cluster.wait("ServiceAccount", "default", until="exists")
    elif MADE not in found.labels:
        raise UsageError(
            f"the namespace {name} exists, and no lesson made it",
            fix="set KIT_LESSON_NAMESPACE to a namespace that lessons may use",
        )


def leave(cluster: Cluster, *, wait: bool = False) -> None:
    """Remove the namespace if a lesson made it; otherwise only what is in it.

    Args:
        wait: until all of it is gone.
    """
    seconds = GONE_SECONDS if wait else 0.0
    configured = cluster.namespace == get_settings().lesson_namespace
    found = None if configured else cluster.find("Namespace", cluster.namespace)
    if not configured and found is None:
        return
    if found is not None and MADE in found.labels:
        cluster.delete("Namespace", cluster.namespace, missing_ok=True, wait_seconds=seconds)
        return
    for kind in KINDS:
        for item in cluster.list(kind):
            if item.name not in THE_CLUSTERS:
                cluster.delete(kind, item.name, missing_ok=True, wait_seconds=seconds)
