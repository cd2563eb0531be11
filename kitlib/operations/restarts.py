"""Restarting workloads: which can be, in which order, and whether every pod is a new one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kitlib.cluster import Cluster, Resource
from kitlib.errors import RunbookError
from kitlib.operations import workloads

Restart = dict[str, Any]  # kind, name, pods: the uids of those there are before


def plan(cluster: Cluster, names: Sequence[str]) -> dict[str, list[Any]]:
    """What a restart of these workloads means.

    Args:
        cluster: bound to their namespace.
        names: as for `workloads.find`, in the order in which they are restarted.

    Returns:
        `restart`: those that are, in order; `left`: those without pods, in words.

    Raises:
        NotFound: no such workload.
        RunbookError: one is named twice, or a restart would not replace its pods.
    """
    found = [workloads.find(cluster, name) for name in names]
    seen = [(item.kind, item.name) for item in found]
    if twice := [f"{kind}/{name}" for kind, name in dict.fromkeys(seen) if seen.count((kind, name)) > 1]:
        raise RunbookError(f"named twice: {', '.join(twice)}; the order is not clear")
    restart, left = [], []
    for item in found:
        _refuse(item)
        if item.at("spec.replicas", 1) == 0:
            left.append(f"{item.kind}/{item.name} has no pods")
        else:
            uids = [pod["metadata"]["uid"] for pod in workloads.pods(cluster, item)]
            restart.append({"kind": item.kind, "name": item.name, "pods": uids})
    return {"restart": restart, "left": left}


def remaining(cluster: Cluster, item: Restart) -> list[str]:
    """The pods from before the restart that are still there; empty when all were replaced."""
    workload = cluster.get(item["kind"], item["name"])
    return [pod.name for pod in workloads.pods(cluster, workload) if pod["metadata"]["uid"] in item["pods"]]


def summary(planned: dict[str, list[Any]]) -> str:
    """What is restarted, and what is not, in words."""
    order = ", then ".join(f"{item['kind']}/{item['name']}" for item in planned["restart"])
    parts = [f"restart {order}"] if order else ["nothing to restart"]
    return "; ".join([*parts, *planned["left"]])


def _refuse(workload: Resource) -> None:
    workloads.refuse_paused(workload)
    # kubernetes.io/docs/concepts/workloads/controllers/statefulset: its controller then replaces no pods.
    if workload.at("spec.updateStrategy.type") == "OnDelete":
        raise RunbookError(
            f"StatefulSet {workload.name} has the strategy OnDelete: a restart replaces none of its pods",
            fix=f"delete its pods one by one: kubectl -n {workload.namespace} delete pod {workload.name}-0",
        )
