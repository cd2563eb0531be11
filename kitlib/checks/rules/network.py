"""NetworkPolicies, against the pods they are for and against who calls whom."""

from __future__ import annotations

from collections.abc import Iterator

from kitlib.checks.callers import Call, allows, allows_dns, calls, policies, target_port
from kitlib.checks.rule import Hit, rule
from kitlib.checks.selectors import behind, near, pods, selected
from kitlib.checks.targets import Bundle, KubeObject, dig, mapping, sequence

_POLICY = "https://kubernetes.io/docs/concepts/services-networking/network-policies/"
_DNS = (
    "- to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}, "
    "podSelector: {matchLabels: {k8s-app: kube-dns}}}]\n"
    "  ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]   # under egress:"
)


@rule(
    "bundle",
    "policy-dns",
    "error",
    "A NetworkPolicy cuts pods off from DNS",
    why="Once a policy limits egress, queries for names are denied too unless one allows them: nothing is "
    "found by its name any more.",
    source=f"{_POLICY}#default-deny-all-egress-traffic",
)
def policy_dns(bundle: Bundle) -> Iterator[Hit]:
    reported: set[int] = set()
    for item in pods(bundle):
        held = policies(item, "Egress")
        if not held or any(allows_dns(policy) for policy in held):
            continue
        wide = [policy for policy in held if not mapping(policy.get("spec", "podSelector"))]
        # A store that calls nobody may be held without DNS; a policy for all pods means the others too.
        if calls(item) or any(_reaches_pods(policy) for policy in held) or len(wide) == len(held):
            policy = next((one for one in held if "53" in str(one.get("spec", "egress"))), held[0])
            if id(policy) not in reported:
                reported.add(id(policy))
                key = "egress" if policy.get("spec", "egress") is not None else "policyTypes"
                found = f"{policy.name} limits egress of {item.kind} {item.name}, nothing allows UDP 53"
                yield Hit(policy.at("spec", key), found, "egress to kube-dns, port 53 of UDP and TCP", _DNS)


def _reaches_pods(policy: KubeObject) -> bool:
    for entry in map(mapping, sequence(policy.get("spec", "egress"))):
        if any("podSelector" in mapping(peer) for peer in sequence(entry.get("to"))):
            return True
    return False


@rule(
    "object",
    "policy-selects-nothing",
    "warning",
    "A NetworkPolicy is for pods that are not there",
    why="No pods of the objects applied here carry its labels: it protects nothing.",
    source=_POLICY,
)
def policy_selects_nothing(item: KubeObject) -> Iterator[Hit]:
    if item.kind != "NetworkPolicy" or item.bundle.origin == "live":
        return
    selector = item.get("spec", "podSelector")
    known = list(pods(item.bundle, item))
    if known and mapping(selector) and not selected(item, selector):
        labels = ", ".join(f"{key}: {value}" for key, value in known[0].pod_labels.items())
        found = f"podSelector {dict(mapping(dig(selector, ['matchLabels'])))}"
        yield Hit(item.at("spec", "podSelector"), found, "labels of pods", f"matchLabels: {{{labels}}}")


@rule(
    "bundle",
    "policy-blocks-caller",
    "error",
    "A NetworkPolicy blocks a connection that the application needs",
    why="A workload's variable names a Service, and a policy of the same bundle denies the connection: it "
    "times out.",
    source=_POLICY,
)
def policy_blocks_caller(bundle: Bundle) -> Iterator[Hit]:
    if not any(True for _ in bundle.of("NetworkPolicy")):
        return
    for caller in pods(bundle):
        for call in calls(caller):
            for target in behind(call.service):
                yield from _blocked(call, target)


def _blocked(call: Call, target: KubeObject) -> Iterator[Hit]:
    caller, port = call.caller, target_port(call, target)
    what = f"{caller.kind} {caller.name} calls {call.service.name}:{call.port or '?'} ({call.variable})"
    if target is caller:
        return
    held = sorted(policies(caller, "Egress"), key=_width)
    if held and not any(allows(policy, "Egress", target, port, target) for policy in held):
        who = f"podSelector: {_labels(target)}"
        fix = f"- to: [{{{who}}}]\n  ports: [{{port: {port or '…'}}}]   # under egress:"
        yield Hit(held[0].at("spec", "egress"), f"{what}; {held[0].name} denies it", "egress to it", fix)
    guarding = sorted(policies(target, "Ingress"), key=_width)
    if guarding and not any(allows(policy, "Ingress", caller, port, target) for policy in guarding):
        away = "" if near(caller, target) else "namespaceSelector: {…}, "
        who = f"{away}podSelector: {_labels(caller)}"
        fix = f"- from: [{{{who}}}]\n  ports: [{{port: {port or '…'}}}]   # under ingress:"
        where, found = guarding[0].at("spec", "ingress"), f"{what}; {guarding[0].name} denies it"
        yield Hit(where, found, "ingress from it", fix)


def _width(policy: KubeObject) -> int:
    """Sorts the policy first that is meant for these pods: the one with the most labels."""
    return -len(mapping(policy.get("spec", "podSelector", "matchLabels")))


def _labels(item: KubeObject) -> str:
    return "{matchLabels: {" + ", ".join(f"{key}: {value}" for key, value in item.pod_labels.items()) + "}}"
