"""The pod network between an offline cluster's nodes: what each node is told."""

from __future__ import annotations

import json

from kitlib.cluster import Resource
from kitlib.cluster.providers import kind_network
from kitlib.tools import Completed

NODES = {"n1": ("10.244.0.0/24", "172.18.0.2"), "n2": ("10.244.1.0/24", "172.18.0.3")}


class Two:
    """Two nodes, as the API server knows them."""

    def wait(self, kind, name, **_):
        pods, address = NODES[name]
        status = {"addresses": [{"type": "InternalIP", "address": address}]}
        return Resource(kind=kind, metadata={"name": name}, spec={"podCIDR": pods}, status=status)


def test_pods_keep_their_addresses_between_nodes_and_strays_stay_on_the_node(monkeypatch):
    ran, inputs = [], []

    def run(command, *, input=None, check=True, **_):
        ran.append(" ".join(command[command.index("exec") + 1 :]))
        if input:
            inputs.append(json.loads(input))
        return Completed(tuple(command), int(" -C " in ran[-1]), "", "", 0.0)

    monkeypatch.setattr(kind_network.tools, "run", run)
    kind_network.connect(Two(), list(NODES))
    assert not any(config["plugins"][0]["ipMasq"] for config in inputs)
    outside = "-s 10.244.0.0/16 ! -d 10.244.0.0/16 -j MASQUERADE"
    assert f"n1 iptables -w -t nat -A POSTROUTING {outside}" in ran
    assert "n1 ip route replace 10.244.1.0/24 via 172.18.0.3" in ran
    assert "n1 ip route replace unreachable 10.244.0.0/24" in ran
