"""Fake nodes: objects that kwok keeps Ready, and whose pods it calls Running; nothing runs on them."""

from __future__ import annotations

from typing import Any

from kitlib.cluster.cluster import Cluster
from kitlib.progress import Stage


def add_nodes(cluster: Cluster, count: int, progress: Stage | None = None) -> None:
    """Have at least `count` fake nodes, `fake-1` and so on, and wait until they are Ready."""
    nodes = [_node(f"fake-{number}") for number in range(1, count + 1)]
    cluster.apply(nodes)
    for node in nodes:
        cluster.wait("Node", node["metadata"]["name"], timeout=60, progress=progress)


def _node(name: str) -> dict[str, Any]:
    room = {"cpu": "32", "memory": "256Gi", "pods": "1000"}
    labels = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "type": "kwok"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels, "annotations": {"kwok.x-k8s.io/node": "fake"}},
        "status": {"allocatable": room, "capacity": room},
    }
