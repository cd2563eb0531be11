"""Whether an object meets a condition: computed on what the API server sent, parsed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from kitlib import quantity
from kitlib.asking.metrics import Usage
from kitlib.asking.request import Filter
from kitlib.cluster import Resource
from kitlib.cluster.resource import pod_ready, pod_restarts, pod_state
from kitlib.cluster.rollout import rollout_state

Used = Mapping[tuple[str, str], Usage]
_WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet")
# States of a pod in which nothing has failed.
_CALM = ("Running", "Pending", "Succeeded", "Terminating")
PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


def meets(item: Resource, filters: Iterable[Filter], used: Used) -> bool:
    """Whether an object meets all conditions; what a pod uses is not known of those without metrics."""
    return all(_meets(item, one, used) for one in filters)


def state(item: Resource) -> str:
    """An object's state in a word, as kubectl shows it where it shows one."""
    if item.kind == "Pod":
        return pod_state(item)
    if item.kind in (*_WORKLOADS, "Node"):
        return "Ready" if well(item) else "NotReady"
    if item.kind == "Job":
        ended = [c["type"] for c in item.at("status.conditions", []) if c["status"] == "True"]
        return next((name for name in ("Complete", "Failed") if name in ended), "Running")
    return str(item.at("status.phase", ""))


def well(item: Resource) -> bool:
    """Whether an object is as it should be: a pod ready or ended well, a workload rolled out."""
    if item.kind == "Pod":
        return item.at("status.phase") == "Succeeded" or (pod_ready(item) and pod_state(item) == "Running")
    if item.kind in _WORKLOADS:
        return rollout_state(item).done
    if item.kind == "Node":
        return any(c["type"] == "Ready" and c["status"] == "True" for c in item.at("status.conditions", []))
    return state(item) in ("", "Active", "Bound", "Available", "Complete", "Running")


def failing(item: Resource) -> bool:
    """Whether something about an object has failed, rather than not happened yet."""
    if item.kind == "Pod":
        return item.at("status.phase") == "Failed" or pod_state(item) not in _CALM
    return not well(item)


def _meets(item: Resource, one: Filter, used: Used) -> bool:
    match one.field:
        case "memory" | "cpu":
            usage = used.get((item.namespace, item.name))
            limit = quantity.parse(one.value) or Decimal(0)
            return usage is not None and _compare(getattr(usage, one.field), one, limit)
        case "restarts":
            return _compare(Decimal(pod_restarts(item)), one, Decimal(one.value))
        case "age":
            return _compare(Decimal(item.age_seconds), one, Decimal(one.seconds))
        case "state":
            return _in_state(item, one.value) == (one.op == "is")
        case "image":
            return any(one.value in str(c.get("image", "")) for c in _containers(item))
        case "node":
            return bool(item.at("spec.nodeName", "") == one.value)
        case "type":
            return str(item.at("spec.type") or item.get("type", "")).lower() == one.value.lower()
        case "limits" | "requests":
            amounts = [(c.get("resources") or {}).get(one.field) or {} for c in _containers(item)]
            return any("memory" not in one or "cpu" not in one for one in amounts)
        case "probes":
            return any(not any(probe in c for probe in PROBES) for c in _containers(item))


def _in_state(item: Resource, wanted: str) -> bool:
    match wanted:
        case "healthy" | "ready":
            return well(item)
        case "unhealthy" | "not ready":
            return not well(item)
        case "failing":
            return failing(item)
        case "restarting":
            return pod_restarts(item) > 0
    found = state(item)
    # What a pod is named after, and what it is in: an init container's state, or why the last run ended.
    return wanted.lower() in (found.lower(), found.removeprefix("Init:").lower(), *_last_reasons(item))


def _last_reasons(item: Resource) -> list[str]:
    statuses = item.at("status.containerStatuses", [])
    ends = [(s.get("lastState") or {}).get("terminated") or {} for s in statuses]
    return [str(end.get("reason", "")).lower() for end in ends if end.get("reason") == "OOMKilled"]


def _compare(found: Decimal, one: Filter, limit: Decimal) -> bool:
    return found > limit if one.op == "over" else found < limit


def _containers(item: Resource) -> list[dict[str, Any]]:
    spec = item.get("spec") or {}
    template = ((spec.get("jobTemplate") or {}).get("spec") or spec).get("template")
    return list(((template or item).get("spec") or {}).get("containers") or [])
