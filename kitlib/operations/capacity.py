"""What pods ask for, and what quotas, limit ranges and nodes have to give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from math import ceil
from typing import Any

from kitlib import quantity
from kitlib.cluster import Cluster

ZERO = Decimal(0)
Amounts = dict[str, Decimal]  # such as `requests.cpu` or `limits.memory` → cores or bytes
# The names under which a quota counts what pods ask for: kubernetes.io/docs/concepts/policy/resource-quotas.
_SHORT = {
    "cpu": "requests.cpu",
    "memory": "requests.memory",
    "ephemeral-storage": "requests.ephemeral-storage",
}
_PODS = ("pods", "count/pods")


def asked(pod_spec: Mapping[str, Any]) -> Amounts:
    """What a pod asks for, as the scheduler and quotas count it.

    The containers and the sidecars together, or an init container with the sidecars started before it,
    whichever is more; then the overhead: kubernetes.io/docs/concepts/workloads/pods/init-containers and
    …/sidecar-containers.
    """
    sidecars: Amounts = {}
    peak: Amounts = {}
    for item in pod_spec.get("initContainers") or []:
        own = _of(item)
        if item.get("restartPolicy") == "Always":
            sidecars = _sum(sidecars, own)
        else:
            peak = _most(peak, _sum(sidecars, own))
    total = sidecars
    for item in pod_spec.get("containers") or []:
        total = _sum(total, _of(item))
    overhead = {f"requests.{k}": amount(v) for k, v in (pod_spec.get("overhead") or {}).items()}
    return _sum(_most(total, peak), overhead)


def shortages(cluster: Cluster, more: Amounts, pods: int = 0) -> list[str]:
    """What the quotas of a namespace lack for more than there is now; empty when it fits.

    A quota with scopes counts only some pods, and is left to the API server.

    Args:
        cluster: bound to the namespace.
        more: what would be asked for in addition.
        pods: how many pods more.
    """
    found = []
    for quota in cluster.list("ResourceQuota"):
        if quota.at("spec.scopes") or quota.at("spec.scopeSelector"):
            continue
        hard = quota.at("status.hard") or quota.at("spec.hard", {})
        used = quota.at("status.used", {})
        for name, limit in hard.items():
            need = Decimal(pods) if name in _PODS else more.get(_SHORT.get(name, name), ZERO)
            if need > 0 and amount(used.get(name, 0)) + need > amount(limit):
                found.append(
                    f"quota {quota.name}: {name} {used.get(name, 0)} used of {limit}, {text(need)} more asked"
                )
    return found


def times(amounts: Amounts, count: int) -> Amounts:
    """What so many pods ask for together."""
    return {name: value * count for name, value in amounts.items()}


def ceiling(cluster: Cluster, resource: str) -> Decimal | None:
    """The most that the namespace's LimitRanges allow one container; None: they say nothing."""
    maxima = [
        amount(item["max"][resource])
        for found in cluster.list("LimitRange")
        for item in found.at("spec.limits", [])
        if item.get("type") == "Container" and resource in (item.get("max") or {})
    ]
    return min(maxima, default=None)


def binary(value: Decimal) -> str:
    """Bytes as whole Mi, rounded up: what a person reads and a manifest keeps."""
    mebi = Decimal(1024) ** 2
    return f"{ceil(value / mebi)}Mi"  # a Decimal's // cuts off, it does not round down


def _of(container: Mapping[str, Any]) -> Amounts:
    return dict(_pairs(container.get("resources") or {}))


def _pairs(resources: Mapping[str, Any]) -> Iterator[tuple[str, Decimal]]:
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    for name, value in limits.items():
        yield f"limits.{name}", amount(value)
    for name, value in {**limits, **requests}.items():  # a request that is not set is the limit
        yield f"requests.{name}", amount(value)


def amount(value: Any) -> Decimal:
    """A quantity as a number; 0 for none."""
    return quantity.parse(value) or ZERO


def _sum(one: Amounts, other: Amounts) -> Amounts:
    return {name: one.get(name, ZERO) + other.get(name, ZERO) for name in {**one, **other}}


def _most(one: Amounts, other: Amounts) -> Amounts:
    return {name: max(one.get(name, ZERO), other.get(name, ZERO)) for name in {**one, **other}}


def text(value: Decimal) -> str:
    """An amount for a person: bytes as Mi, others as they are."""
    return binary(value) if value >= 1024**2 else f"{value.normalize():f}"
