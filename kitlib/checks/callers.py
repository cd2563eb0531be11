"""Who calls whom: the Services that a workload's variables name, and what NetworkPolicies let through."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kitlib.checks.references import environment
from kitlib.checks.selectors import container_ports, index, matches, near, selected
from kitlib.checks.targets import KubeObject, dig, mapping, sequence

PORTS = {
    "http": 80,
    "https": 443,
    "postgres": 5432,
    "postgresql": 5432,
    "mysql": 3306,
    "mongodb": 27017,
    "redis": 6379,
    "rediss": 6379,
    "amqp": 5672,
    "nats": 4222,
    "grpc": 443,
}
_URL = re.compile(r"\b([a-z][a-z0-9]*)(?:\+[a-z0-9]+)?://(?:[^\s/@]*@)?([a-z0-9][a-z0-9.-]*)(?::(\d{1,5}))?")
_HOST = re.compile(r"([a-z0-9][a-z0-9.-]*)(?::(\d{1,5}))?")
# Addresses that the container doesn't call: they go into a browser, or into a list of who may call it.
_NOT_CALLED = re.compile(r"CORS|ORIGIN|ALLOWED|^NEXT_PUBLIC_|^VITE_|^REACT_APP_")
_HOSTS = re.compile(r"(HOST|HOSTNAME|SERVER|ADDR|ADDRESS|URL|URI|BROKER|ENDPOINT)S?$")


@dataclass(frozen=True)
class Call:
    """A workload that will connect to a Service of its bundle, as a variable of it says.

    Args:
        caller: the workload.
        service: the Service.
        port: the Service's port that is called; None when neither the variable nor the Service tells.
        variable: the variable that names the Service.
        path: where the variable is set, in the caller.
    """

    caller: KubeObject
    service: KubeObject
    port: int | None
    variable: str
    path: tuple[str | int, ...]


def calls(item: KubeObject) -> list[Call]:
    """The calls of a workload, each Service and port once."""
    found: dict[tuple[str, int | None], Call] = {}
    for name, value, path in environment(item):
        if _NOT_CALLED.search(name.upper()):
            continue
        for host, port in _addresses(name, value):
            service = _service(item, host)
            if service is not None:
                ports = [dig(entry, ["port"]) for entry in sequence(service.get("spec", "ports"))]
                number = port or (ports[0] if len(ports) == 1 and isinstance(ports[0], int) else None)
                found.setdefault((service.name, number), Call(item, service, number, name, path))
    return list(found.values())


def target_port(call: Call, pod: KubeObject) -> int | None:
    """The port of a pod that a call arrives at; None when the Service doesn't tell."""
    for entry in map(mapping, sequence(call.service.get("spec", "ports"))):
        if entry.get("port") == call.port:
            wanted = entry.get("targetPort", entry.get("port"))
            if isinstance(wanted, int):
                return wanted
            return next((n for n, name in container_ports(pod).items() if name == wanted), None)
    return None


def policies(item: KubeObject, direction: str) -> list[KubeObject]:
    """The NetworkPolicies that isolate a workload's pods; `direction` is Ingress or Egress."""
    found = []
    for policy in item.bundle.of("NetworkPolicy"):
        if isolates(policy, direction) and item in selected(policy, policy.get("spec", "podSelector")):
            found.append(policy)
    return found


def isolates(policy: KubeObject, direction: str) -> bool:
    """Whether a policy denies what it doesn't name."""
    types = sequence(policy.get("spec", "policyTypes"))  # without: Ingress always, Egress if it has rules
    return direction in types if types else direction == "Ingress" or "egress" in mapping(policy.get("spec"))


def allows(
    policy: KubeObject, direction: str, peer: KubeObject, port: int | None, target: KubeObject
) -> bool:
    """Whether a policy lets a connection through.

    Args:
        policy: the policy.
        direction: Ingress when it protects the target, Egress when it holds the caller.
        peer: the workload at the other end.
        port: the target's port; None: any will do.
        target: the workload that is called, whose named ports count.
    """
    for entry in map(mapping, sequence(policy.get("spec", direction.lower()))):
        peers = sequence(entry.get("from" if direction == "Ingress" else "to"))
        if peers and not any(_is_peer(policy, mapping(one), peer) for one in peers):
            continue
        ports = sequence(entry.get("ports"))
        if not ports or port is None or any(_is_port(mapping(one), port, target) for one in ports):
            return True
    return False


def allows_dns(policy: KubeObject) -> bool:
    """Whether a policy lets queries through to the cluster's DNS, which is in another namespace."""
    for entry in map(mapping, sequence(policy.get("spec", "egress"))):
        ports = [mapping(one) for one in sequence(entry.get("ports"))]
        # Without a protocol a port means TCP, and a resolver asks by UDP first.
        if ports and not any(_is_dns(port) and port.get("protocol") == "UDP" for port in ports):
            continue
        peers = [mapping(one) for one in sequence(entry.get("to"))]
        if not peers or any("ipBlock" in peer or "namespaceSelector" in peer for peer in peers):
            return True
    return False


def _is_dns(port: Mapping[str, Any]) -> bool:
    number, end = port.get("port", 53), port.get("endPort")
    if isinstance(number, int):
        return number <= 53 <= (end if isinstance(end, int) else number)
    return "dns" in str(number)


def _addresses(name: str, value: str) -> Iterator[tuple[str, int | None]]:
    urls = list(_URL.finditer(value))
    for found in urls:
        yield found[2], int(found[3]) if found[3] else PORTS.get(found[1])
    whole = _HOST.fullmatch(value)
    if not urls and whole and (whole[2] or _HOSTS.search(name.upper())):
        yield whole[1], int(whole[2]) if whole[2] else None


def _service(item: KubeObject, host: str) -> KubeObject | None:
    """The Service that a host name means inside the cluster."""
    name, _, rest = host.partition(".")
    parts = rest.removesuffix(".").split(".") if rest else []
    if len(parts) > 1 and parts[1:] not in (["svc"], ["svc", "cluster", "local"]):
        return None
    for service in index(item.bundle).named.get(("Service", name), ()):
        if service.namespace == parts[0] if parts else near(service, item):
            return service
    return None


def _is_peer(policy: KubeObject, peer: Mapping[str, Any], item: KubeObject) -> bool:
    if "ipBlock" in peer:
        return True  # which addresses pods get isn't known from files
    if "namespaceSelector" in peer:
        if not _in_namespace(policy, peer["namespaceSelector"], item):
            return False
    elif not near(policy, item):
        return False
    return "podSelector" not in peer or matches(peer["podSelector"], item.pod_labels)


def _in_namespace(policy: KubeObject, selector: Any, item: KubeObject) -> bool:
    namespace = policy.bundle.find("Namespace", item.namespace) if item.namespace else None
    labels = {"kubernetes.io/metadata.name": item.namespace}
    if namespace is not None:
        return matches(selector, {**mapping(namespace.get("metadata", "labels")), **labels})
    known = {"matchLabels": {k: v for k, v in mapping(dig(selector, ["matchLabels"])).items() if k in labels}}
    return not item.namespace or matches(known, labels)


def _is_port(entry: Mapping[str, Any], port: int, target: KubeObject) -> bool:
    wanted, end = entry.get("port"), entry.get("endPort")
    if entry.get("protocol", "TCP") != "TCP":
        return False
    if isinstance(wanted, int):
        return wanted <= port <= (end if isinstance(end, int) else wanted)
    return wanted is None or container_ports(target).get(port) == wanted
