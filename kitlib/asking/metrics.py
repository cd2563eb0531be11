"""What pods and nodes use now, from the metrics API, as numbers."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from kitlib import quantity
from kitlib.cluster import Cluster
from kitlib.errors import ApiError, ClusterError

PATH = "/apis/metrics.k8s.io/v1beta1"
ABSENT = (404, 503)  # no such API, or one whose server does not answer
MEBI = Decimal(1024**2)


@dataclass(frozen=True)
class Usage:
    """What a pod or a node uses.

    Args:
        namespace, name: of which; a node has no namespace.
        memory: bytes.
        cpu: cores.
    """

    namespace: str
    name: str
    memory: Decimal
    cpu: Decimal

    @property
    def shown(self) -> tuple[str, str]:
        """Memory and CPU as kubectl top writes them."""
        return f"{self.memory / MEBI:.0f}Mi", f"{self.cpu * 1000:.0f}m"


def pods(cluster: Cluster, namespace: str | None) -> list[Usage]:
    """What each pod uses, all its containers together; of all namespaces when none is given.

    Raises:
        ClusterError: the cluster has no metrics API; says what to do.
    """
    where = f"namespaces/{namespace}/" if namespace else ""
    return [
        _sum(item, (one["usage"] for one in item["containers"])) for item in _read(cluster, f"{where}pods")
    ]


def nodes(cluster: Cluster) -> list[Usage]:
    """What each node uses.

    Raises:
        ClusterError: the cluster has no metrics API; says what to do.
    """
    return [_sum(item, [item["usage"]]) for item in _read(cluster, "nodes")]


def _read(cluster: Cluster, what: str) -> list[dict[str, Any]]:
    try:
        return list(json.loads(cluster.api.raw("get", f"{PATH}/{what}").data)["items"])
    except ApiError as error:
        if error.status not in ABSENT:
            raise
        raise ClusterError(
            "this cluster has no metrics API, so nobody knows what pods use",
            fix="kit cluster addons enable metrics-server, on a cluster whose pods really run",
        ) from None


def _sum(item: dict[str, Any], used: Iterable[dict[str, str]]) -> Usage:
    memory = cpu = Decimal(0)
    for one in used:
        memory += quantity.parse(one.get("memory")) or Decimal(0)
        cpu += quantity.parse(one.get("cpu")) or Decimal(0)
    return Usage(item["metadata"].get("namespace", ""), item["metadata"]["name"], memory, cpu)
