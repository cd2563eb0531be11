"""Why a node would not take a pod: the scheduler's own filters, asked of each node and told in words.

Sources: kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node and …/taint-and-toleration. What
other pods already use is the scheduler's to say: it is in the pod's condition.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from kitlib.cluster import Resource
from kitlib.operations import capacity

Spec = Mapping[str, Any]


def refusals(node: Resource, spec: Spec) -> list[str]:
    """Why a node would not take a pod of this spec even if it were empty; nothing: it would."""
    return [
        *_state(node),
        *_taints(node, spec),
        *_selector(node, spec),
        *_affinity(node, spec),
        *_size(node, spec),
    ]


def table(nodes: list[Resource], spec: Spec) -> str:
    """One line for each node: what it refuses a pod for."""
    lines = [
        f"{node.name}: {'; '.join(refusals(node, spec)) or 'would take it if it had room'}" for node in nodes
    ]
    return "\n".join(lines) or "the cluster has no node"


def nearest(nodes: list[Resource], spec: Spec) -> str:
    """The label that a node selector probably meant; empty when none is near."""
    for key, value in (spec.get("nodeSelector") or {}).items():
        values = {node.labels.get(key, "") for node in nodes} - {""}
        if value not in values and (near := get_close_matches(str(value), sorted(values), n=1)):
            return f"{key}={near[0]} is a label that a node has; the pod asks for {key}={value}"
        keys = {name for node in nodes for name in node.labels}
        if not values and (near := get_close_matches(key, sorted(keys), n=1)):
            return f"{near[0]} is a label's name that nodes have; the pod asks for {key}"
    return ""


def _state(node: Resource) -> Iterator[str]:
    ready = [c["status"] for c in node.at("status.conditions", []) if c["type"] == "Ready"]
    if ready != ["True"]:
        yield "not ready"
    if node.at("spec.unschedulable"):
        yield "cordoned"


def _taints(node: Resource, spec: Spec) -> Iterator[str]:
    for taint in node.at("spec.taints", []):
        cordon = taint["key"] == "node.kubernetes.io/unschedulable"  # told already
        hard = taint["effect"] in ("NoSchedule", "NoExecute")
        if hard and not cordon and not any(_tolerates(one, taint) for one in spec.get("tolerations") or []):
            value = f"={taint['value']}" if taint.get("value") else ""
            yield f"taint {taint['key']}{value}:{taint['effect']} is not tolerated"


def _tolerates(toleration: Spec, taint: Spec) -> bool:
    if toleration.get("effect") not in (None, "", taint["effect"]):
        return False
    if toleration.get("operator", "Equal") == "Exists":
        return toleration.get("key") in (None, "", taint["key"])
    return (toleration.get("key"), toleration.get("value", "")) == (taint["key"], taint.get("value", ""))


def _selector(node: Resource, spec: Spec) -> Iterator[str]:
    for key, value in (spec.get("nodeSelector") or {}).items():
        found = node.labels.get(key)
        if found != value:
            yield f"label {key} is {found or 'not set'}, asked is {value}"


def _affinity(node: Resource, spec: Spec) -> Iterator[str]:
    required = ((spec.get("affinity") or {}).get("nodeAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    )
    terms = (required or {}).get("nodeSelectorTerms") or []
    if terms and not any(_matches(node, term) for term in terms):
        yield "its required node affinity does not hold"


def _matches(node: Resource, term: Spec) -> bool:
    fields = {"metadata.name": node.name}
    wanted = [(item, node.labels) for item in term.get("matchExpressions") or []]
    wanted += [(item, fields) for item in term.get("matchFields") or []]
    return bool(wanted) and all(_holds(item, labels.get(item["key"])) for item, labels in wanted)


def _holds(item: Spec, found: str | None) -> bool:
    values = item.get("values") or []
    match item["operator"]:
        case "In":
            return found in values
        case "NotIn":
            return found not in values
        case "Exists":
            return found is not None
        case "DoesNotExist":
            return found is None
        case "Gt" | "Lt" as operator if found and found.lstrip("-").isdigit():
            return int(found) > int(values[0]) if operator == "Gt" else int(found) < int(values[0])
    return False


def _size(node: Resource, spec: Spec) -> Iterator[str]:
    has = node.at("status.allocatable", {})
    for name, need in capacity.asked(spec).items():
        group, _, resource = name.partition(".")
        room = capacity.amount(has.get(resource))
        if group == "requests" and need > room:
            yield f"asks for {capacity.text(need)} {resource}, the node has {capacity.text(room)} in all"
