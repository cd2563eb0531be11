"""Raising a memory limit that its container was killed at, as far as the evidence says and no further."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from kitlib import quantity
from kitlib.cluster import Cluster, Resource
from kitlib.diagnosis.evidence import Evidence, Status, container_statuses, gather
from kitlib.diagnosis.rules.memory import killed_for_memory
from kitlib.errors import ApiError, RunbookError
from kitlib.operations import capacity, workloads

# What the Vertical Pod Autoscaler adds after an out-of-memory kill, at the least, and how far it stays above
# the usage that it sees: its recommender's flags --oom-min-bump-up-bytes and --oom-bump-up-ratio
# (github.com/kubernetes/autoscaler, vertical-pod-autoscaler/docs/flags.md).
LEAST_MORE = Decimal(100 * 1024**2)
ABOVE_USAGE = Decimal("1.2")

Raise = dict[str, Any]  # group, container, was, limit, request


def killed(evidence: Evidence) -> list[Status]:
    """The containers that were killed for memory, the newest status of each."""
    return list({s.name: s for s in evidence.statuses if killed_for_memory(evidence, s)}.values())


def told(evidence: Evidence) -> str:
    """The evidence as text: container, limit, kills, when."""
    lines = []
    for item in killed(evidence):
        ended = item.state("terminated") or item.state("terminated", last=True)
        lines.append(
            f"{item.pod.name}, container {item.name}: killed at "
            f"{ended.get('finishedAt', '?')}, limit {_limit(item) or 'none'}, {item.restarts} restarts"
        )
    return "\n".join(lines) or "no container was killed for memory within a day"


def plan(
    cluster: Cluster,
    deployment: str,
    maximum: str,
    growth: float,
    near: Mapping[str, Decimal] | None = None,
) -> list[Raise]:
    """The new limit of each container that was killed for memory, or is near its limit; empty when none is.

    The limit grows by `growth` and by at least 100Mi, and stays a fifth above the usage that metrics-server
    reports, where there is one. A request that is set keeps its share of the limit, so that the pod keeps its
    quality of service.

    Args:
        cluster: bound to its namespace.
        deployment: whose containers.
        maximum: the most that a limit may become; a LimitRange may allow less.
        growth: the factor by which a limit grows.
        near: containers that are near their limit though none was killed, each with the bytes it used most.

    Raises:
        RunbookError: the limit is at its maximum, the container has none of its own, or a quota has no room.
    """
    evidence = gather(cluster, "Deployment", deployment)
    most = _most(cluster, maximum)
    peaks = usage(cluster, evidence)
    for name, used in (near or {}).items():
        peaks[name] = max(used, peaks.get(name, capacity.ZERO))
    close = {item.name: item for item in evidence.statuses if item.name in (near or {})}
    requests, factor = _requests(evidence.workload), Decimal(str(growth))
    found = []
    for item in {**close, **{item.name: item for item in killed(evidence)}}.values():
        now = capacity.amount(_limit(item))
        wanted = max(now * factor, peaks.get(item.name, capacity.ZERO) * ABOVE_USAGE)
        found.append(_raise(item, most, wanted, requests.get(item.name)))
    if found:
        workloads.refuse_paused(evidence.workload)
        workloads.refuse_controlled(evidence.workload)
        _refuse_without_room(cluster, evidence.workload, found)
    return found


def raise_limits(cluster: Cluster, deployment: str, raises: Sequence[Raise]) -> None:
    """Set the limits, and the requests that follow, in one change."""
    changes: dict[str, dict[str, dict[str, Any]]] = {group: {} for group in workloads.GROUPS}
    for item in raises:
        resources = {"limits": {"memory": item["limit"]}}
        resources |= {"requests": {"memory": item["request"]}} if item["request"] else {}
        changes[item["group"]][item["container"]] = {"resources": resources}
    cluster.patch("Deployment", deployment, workloads.template_patch(changes))


def usage(cluster: Cluster, evidence: Evidence) -> dict[str, Decimal]:
    """The most memory a pod's container uses now, by container; empty where no metrics-server answers."""
    path = f"/apis/metrics.k8s.io/v1beta1/namespaces/{evidence.workload.namespace}/pods"
    try:
        items = json.loads(cluster.api.raw("get", path).data)["items"]
    except ApiError:
        return {}  # metrics are a help; the kill is evidence enough
    pods = {pod.name for pod in evidence.pods}
    peaks: dict[str, Decimal] = {}
    for item in items:
        for one in item["containers"] if item["metadata"]["name"] in pods else []:
            used = capacity.amount(one["usage"].get("memory"))
            peaks[one["name"]] = max(used, peaks.get(one["name"], capacity.ZERO))
    return peaks


@dataclass
class Quiet:
    """Whether no container of a workload was killed for memory for a while, for the `until` of a wait.

    Args:
        cluster: bound to its namespace.
        seconds: for how long.

    Calling it raises RunbookError when one is killed again.
    """

    cluster: Cluster
    seconds: float
    _since: float = field(default_factory=time.monotonic)

    def __call__(self, workload: Resource) -> bool:
        """Whether the time has passed."""
        for pod in workloads.pods(self.cluster, workload):
            for item in container_statuses(pod):
                ends = (item.state("terminated"), item.state("terminated", last=True))
                if any(end.get("reason") == "OOMKilled" for end in ends):
                    raise RunbookError(
                        f"container {item.name} of {pod.name} was killed again, at {_limit(item)}",
                        fix="run it again, or look for a leak: usage that grows without end fills any limit",
                    )
        return time.monotonic() - self._since >= self.seconds


def summary(raises: Sequence[Raise]) -> str:
    """What changes, in words."""
    return ", ".join(f"{item['container']}: memory limit {item['was']} → {item['limit']}" for item in raises)


def _raise(item: Status, most: Decimal, wanted: Decimal, request: str | None) -> Raise:
    was = _limit(item)
    limit = quantity.parse(was) if was else None
    if limit is None:
        raise RunbookError(
            f"container {item.name} has no limit: its node has no memory left",
            fix="give it a request and a limit, or its node less to do",
        )
    if limit >= most:
        raise RunbookError(
            f"container {item.name} needs more than its limit {was}, and {capacity.binary(most)} is the most",
            fix="look for a leak, or run it again with a higher maximum",
        )
    mebi = Decimal(1024**2)
    new = min(max(wanted, limit + LEAST_MORE), most // mebi * mebi if most > mebi else most)
    share = min(capacity.amount(request) / limit, Decimal(1)) if request else None
    group = "initContainers" if item.init else "containers"
    changed = {"was": was, "limit": capacity.binary(new)}
    follows = capacity.binary(share * new) if share is not None else ""
    return {"group": group, "container": item.name, **changed, "request": follows}


def _requests(workload: Resource) -> dict[str, str]:
    """The memory that the template's containers ask for; a request that a default gave is left to it."""
    spec = workload.at("spec.template.spec", {})
    items = [item for group in workloads.GROUPS for item in spec.get(group) or []]
    asked = {item["name"]: (item.get("resources") or {}).get("requests") or {} for item in items}
    return {name: str(found["memory"]) for name, found in asked.items() if "memory" in found}


def _limit(item: Status) -> str:
    return str(((item.spec.get("resources") or {}).get("limits") or {}).get("memory", ""))


def _most(cluster: Cluster, maximum: str) -> Decimal:
    """The maximum, lowered to what a LimitRange allows."""
    most = capacity.amount(maximum)
    allowed = capacity.ceiling(cluster, "memory")
    return most if allowed is None else min(most, allowed)


def _refuse_without_room(cluster: Cluster, workload: Resource, raises: Sequence[Raise]) -> None:
    replicas = int(workload.at("spec.replicas", 1))
    more: capacity.Amounts = {"limits.memory": capacity.ZERO, "requests.memory": capacity.ZERO}
    for item in raises:
        grown = capacity.amount(item["limit"]) - capacity.amount(item["was"])
        more["limits.memory"] += grown
        more["requests.memory"] += grown if item["request"] in ("", item["limit"]) else capacity.ZERO
    if short := capacity.shortages(cluster, capacity.times(more, replicas)):
        raise RunbookError(f"the higher limit has no room: {'; '.join(short)}", fix="have the quota raised")
