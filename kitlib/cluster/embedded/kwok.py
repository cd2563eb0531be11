"""Fake nodes: objects that kwok keeps Ready, and whose pods it calls Running; nothing runs on them."""

from __future__ import annotations

from typing import Any

from kitlib.cluster.cluster import Cluster
from kitlib.errors import UsageError


def add_nodes(cluster: Cluster, count: int) -> None:
    """Have at least `count` fake nodes, `fake-1` and so on, and wait until they are Ready.

    Raises:
        WaitTimeout: kwok does not make one Ready.
    """
    nodes = [_node(f"fake-{number}") for number in range(1, count + 1)]
    cluster.apply(nodes)
    for node in nodes:
        cluster.wait("Node", node["metadata"]["name"], timeout=60)


def require_nodes(cluster: Cluster, count: int) -> None:
    """Refuse another number of nodes than a running cluster has.

    Raises:
        UsageError: says how many it has.
    """
    found = len(cluster.list("Node"))
    if found != count:
        raise UsageError(f"the cluster has {found} fake nodes, not {count}", fix="kit cluster down")


def _node(name: str) -> dict[str, Any]:
    labels = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "type": "kwok"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels, "annotations": {"kwok.x-k8s.io/node": "fake"}},
    }
