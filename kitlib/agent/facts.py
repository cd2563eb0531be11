"""What conditions can ask for: the facts about pods, deployments, autoscalers and nodes.

A fact that is not known, such as the share of a limit that is not set, is absent, and an absent fact makes no
condition true.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from kitlib import quantity
from kitlib.agent.objects import Autoscaler, ContainerStatus, Node, Pod, Workload, moment, ready

FactType = Literal["int", "double", "string", "bool", "map"]


@dataclass(frozen=True)
class Fact:
    """One fact: its CEL type and what it is."""

    type: FactType
    means: str


FACTS: dict[str, dict[str, Fact]] = {
    "pod": {
        "name": Fact("string", "its name"),
        "namespace": Fact("string", "its namespace"),
        "node": Fact("string", "the node it was given; empty before"),
        "labels": Fact("map", "its labels"),
        "phase": Fact("string", "Pending, Running, Succeeded, Failed or Unknown"),
        "ready": Fact("bool", "whether its condition Ready holds"),
        "age": Fact("double", "seconds since it was created"),
        "restartCount": Fact("int", "restarts of all its containers"),
        "waitingReason": Fact("string", "why a container waits, such as CrashLoopBackOff; empty: none does"),
        "lastTerminationReason": Fact("string", "why a container ended last, such as OOMKilled"),
        "cpu": Fact("double", "cores its containers use"),
        "memory": Fact("double", "bytes its containers use"),
        "cpuUsage": Fact("double", "the highest share of its CPU limit that a container uses; 1 is all"),
        "memoryUsage": Fact("double", "the highest share of its memory limit that a container uses"),
    },
    "deployment": {
        "name": Fact("string", "its name"),
        "namespace": Fact("string", "its namespace"),
        "labels": Fact("map", "its labels"),
        "age": Fact("double", "seconds since it was created"),
        "replicas": Fact("int", "pods that are wanted"),
        "readyReplicas": Fact("int", "pods that are ready"),
        "updatedReplicas": Fact("int", "pods of the newest template"),
        "availableReplicas": Fact("int", "pods that have been ready for long enough"),
        "available": Fact("bool", "whether all wanted pods are available"),
        "generationLag": Fact("int", "changes that its controller has not seen yet"),
    },
    "hpa": {
        "name": Fact("string", "its name"),
        "namespace": Fact("string", "its namespace"),
        "currentReplicas": Fact("int", "pods there are"),
        "desiredReplicas": Fact("int", "pods it wants"),
        "minReplicas": Fact("int", "the fewest it may ask for"),
        "maxReplicas": Fact("int", "the most it may ask for"),
        "atMax": Fact("bool", "whether it wants as many as it may"),
    },
    "node": {
        "name": Fact("string", "its name"),
        "labels": Fact("map", "its labels"),
        "age": Fact("double", "seconds since it was created"),
        "ready": Fact("bool", "whether its condition Ready holds"),
        "schedulable": Fact("bool", "whether it is not cordoned"),
        "memoryPressure": Fact("bool", "whether it runs out of memory"),
        "diskPressure": Fact("bool", "whether it runs out of disk"),
    },
}


@dataclass(frozen=True)
class Usage:
    """What a pod's containers use.

    Args:
        at: when it was measured.
        containers: cores and bytes by container.
    """

    at: datetime
    containers: Mapping[str, tuple[float, float]]


def of_pod(pod: Pod, usage: Usage | None, now: datetime) -> dict[str, Any]:
    """The facts that are known about a pod."""
    statuses = pod.statuses()
    found: dict[str, Any] = {
        "name": pod.metadata.name,
        "namespace": pod.metadata.namespace,
        "node": pod.spec.node_name,
        "labels": pod.metadata.labels or {},
        "phase": pod.status.phase,
        "ready": ready(pod.status.conditions),
        "restartCount": sum(item.restart_count for item in statuses),
        "waitingReason": next((s.state.waiting.reason for s in statuses if s.state.waiting), ""),
        **_age(pod.metadata.creation_timestamp, now),
    }
    if (reason := _last_end(statuses)) is not None:
        found["lastTerminationReason"] = reason
    return found | (_used(pod, usage) if usage else {})


def of_deployment(item: Workload, now: datetime) -> dict[str, Any]:
    """The facts about a Deployment, or a StatefulSet."""
    wanted, status = 1 if item.spec.replicas is None else item.spec.replicas, item.status
    return {
        "name": item.metadata.name,
        "namespace": item.metadata.namespace,
        "labels": item.metadata.labels or {},
        "replicas": wanted,
        "readyReplicas": status.ready_replicas,
        "updatedReplicas": status.updated_replicas,
        "availableReplicas": status.available_replicas,
        "available": status.available_replicas >= wanted,
        "generationLag": item.metadata.generation - status.observed_generation,
        **_age(item.metadata.creation_timestamp, now),
    }


def of_autoscaler(item: Autoscaler) -> dict[str, Any]:
    """The facts about a HorizontalPodAutoscaler."""
    return {
        "name": item.metadata.name,
        "namespace": item.metadata.namespace,
        "currentReplicas": item.status.current_replicas or 0,
        "desiredReplicas": item.status.desired_replicas,
        "minReplicas": item.spec.min_replicas or 1,
        "maxReplicas": item.spec.max_replicas,
        "atMax": item.status.desired_replicas >= item.spec.max_replicas > 0,
    }


def of_node(item: Node, now: datetime) -> dict[str, Any]:
    """The facts about a node."""
    holds = {condition.type: condition.status == "True" for condition in item.status.conditions or ()}
    return {
        "name": item.metadata.name,
        "labels": item.metadata.labels or {},
        "ready": holds.get("Ready", False),
        "schedulable": not item.spec.unschedulable,
        "memoryPressure": holds.get("MemoryPressure", False),
        "diskPressure": holds.get("DiskPressure", False),
        **_age(item.metadata.creation_timestamp, now),
    }


OUTLIVED = timedelta(seconds=30)


def crash_looping(pod: Pod, now: datetime) -> bool:
    """Whether a container of a pod is in a crash loop, also in the seconds in which it runs again.

    A container that waits in CrashLoopBackOff is. One that was restarted and runs is, until its run has
    outlived the one before by half a minute.
    """
    return any(_looping(item, now) for item in pod.statuses())


def failed(pod: Pod) -> bool:
    """Whether a pod failed: as a whole, or a container of it waits after an error or ended with one."""
    if pod.status.phase == "Failed":
        return True
    for item in pod.statuses():
        waits, ended = item.state.waiting, item.state.terminated
        if waits and waits.reason not in ("", "ContainerCreating", "PodInitializing"):
            return True
        if ended and ended.exit_code:
            return True
    return False


def _looping(item: ContainerStatus, now: datetime) -> bool:
    waits, ended, before = item.state.waiting, item.state.terminated, item.last_state.terminated
    if waits:
        return waits.reason == "CrashLoopBackOff"
    if not item.restart_count or before is None or not before.exit_code:
        return False
    if ended:
        return bool(ended.exit_code)
    started = moment(item.state.running.started_at) if item.state.running else None
    first, last = moment(before.started_at), moment(before.finished_at)
    if started is None or first is None or last is None:
        return False
    return now - started < (last - first) + OUTLIVED


def _last_end(statuses: list[ContainerStatus]) -> str | None:
    ends = [item.state.terminated or item.last_state.terminated for item in statuses]
    known = [(end.finished_at or "", end.reason) for end in ends if end and end.reason]
    return max(known)[1] if known else None


def _used(pod: Pod, usage: Usage) -> dict[str, float]:
    cpu, memory = (sum(values[n] for values in usage.containers.values()) for n in (0, 1))
    found = {"cpu": float(cpu), "memory": float(memory)}
    shares: dict[str, list[float]] = {"cpuUsage": [], "memoryUsage": []}
    for item in pod.spec.containers:
        limits = item.resources.limits
        if limits is None or item.name not in usage.containers:
            continue
        pairs = zip((limits.cpu, limits.memory), usage.containers[item.name], strict=True)
        for name, (limit, used) in zip(shares, pairs, strict=True):
            most = quantity.parse(limit)
            if most:
                shares[name].append(used / float(most))
    return found | {name: max(values) for name, values in shares.items() if values}


def _age(created: str, now: datetime) -> dict[str, float]:
    at = moment(created)
    return {"age": (now - at).total_seconds()} if at else {}
