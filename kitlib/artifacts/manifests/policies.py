"""NetworkPolicies: nothing is reachable but what the specification's `calls` and hosts name.

They take effect only with a network plugin that enforces them.
"""

from __future__ import annotations

from typing import Any

from kitlib.artifacts.manifests.component import STORE_PORTS, Component, Target, labels

DNS = {"kubernetes.io/metadata.name": "kube-system"}
CONTROLLER = {"kubernetes.io/metadata.name": "ingress-nginx"}
MONITORING = {"kubernetes.io/metadata.name": "monitoring"}


def network_policies(target: Target) -> list[dict[str, Any]]:
    """Deny everything, then allow DNS, the ingress controller, Prometheus, and each call by name."""
    everything: dict[str, Any] = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    lookup = {
        "podSelector": {},
        "policyTypes": ["Egress"],
        "egress": [
            {
                "to": [
                    {
                        "namespaceSelector": {"matchLabels": DNS},
                        "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
                    }
                ],
                "ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}],
            }
        ],
    }
    return [
        _policy(target, "default-deny", "", everything),
        _policy(target, "allow-dns", "", lookup),
        *(_policy(target, item.name, item.name, _component(item)) for item in target.components),
        *(_policy(target, store, store, _store(target, store)) for store in target.stores),
    ]


def watched(component: Component) -> bool:
    """Whether Prometheus reads its metrics."""
    infrastructure = component.target.app.infrastructure
    metrics = infrastructure.observability.metrics if infrastructure else ""
    return component.metrics_port is not None and "prometheus" in metrics.lower()


def _component(component: Component) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "podSelector": {"matchLabels": component.selector},
        "policyTypes": ["Ingress", "Egress"],
    }
    ingress, egress = _callers(component), _called(component)
    return spec | ({"ingress": ingress} if ingress else {}) | ({"egress": egress} if egress else {})


def _callers(component: Component) -> list[dict[str, Any]]:
    target, rules = component.target, []
    peers = [_pods(target, name) for name in target.callers(component.name)]
    if component.hosts:
        peers.append({"namespaceSelector": {"matchLabels": CONTROLLER}})
    if peers and component.http_port:
        rules.append({"from": peers, "ports": [_tcp(component.http_port)]})
    if watched(component) and component.metrics_port:
        watcher = {"namespaceSelector": {"matchLabels": MONITORING}}
        rules.append({"from": [watcher], "ports": [_tcp(component.metrics_port)]})
    return rules


def _called(component: Component) -> list[dict[str, Any]]:
    target = component.target
    ports = STORE_PORTS | {item.name: item.http_port for item in target.components if item.http_port}
    return [
        {"to": [_peer(target, name)], "ports": [_tcp(ports[name])]}
        for name in component.calls
        if name in ports
    ]


def _peer(target: Target, name: str) -> dict[str, Any]:
    """Pods; or for a backing service that somebody manages, the addresses of the network it is in."""
    if name not in STORE_PORTS or name in target.stores:
        return _pods(target, name)
    return {"ipBlock": {"cidr": cidr(target)}}


def cidr(target: Target) -> str:
    """The addresses of the network outside the cluster; without a specification of it, any."""
    infrastructure = target.app.infrastructure
    return str(infrastructure.networking.vpc_cidr) if infrastructure else "0.0.0.0/0"


def _store(target: Target, store: str) -> dict[str, Any]:
    return {
        "podSelector": {"matchLabels": labels(target.name, store)},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [
            {
                "from": [_pods(target, name) for name in target.callers(store)],
                "ports": [_tcp(STORE_PORTS[store])],
            }
        ],
    }


def _policy(target: Target, name: str, part: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": target.metadata(name, part),
        "spec": spec,
    }


def _pods(target: Target, name: str) -> dict[str, Any]:
    return {"podSelector": {"matchLabels": labels(target.name, name)}}


def _tcp(port: int) -> dict[str, Any]:
    return {"port": port, "protocol": "TCP"}
