"""What a cluster can carry, what is asked of it, and what is really used."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from kitlib import quantity
from kitlib.cluster import Cluster, Resource
from kitlib.errors import ApiError

if TYPE_CHECKING:
    import pandas

METRICS = "metrics.k8s.io/v1beta1"
ENDED = ("Succeeded", "Failed")
MIB = Decimal(1024 * 1024)
Amounts = tuple[Decimal, Decimal]  # cores, and bytes of memory


def by_node(cluster: Cluster) -> pandas.DataFrame:
    """What each node can carry, and what its pods request and use.

    Returns:
        One row per node: node, pods, pods_max, cpu and memory (allocatable; cores and MiB), cpu_requested
        and memory_requested, cpu_percent and memory_percent (requested of allocatable), cpu_used and
        memory_used (None where no metrics API answers).
    """
    import pandas

    pods = _running(cluster)
    used = _usage(cluster, "NodeMetrics", lambda item: item.name, lambda item: [item.get("usage") or {}])
    rows = []
    for node in cluster.list("Node"):
        own = [pod for pod in pods if pod.at("spec.nodeName") == node.name]
        can = _amounts(node.at("status.allocatable", {}))
        row = {
            "node": node.name,
            "pods": len(own),
            "pods_max": int(_number(node.at("status.allocatable.pods", 0))),
        }
        rows.append(row | _compared(can, _sum(map(requests, own)), used.get(node.name)))
    return pandas.DataFrame(rows)


def by_namespace(cluster: Cluster) -> pandas.DataFrame:
    """What the pods of each namespace request and use.

    Returns:
        One row per namespace with pods: namespace, pods, cpu_requested, memory_requested (cores and MiB),
        without_requests (pods of which the scheduler knows nothing), cpu_used and memory_used.
    """
    import pandas

    pods = _running(cluster)
    used = _usage(
        cluster,
        "PodMetrics",
        lambda item: item.namespace,
        lambda item: [container.get("usage") or {} for container in item.get("containers") or []],
    )
    rows = []
    for name in sorted({pod.namespace for pod in pods}):
        own = [pod for pod in pods if pod.namespace == name]
        cpu, memory = _sum(map(requests, own))
        bare = sum(not any(requests(pod)) for pod in own)
        row = {"namespace": name, "pods": len(own), "cpu_requested": float(cpu)}
        row |= {"memory_requested": _mib(memory), "without_requests": bare}
        rows.append(row | _used(used.get(name)))
    return pandas.DataFrame(rows)


def quotas(cluster: Cluster) -> pandas.DataFrame:
    """How far each ResourceQuota is used up.

    Returns:
        One row per limited resource: namespace, quota, resource, used, hard (as written) and percent.
    """
    import pandas

    rows = []
    for quota in cluster.list("ResourceQuota", everywhere=True):
        hard, used = (quota.at(f"status.{key}", {}) for key in ("hard", "used"))
        for name, limit in hard.items():
            row = {"namespace": quota.namespace, "quota": quota.name, "resource": name}
            share = _percent(_number(used.get(name, "0")), _number(limit))
            rows.append(row | {"used": used.get(name, "0"), "hard": limit, "percent": share})
    columns = ["namespace", "quota", "resource", "used", "hard", "percent"]
    return pandas.DataFrame(rows, columns=columns)


def tight(nodes: pandas.DataFrame, limits: pandas.DataFrame, percent: float) -> list[str]:
    """What is used up to a share or beyond it, in words.

    Args:
        nodes: as `by_node`.
        limits: as `quotas`.
        percent: the share.
    """
    found = []
    for row in nodes.to_dict("records"):
        for what in ("cpu", "memory"):
            if (share := row[f"{what}_percent"]) >= percent:
                found.append(f"node {row['node']}: {share:.0f} % of its {what} is requested")
    for row in limits.to_dict("records"):
        if row["percent"] >= percent:
            what = f"quota {row['namespace']}/{row['quota']}"
            found.append(f"{what}: {row['resource']} is at {row['used']} of {row['hard']}")
    return found


def requests(pod: Resource) -> Amounts:
    """What a pod requests, as the scheduler counts it: kubernetes.io/docs/concepts/workloads/pods/
    init-containers, section Resource sharing; a sidecar is an init container that goes on."""
    spec = pod.get("spec") or {}
    init = spec.get("initContainers") or []
    sidecars = [c for c in init if c.get("restartPolicy") == "Always"]
    asked = _sum(map(_requested, [*spec.get("containers", []), *sidecars]))
    most = [_requested(c) for c in init if c not in sidecars]
    overhead = _amounts(spec.get("overhead") or {})
    cpu, memory = (max([asked[i], *(amount[i] for amount in most)]) + overhead[i] for i in (0, 1))
    return cpu, memory


def _running(cluster: Cluster) -> list[Resource]:
    return [p for p in cluster.list("Pod", everywhere=True) if p.at("status.phase") not in ENDED]


def _usage(
    cluster: Cluster,
    kind: str,
    key: Callable[[Resource], str],
    parts: Callable[[Resource], Iterable[Mapping[str, Any]]],
) -> dict[str, Amounts]:
    """What is used, summed by a key; nothing where the cluster has no metrics API, or it doesn't answer."""
    found: dict[str, Amounts] = {}
    try:
        items = cluster.list(kind, everywhere=True, api_version=METRICS)
    except ApiError:
        return found
    for item in items:
        amounts = [_amounts(part) for part in parts(item)]
        found[key(item)] = _sum([found.get(key(item), (Decimal(0), Decimal(0))), *amounts])
    return found


def _compared(can: Amounts, asked: Amounts, used: Amounts | None) -> dict[str, Any]:
    row = {"cpu": float(can[0]), "memory": _mib(can[1])}
    row |= {"cpu_requested": float(asked[0]), "memory_requested": _mib(asked[1])}
    row |= {"cpu_percent": _percent(asked[0], can[0]), "memory_percent": _percent(asked[1], can[1])}
    return row | _used(used)


def _used(used: Amounts | None) -> dict[str, Any]:
    if used is None:
        return {"cpu_used": None, "memory_used": None}
    return {"cpu_used": round(float(used[0]), 3), "memory_used": _mib(used[1])}


def _requested(container: Mapping[str, Any]) -> Amounts:
    return _amounts((container.get("resources") or {}).get("requests") or {})


def _amounts(given: Mapping[str, Any]) -> Amounts:
    return _number(given.get("cpu", 0)), _number(given.get("memory", 0))


def _number(value: Any) -> Decimal:
    return quantity.parse(value) or Decimal(0)


def _sum(amounts: Iterable[Amounts]) -> Amounts:
    found = list(amounts)
    return sum((a[0] for a in found), Decimal(0)), sum((a[1] for a in found), Decimal(0))


def _mib(value: Decimal) -> int:
    return round(value / MIB)


def _percent(part: Decimal, whole: Decimal) -> float:
    return round(float(part / whole * 100), 1) if whole else 0.0
