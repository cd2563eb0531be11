"""The pod network between several nodes of an offline kind cluster.

Our node image brings the plain ptp CNI plugin, which knows one node. With several, each node's plugin gets
that node's own pod range, and each node a route to every other node's range.
"""

from __future__ import annotations

import json
from pathlib import Path

from kitlib import tools
from kitlib.cluster.cluster import Cluster
from kitlib.cluster.resource import Resource
from kitlib.progress import stage

CONFIG_PATH = "/etc/cni/net.d/10-ptp.conflist"
POD_RANGE = "10.244.0.0/16"  # kind's default, of which each node gets a part
# What leaves for the outside gets the node's address. The plugin's own ipMasq would do so between pods of
# different nodes too, and then no NetworkPolicy could know where a packet comes from.
MASQUERADE = ["POSTROUTING", "-s", POD_RANGE, "!", "-d", POD_RANGE, "-j", "MASQUERADE"]


def connect(cluster: Cluster, nodes: list[str]) -> None:
    """Write each node's CNI configuration and routes; may be repeated, and must be after a restart.

    Args:
        cluster: the cluster, whose nodes need not be Ready.
        nodes: the nodes' names, which are their containers' names too.
    """
    with stage("connect the nodes' pod networks") as progress:
        found = [
            cluster.wait("Node", node, until=lambda n: bool(n.at("spec.podCIDR")), progress=progress)
            for node in nodes
        ]
        for node in found:
            text = json.dumps(_conflist(node.at("spec.podCIDR")))
            tools.run(["docker", "exec", "-i", node.name, "cp", "/dev/stdin", CONFIG_PATH], input=text)
            _masquerade(node.name)
            stray = ["unreachable", node.at("spec.podCIDR")]  # addresses of pods that are gone stay inside
            tools.run(["docker", "exec", node.name, "ip", "route", "replace", *stray])
            for other in found:
                if other.name != node.name:
                    route = [other.at("spec.podCIDR"), "via", _address(other)]
                    tools.run(["docker", "exec", node.name, "ip", "route", "replace", *route])


def _masquerade(node: str) -> None:
    rules: list[str | Path] = ["docker", "exec", node, "iptables", "-w", "-t", "nat"]
    if tools.run([*rules, "-C", *MASQUERADE], check=False).returncode != 0:
        tools.run([*rules, "-A", *MASQUERADE])


def _conflist(pod_range: str) -> dict[str, object]:
    ipam = {
        "type": "host-local",
        "ranges": [[{"subnet": pod_range}]],
        "routes": [{"dst": "0.0.0.0/0"}],
    }
    return {
        "cniVersion": "0.4.0",
        "name": "ptp",
        "plugins": [
            {"type": "ptp", "ipMasq": False, "mtu": 1500, "ipam": ipam},
            {"type": "portmap", "capabilities": {"portMappings": True}},
        ],
    }


def _address(node: Resource) -> str:
    return next(str(a["address"]) for a in node.at("status.addresses", []) if a["type"] == "InternalIP")
