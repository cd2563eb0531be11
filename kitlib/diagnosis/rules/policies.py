"""NetworkPolicies that keep apart what is told to talk: only where a caller really has trouble."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Any

from kitlib.checks.selectors import matches
from kitlib.cluster.resource import Resource, pod_ready
from kitlib.diagnosis.calling import Call, calls
from kitlib.diagnosis.cause import Cause, Scan
from kitlib.diagnosis.rules.services import behind, target_port
from kitlib.diagnosis.scan import ref
from kitlib.diagnosis.templates import declared_ports, kubectl
from kitlib.findings import Finding, Fix, Quote

_DOCS = "kubernetes.io/docs/concepts/services-networking/network-policies"
# What a blocked connection looks like: packets are dropped (no answer) or refused, by the plugin's choice.
_BLOCKED = re.compile(
    r"timed? ?out|timeout|refused|unreachable|no route to host|deadline exceeded|temporary failure in name|"
    r"name resolution|EAI_AGAIN|i/o timeout",
    re.IGNORECASE,
)
DNS_PORT = 53


def blocked(scan: Scan) -> Iterator[Cause]:
    """Calls that a policy does not let through, of workloads that are not well or say so in their log."""
    if not scan.of("NetworkPolicy"):
        return
    for workload in scan.workloads():
        pods = [pod for pod in scan.pods_of(workload) if not pod["metadata"].get("deletionTimestamp")]
        said = _said(scan, pods)
        if not pods or not (said or any(not pod_ready(pod) for pod in pods)):
            continue
        yield from _dns(scan, workload, pods[0], said)
        for call in calls(scan, workload):
            yield from _call(scan, call, pods[0], said)


def _call(scan: Scan, call: Call, caller: Resource, said: list[Quote]) -> Iterator[Cause]:
    targets = behind(scan, call.service)
    if not targets:
        return
    port = target_port(call.service, call.port, targets[0]) if call.port else None
    for pod, peer, direction in ((targets[0], caller, "Ingress"), (caller, targets[0], "Egress")):
        isolating = isolating_policies(scan, pod, direction)
        if isolating and not any(_allows(scan, p, direction, peer, port, targets[0]) for p in isolating):
            yield Cause(_finding(call, isolating, direction, caller, port, said), affects=(ref(call.caller),))
            return


def _dns(scan: Scan, workload: Resource, pod: Resource, said: list[Quote]) -> Iterator[Cause]:
    isolating = isolating_policies(scan, pod, "Egress")
    unresolved = [
        quote for quote in said if re.search(r"name resolution|EAI_AGAIN|resolv|lookup", quote.text)
    ]
    if not isolating or not unresolved or any(_allows_dns(policy) for policy in isolating):
        return
    policy = isolating[0]
    finding = Finding(
        "error",
        "policy-blocks-dns",
        f"NetworkPolicy {policy.name} keeps {workload.name} from asking the cluster's DNS",
        ref(policy),
        found=f"egress rules without port {DNS_PORT}",
        expected=f"egress to kube-dns in kube-system, UDP and TCP port {DNS_PORT}",
        why=f"who isolates egress has to allow name resolution, too ({_DOCS})",
        fix=Fix("allow DNS", command=f"kubectl edit {kubectl(policy)}"),
        evidence=tuple(unresolved[:2]),
        field="spec.egress",
    )
    yield Cause(finding, affects=(ref(workload),))


def isolating_policies(scan: Scan, pod: Resource, direction: str) -> list[Resource]:
    """The policies that isolate a pod in a direction, Ingress or Egress."""
    return [
        policy
        for policy in scan.of("NetworkPolicy", pod.namespace)
        if direction in _types(policy) and matches(policy.at("spec.podSelector", {}), pod.labels)
    ]


def _types(policy: Resource) -> list[str]:
    return policy.at("spec.policyTypes") or ["Ingress", *(["Egress"] if policy.at("spec.egress") else [])]


def _allows(
    scan: Scan, policy: Resource, direction: str, peer: Resource, port: int | None, target: Resource
) -> bool:
    for rule in policy.at(f"spec.{direction.lower()}", []):
        peers = rule.get("from" if direction == "Ingress" else "to") or []
        if peers and not any(_is_peer(scan, policy, one, peer) for one in peers):
            continue
        ports = rule.get("ports") or []
        if not ports or port is None or any(_is_port(one, port, target) for one in ports):
            return True
    return False


def _is_peer(scan: Scan, policy: Resource, peer: dict[str, Any], pod: Resource) -> bool:
    if block := peer.get("ipBlock"):
        return _in_block(block, pod.at("status.podIP", ""))
    if "namespaceSelector" in peer:
        namespace = scan.find("Namespace", pod.namespace)
        labels = {"kubernetes.io/metadata.name": pod.namespace} | (namespace.labels if namespace else {})
        if not matches(peer["namespaceSelector"] or {}, labels):
            return False
    elif pod.namespace != policy.namespace:
        return False
    return "podSelector" not in peer or matches(peer["podSelector"] or {}, pod.labels)


def _in_block(block: dict[str, Any], address: str) -> bool:
    if not address:
        return True  # it has none yet; whether it will be inside can't be told
    ip = ipaddress.ip_address(address)
    inside = ip in ipaddress.ip_network(block["cidr"], strict=False)
    return inside and not any(ip in ipaddress.ip_network(e, strict=False) for e in block.get("except") or ())


def _is_port(entry: dict[str, Any], port: int, target: Resource) -> bool:
    wanted, end = entry.get("port"), entry.get("endPort")
    if entry.get("protocol", "TCP") != "TCP":
        return False
    if isinstance(wanted, int):
        return wanted <= port <= (end or wanted)
    return wanted is None or declared_ports(target.get("spec") or {}).get(port) == wanted


def _allows_dns(policy: Resource) -> bool:
    for rule in policy.at("spec.egress", []):
        ports = rule.get("ports") or []
        udp = [p for p in ports if p.get("protocol") == "UDP" and p.get("port") in (DNS_PORT, "dns", None)]
        peers = rule.get("to") or []
        if (udp or not ports) and (
            not peers or any({"ipBlock", "namespaceSelector"} & one.keys() for one in peers)
        ):
            return True
    return False


def _finding(
    call: Call,
    isolating: list[Resource],
    direction: str,
    caller: Resource,
    port: int | None,
    said: list[Quote],
) -> Finding:
    policy = isolating[0]
    labels = ", ".join(f"{k}={v}" for k, v in sorted(caller.labels.items()) if k != "pod-template-hash")
    rules = policy.at(f"spec.{direction.lower()}", [])
    what = f"{call.caller.kind} {call.caller.name} to Service {call.service.name}"
    variable = call.address.variable.name
    return Finding(
        "error",
        "policy-blocks",
        f"NetworkPolicy {policy.name} lets no traffic through from {what}",
        ref(policy),
        found=f"{direction.lower()} rules, none of which fits ({len(rules)})"
        if rules
        else f"no {direction.lower()} rule",
        expected=f"a rule that admits pods with {labels} on port {port or 'of the Service'}"
        if direction == "Ingress"
        else f"a rule that lets them reach Service {call.service.name}, port {port or 'any'}",
        why=f"a pod that a policy selects gets only what some policy allows ({_DOCS})",
        fix=Fix("add that rule, if the call is meant to be", command=f"kubectl edit {kubectl(policy)}"),
        evidence=(*said[:2], Quote(f"variable {variable} names {call.address.host}", str(ref(call.caller)))),
        field=f"spec.{direction.lower()}",
    )


def _said(scan: Scan, pods: list[Resource]) -> list[Quote]:
    names = {(pod.namespace, pod.name) for pod in pods}
    lines = [
        Quote(line.strip()[:300], log.source)
        for log in scan.logs
        if (log.namespace, log.pod) in names
        for line in log.text.splitlines()
        if _BLOCKED.search(line)
    ]
    return list(dict.fromkeys(lines))[-4:]
