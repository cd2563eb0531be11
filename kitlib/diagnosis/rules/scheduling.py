"""Pods that no node takes: the scheduler's reasons, held against the nodes as they are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from kitlib import quantity
from kitlib.cluster.resource import Resource
from kitlib.diagnosis.cause import Cause, Scan, Strength
from kitlib.diagnosis.evidence import Evidence
from kitlib.diagnosis.taints import strict_taints, tolerated
from kitlib.diagnosis.templates import container_path, kubectl, pod_path
from kitlib.findings import Finding, Fix, Quote, Ref

_DOCS = "kubernetes.io/docs/concepts/scheduling-eviction"
_COUNTED = re.compile(r"(\d+) (.+)")
_TAINT = re.compile(r"untolerated taint(?:\(s\))? \{([^:}]+)(?:: ?([^}]*))?\}")
# Taints that the node controller sets itself: they tell that the node is ill, not that the pod is wrong.
_ILL = re.compile(
    r"node\.kubernetes\.io/(not-ready|unreachable|\w+-pressure|network-unavailable)|node\.cloudprovider"
)
_CONTROL_PLANE = "node-role.kubernetes.io/control-plane"


def unschedulable(evidence: Evidence) -> list[Cause]:
    """No node takes the workload's pods."""
    for pod in evidence.pods:
        message = waiting_message(pod)
        if message:
            return [_cause(evidence, pod, message)]  # the pods of one template wait for one reason
    return []


def waiting_message(pod: Resource) -> str:
    """Why the scheduler has no node for a pod; empty when it does not say."""
    for condition in pod.at("status.conditions", []):
        if condition["type"] == "PodScheduled" and condition.get("reason") == "Unschedulable":
            return str(condition.get("message") or "no reason given")
    return ""


def reasons(message: str) -> list[tuple[int, str]]:
    """How many nodes give which reason, most first.

    Labels come late: where some node has them, it is what that node lacks that counts. Control planes come
    last, as nobody means those.

    The text is built by k8s.io/kubernetes/pkg/scheduler/framework/types.go, FitError.Error.
    """
    body = message.partition("available: ")[2] or message
    body = body.partition(" preemption: ")[0].partition(". ")[0].rstrip(".")
    found = []
    for part in re.split(r", (?=\d+ )", body):
        counted = _COUNTED.match(part)
        found.append((int(counted[1]), counted[2]) if counted else (0, part))
    return sorted(found, key=_order)


def _order(reason: tuple[int, str]) -> tuple[bool, bool, int]:
    count, text = reason
    return _CONTROL_PLANE in text, "affinity/selector" in text, -count


def _cause(evidence: Evidence, pod: Resource, message: str) -> Cause:
    # Without the nodes, which a runbook may not be allowed to read, only the scheduler's words are known.
    for _, reason in reasons(message) if evidence.scan.of("Node") else ():
        finding = _explained(evidence, pod, reason, message)
        if finding:
            blames = (finding.object,) if isinstance(finding.object, Ref) else ()
            return Cause(finding, (evidence.ref,), tuple(ref for ref in blames if ref != evidence.ref))
    return Cause(_plain(evidence, pod, message), (evidence.ref,), strength=Strength.WEAK)


def _explained(evidence: Evidence, pod: Resource, reason: str, message: str) -> Finding | None:
    if reason.startswith("Insufficient "):
        return _insufficient(evidence, pod, reason.removeprefix("Insufficient ").strip(), message)
    if match := _TAINT.search(reason):
        return _tainted(evidence, pod, match[1], (match[2] or "").strip(), message)
    if "untolerated taint" in reason and (taint := _untolerated(evidence.scan, pod)):
        return _tainted(evidence, pod, taint["key"], taint.get("value", ""), message)
    if "were unschedulable" in reason:
        return _cordoned(evidence, pod, message)
    if "node affinity/selector" in reason or "node selector" in reason:
        return _selector(evidence, pod, message)
    if "anti-affinity" in reason:
        expected = "as many nodes as replicas, or a preference instead of a requirement"
        return _of_pod(
            evidence,
            pod,
            "anti-affinity",
            "affinity.podAntiAffinity",
            message,
            "required on every node",
            expected,
        )
    if "pod affinity" in reason:
        expected = "a node that runs the pods it wants to be near"
        return _of_pod(
            evidence, pod, "pod-affinity", "affinity.podAffinity", message, "met by no node", expected
        )
    if "topology spread" in reason:
        expected = "a spread that the nodes allow, or ScheduleAnyway"
        return _of_pod(
            evidence, pod, "topology-spread", "topologySpreadConstraints", message, "met by no node", expected
        )
    if "free ports" in reason:
        return _host_port(evidence, pod, message)
    return None


def _insufficient(evidence: Evidence, pod: Resource, resource: str, message: str) -> Finding:
    largest = _largest(evidence.scan, resource)
    wanted = _requested(pod, resource)
    asking = max(wanted, key=lambda name: wanted[name][0], default="")
    shown = wanted[asking][1] if asking else "?"
    total = sum(number for number, _ in wanted.values())
    field = container_path(evidence.workload, asking, f"resources.requests.{resource}") if asking else ""
    if largest is None or total > largest[0]:
        has = f"at most {largest[1]}, which the largest node can give" if largest else "no node has any"
        return _finding(
            evidence,
            pod,
            "request-too-large",
            f"no node is large enough: {resource}",
            field,
            shown,
            has,
            message,
        )
    if _preempted(evidence):
        name = pod.at("spec.priorityClassName", "") or f"priority {pod.at('spec.priority', 0)}"
        path = f"{pod_path(evidence.workload)}.priorityClassName"
        expected = "a priority above those that took its place, or room for both"
        return _finding(
            evidence,
            pod,
            "preempted",
            "its pods gave way to more important ones",
            path,
            name,
            expected,
            message,
        )
    expected = f"{resource} that is free on a node; all of it is requested by other pods"
    return _finding(evidence, pod, "no-room", f"no node has {resource} left", field, shown, expected, message)


def _untolerated(scan: Scan, pod: Resource) -> dict[str, Any] | None:
    """The taint that keeps the pod off a node whose labels it asks for; newer schedulers only count them."""
    wanted: dict[str, str] = pod.at("spec.nodeSelector", {})
    fitting = [node for node in scan.of("Node") if wanted.items() <= node.labels.items()]
    taints = [taint for node in fitting for taint in strict_taints(node)]
    mine = [taint for taint in taints if not tolerated(taint, pod.at("spec.tolerations", []))]
    return min(mine, key=lambda taint: taint["key"] == _CONTROL_PLANE, default=None)


def _tainted(evidence: Evidence, pod: Resource, key: str, value: str, message: str) -> Finding | None:
    holders = [n for n in evidence.scan.of("Node") if any(t["key"] == key for t in n.at("spec.taints", []))]
    if key == "node.kubernetes.io/unschedulable":
        return _cordoned(evidence, pod, message)
    if _ILL.match(key):
        ill = [node for node in holders if not _ready(node)] or holders
        return _node(ill[0], pod, message, key) if ill else None
    if key == _CONTROL_PLANE and len(evidence.scan.of("Node")) > len(holders):
        return None
    taint = f"{key}={value}" if value else key
    path = f"{pod_path(evidence.workload)}.tolerations"
    return _finding(
        evidence,
        pod,
        "taint-untolerated",
        f"the nodes have a taint that the pods don't tolerate: {taint}",
        path,
        _tolerations(pod) or "no toleration of it",
        f"a toleration of {taint}, or nodes without it",
        message,
    )


def _cordoned(evidence: Evidence, pod: Resource, message: str) -> Finding | None:
    closed = [node for node in evidence.scan.of("Node") if node.at("spec.unschedulable")]
    if not closed:
        return None
    node = closed[0]
    names = ", ".join(item.name for item in closed)
    return Finding(
        "error",
        "node-cordoned",
        f"{names} takes no new pods: it is cordoned",
        Ref("Node", node.name),
        found="spec.unschedulable: true",
        expected="a node that is open to pods",
        why=f"a cordoned node keeps its pods and gets no new ones ({_DOCS})",
        fix=Fix("open it again once its maintenance is over", command=f"kubectl uncordon {node.name}"),
        evidence=(Quote(message, f"condition PodScheduled of {pod.name}"),),
        field="spec.unschedulable",
    )


def _node(node: Resource, pod: Resource, message: str, key: str) -> Finding:
    return Finding(
        "error",
        "node-not-ready" if "not-ready" in key or "unreachable" in key else "node-pressure",
        f"node {node.name} is {key.rpartition('/')[2]}",
        Ref("Node", node.name),
        found=f"taint {key}",
        expected="a node that is Ready and under no pressure",
        why=f"the node controller keeps pods away from a node that is ill ({_DOCS}/taint-and-toleration)",
        evidence=(Quote(message, f"condition PodScheduled of {pod.name}"),),
        field="status.conditions",
    )


def _selector(evidence: Evidence, pod: Resource, message: str) -> Finding:
    selector: dict[str, str] = pod.at("spec.nodeSelector", {})
    nodes = evidence.scan.of("Node")
    path = pod_path(evidence.workload)
    for key, value in selector.items():
        values = sorted({node.labels[key] for node in nodes if key in node.labels})
        if value not in values:
            keys = sorted({k for node in nodes for k in node.labels})
            near = get_close_matches(value, values, n=1) or values or get_close_matches(key, keys, n=1)
            expected = f"{key}={near[0]}" if values else "a label that some node has"
            if not values and near:
                expected += f", such as {near[0]}"
            return _finding(
                evidence,
                pod,
                "node-selector",
                f"no node has the label {key}={value}",
                f"{path}.nodeSelector",
                f"{key}={value}",
                expected,
                message,
            )
    if selector and not pod.at("spec.affinity.nodeAffinity"):
        field, shown = f"{path}.nodeSelector", ", ".join(f"{k}={v}" for k, v in selector.items())
    else:
        field, shown = f"{path}.affinity.nodeAffinity", "a required term that no node meets"
    return _finding(
        evidence,
        pod,
        "node-affinity",
        "no node meets the pods' node affinity",
        field,
        shown,
        "terms that a node meets",
        message,
    )


def _host_port(evidence: Evidence, pod: Resource, message: str) -> Finding:
    for item in pod.at("spec.containers", []):
        for port in item.get("ports") or ():
            if number := port.get("hostPort"):
                field = container_path(evidence.workload, item["name"], "ports")
                expected = "a port that is free on a node, or a Service instead of a host port"
                return _finding(
                    evidence,
                    pod,
                    "host-port",
                    f"host port {number} is taken on every node",
                    field,
                    f"hostPort {number}",
                    expected,
                    message,
                )
    return _plain(evidence, pod, message)


def _of_pod(
    evidence: Evidence, pod: Resource, rule: str, field: str, message: str, found: str, expected: str
) -> Finding:
    path = f"{pod_path(evidence.workload)}.{field}"
    return _finding(evidence, pod, rule, f"no node meets the pods' {field}", path, found, expected, message)


def _plain(evidence: Evidence, pod: Resource, message: str) -> Finding:
    expected = "a node that meets the pod's requests, selectors, affinities and tolerations"
    path = pod_path(evidence.workload)
    finding = _finding(
        evidence, pod, "unschedulable", "no node takes the pod", path, message, expected, message
    )
    look = f"kubectl -n {pod.namespace} describe pod {pod.name}"
    return replace(finding, fix=Fix("lower what it asks for, or give the cluster such a node", command=look))


def _finding(
    evidence: Evidence,
    pod: Resource,
    rule: str,
    title: str,
    field: str,
    found: str,
    expected: str,
    message: str,
) -> Finding:
    return Finding(
        "error",
        rule,
        title,
        evidence.ref,
        found=found,
        expected=expected,
        why=f"the scheduler places a pod only on a node that meets all it asks for ({_DOCS})",
        fix=Fix(
            f"change {field}, or give the cluster such a node",
            command=f"kubectl edit {kubectl(evidence.workload)}",
        ),
        evidence=(Quote(message, f"condition PodScheduled of {pod.name}"),),
        field=field,
    )


def _requested(pod: Resource, resource: str) -> dict[str, tuple[Any, str]]:
    """What each container asks of a resource: (number, as written)."""
    found = {}
    for item in pod.at("spec.containers", []):
        asked = ((item.get("resources") or {}).get("requests") or {}).get(resource)
        number = quantity.parse(asked)
        if number is not None:
            found[str(item["name"])] = (number, str(asked))
    return found


def _largest(scan: Scan, resource: str) -> tuple[Any, str] | None:
    """The most that a single node can give: (number, as written); None when none has any."""
    given = [node.at("status.allocatable", {}).get(resource) for node in scan.of("Node")]
    numbers = [(n, str(text)) for text in given if (n := quantity.parse(text))]
    return max(numbers, default=None)


def _preempted(evidence: Evidence) -> bool:
    return any(event.get("reason") == "Preempted" for event in _events(evidence))


def _events(evidence: Evidence) -> Iterator[Resource]:
    """Events about the workload's pods, those that are gone included, as far as names tell."""
    prefixes = tuple(f"{item.name}-" for item in (evidence.workload, *evidence.replica_sets))
    for event in evidence.scan.of("Event", evidence.workload.namespace):
        if str(event.at("involvedObject.name", "")).startswith(prefixes):
            yield event


def _tolerations(pod: Resource) -> str:
    given = [
        t
        for t in pod.at("spec.tolerations", [])
        if not str(t.get("key", "")).startswith("node.kubernetes.io/")
    ]
    return "; ".join(f"{t.get('key', 'any key')}={t.get('value', '')}" for t in given)


def _ready(node: Resource) -> bool:
    return any(c["type"] == "Ready" and c["status"] == "True" for c in node.at("status.conditions", []))
