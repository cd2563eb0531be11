"""Nodes that are not well, and pods that they put out."""

from __future__ import annotations

from collections.abc import Iterator

from kitlib.cluster.resource import Resource
from kitlib.diagnosis.cause import Cause, Scan
from kitlib.diagnosis.scan import ref
from kitlib.diagnosis.templates import pod_path
from kitlib.findings import Finding, Fix, Quote, Ref

_DOCS = "kubernetes.io/docs/reference/node/node-status"
_EVICTION = "kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction"


def nodes(scan: Scan) -> Iterator[Cause]:
    """Nodes that are not Ready, or under pressure."""
    for node in scan.of("Node"):
        for condition in node.at("status.conditions", []):
            ready = condition["type"] == "Ready"
            if (condition["status"] != "True") if ready else (condition["status"] == "True"):
                yield _ill(
                    scan, node, condition["type"], str(condition.get("message", "")), condition["status"]
                )


def evicted(scan: Scan) -> Iterator[Cause]:
    """Pods that a kubelet put out because its node ran short of something."""
    seen: set[Ref] = set()
    for pod in scan.of("Pod"):
        if not _was_evicted(pod):
            continue
        owner = scan.owner(pod)
        if ref(owner) in seen:
            continue
        seen.add(ref(owner))
        message = str(pod.at("status.message", ""))
        short = _short_of(message)
        finding = Finding(
            "error",
            "evicted",
            f"pods of {owner.name} were put out because a node ran short of {short}",
            ref(owner),
            found=message[:300],
            expected=f"requests of {short} as high as what the pods use, and a node that has it",
            why=f"under pressure the kubelet first ends pods that use more than they requested ({_EVICTION})",
            fix=Fix(f"request the {short} that the pods need, or limit what they use"),
            evidence=(Quote(message, f"status of {pod.name}"),),
            field=f"{pod_path(owner)}.containers[].resources.requests.{short}",
        )
        yield Cause(finding, affects=(ref(owner),))


def _ill(scan: Scan, node: Resource, kind: str, message: str, status: str) -> Cause:
    here = [pod for pod in scan.of("Pod") if pod.at("spec.nodeName") == node.name]
    affected = tuple(dict.fromkeys(scan.owner_ref(pod) for pod in here))
    ready = kind == "Ready"
    finding = Finding(
        "error",
        "node-not-ready" if ready else "node-pressure",
        f"node {node.name} is not Ready" if ready else f"node {node.name} reports {kind}",
        ref(node),
        found=f"condition {kind} is {status}: {message}"[:300],
        expected="Ready: True" if ready else f"{kind}: False",
        why=f"pods on a node that is not Ready get no traffic, and are replaced after five minutes ({_DOCS})"
        if ready
        else f"a node under pressure takes no pods and ends some ({_EVICTION})",
        fix=Fix("look at the node's kubelet and network", command=f"kubectl describe node/{node.name}"),
        evidence=(Quote(message, f"condition {kind} of Node {node.name}"),),
        field=f"status.conditions[{kind}]",
    )
    # What was put out had outgrown its requests: then that is the cause, and the pressure its symptom.
    put_out = () if ready else tuple(scan.owner_ref(p) for p in scan.of("Pod") if _was_evicted(p))
    return Cause(finding, affects=(ref(node), *affected), blames=put_out)


def _was_evicted(pod: Resource) -> bool:
    return bool(pod.at("status.phase") == "Failed" and pod.at("status.reason") == "Evicted")


def _short_of(message: str) -> str:
    for resource in ("memory", "ephemeral-storage", "inodes", "pids"):
        if resource in message:
            return resource
    return "ephemeral-storage" if "storage" in message or "disk" in message else "memory"
