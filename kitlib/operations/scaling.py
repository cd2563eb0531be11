"""Setting the number of a workload's replicas, within a ceiling and what the namespace has."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kitlib.cluster import Cluster, Resource
from kitlib.cluster.resource import pod_ready
from kitlib.errors import RunbookError
from kitlib.operations import capacity, workloads
from kitlib.wording import counted

Scaling = dict[str, Any]  # kind, name, was, replicas


def plan(cluster: Cluster, name: str, replicas: int, ceiling: int) -> Scaling | None:
    """The scaling of a workload; None when it has that many replicas.

    Args:
        cluster: bound to its namespace.
        name: as for `workloads.find`.
        replicas: how many it shall have.
        ceiling: how many it may have at most.

    Raises:
        NotFound: no such workload.
        RunbookError: above the ceiling, an autoscaler or another owner sets the number, or a quota has no
            room for the new pods.
    """
    if replicas > ceiling:
        raise RunbookError(f"{counted(replicas, 'replica')}: the ceiling is {ceiling}", fix="ceiling=NUMBER")
    workload = workloads.find(cluster, name)
    workloads.refuse_controlled(workload)
    _refuse_autoscaled(cluster, workload)
    was = int(workload.at("spec.replicas", 1))
    if was == replicas:
        return None
    if replicas > was:
        _refuse_without_room(cluster, workload, replicas - was)
    return {"kind": workload.kind, "name": workload.name, "was": was, "replicas": replicas}


def settled(workload: Resource, replicas: int) -> bool:
    """Whether a workload has exactly that many pods, all of them ready."""
    ready, total = (workload.at(f"status.{key}", 0) for key in ("readyReplicas", "replicas"))
    seen: int = workload.at("status.observedGeneration", 0)
    return bool(seen >= workload.at("metadata.generation", 0) and ready == total == replicas)


def _refuse_autoscaled(cluster: Cluster, workload: Resource) -> None:
    for item in cluster.list("HorizontalPodAutoscaler"):
        of = item.at("spec.scaleTargetRef", {})
        if (of.get("kind"), of.get("name")) == (workload.kind, workload.name):
            span = f"{item.at('spec.minReplicas', 1)} to {item.at('spec.maxReplicas')}"
            raise RunbookError(
                f"HorizontalPodAutoscaler {item.name} sets the replicas of {workload.name} ({span}) and "
                "would set them back",
                fix=f"kubectl -n {workload.namespace} edit hpa {item.name}",
            )


def _refuse_without_room(cluster: Cluster, workload: Resource, pods: int) -> None:
    found = workloads.pods(cluster, workload)  # a real pod has the defaults of the namespace's LimitRange
    spec = found[0]["spec"] if found else workload.at("spec.template.spec", {})
    more = capacity.times(capacity.asked(spec), pods)
    if short := capacity.shortages(cluster, more, pods):
        raise RunbookError(
            f"there is no room for {counted(pods, 'more pod')} of {workload.name}: {'; '.join(short)}",
            fix=f"ask for fewer, or have the quota raised: kubectl -n {workload.namespace} get quota",
        )


def ready(pods: Iterable[Resource]) -> int:
    """How many pods are ready and not on their way out."""
    return sum(pod_ready(pod) and not pod["metadata"].get("deletionTimestamp") for pod in pods)
