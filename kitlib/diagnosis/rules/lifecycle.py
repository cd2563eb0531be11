"""What does not go away, and what does not let go: finalizers, grace periods, disruption budgets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from kitlib.cluster.resource import Resource
from kitlib.diagnosis.cause import Cause, Scan, quote_all
from kitlib.diagnosis.scan import ref
from kitlib.diagnosis.suspects import container_statuses
from kitlib.diagnosis.templates import container_path, kubectl
from kitlib.findings import Finding, Fix, Quote

_FINALIZERS = "kubernetes.io/docs/concepts/overview/working-with-objects/finalizers"
_TERMINATION = "kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination"
_BUDGETS = "kubernetes.io/docs/tasks/run-application/configure-pdb"
# Ending takes a moment even when all is well: requests in flight, endpoints that are taken out.
ENDING_SECONDS = 8.0
_TOLD = (
    "NamespaceContentRemaining",
    "NamespaceFinalizersRemaining",
    "NamespaceDeletionContentFailure",
    "NamespaceDeletionDiscoveryFailure",
    "NamespaceDeletionGroupVersionParsingFailure",
)


def stuck_objects(scan: Scan) -> Iterator[Cause]:
    """Objects that are being deleted and held by a finalizer that nobody takes off."""
    for kind, items in scan.objects.items():
        for item in items if kind not in ("Event", "Namespace", "DnsConfig", "PodMetrics") else ():
            if _held(scan, item):
                yield _finalizer(scan, item)


def slow_to_end(scan: Scan) -> Iterator[Cause]:
    """Pods that go on running after they were told to end."""
    seen = set()
    for pod in scan.of("Pod"):
        since = _asked_since(scan, pod)
        running = [item for item in container_statuses(pod) if item.state("running")]
        if since is None or since < ENDING_SECONDS or not running:
            continue
        owner = scan.owner(pod)
        hook = any("preStop" in (c.spec.get("lifecycle") or {}) for c in running)
        if ref(owner) in seen or hook or _lost_node(scan, pod):
            continue
        seen.add(ref(owner))
        yield _slow(scan, owner, pod, running[0].name, since)


def namespaces(scan: Scan) -> Iterator[Cause]:
    """Namespaces that are being deleted and can't be."""
    for item in scan.of("Namespace"):
        if item.at("status.phase") != "Terminating" or (scan.namespace and item.name != scan.namespace):
            continue
        told = [c for c in item.at("status.conditions", []) if c["type"] in _TOLD and c["status"] == "True"]
        if not told:
            continue
        held = [
            o
            for k, items in scan.objects.items()
            if k not in ("Event", "Namespace")
            for o in items
            if o.namespace == item.name and _held(scan, o)
        ]
        texts = [(str(c.get("message", "")), f"condition {c['type']} of Namespace {item.name}") for c in told]
        finding = Finding(
            "error",
            "namespace-stuck",
            f"namespace {item.name} can't be deleted: something in it remains",
            ref(item),
            found=str(told[-1].get("message", ""))[:300],
            expected="objects without finalizers, or their controller at work",
            why=f"a namespace goes only when all in it is gone ({_FINALIZERS})",
            fix=Fix(
                "let the controller of the finalizer run, or take the finalizer off once its work is done"
            ),
            evidence=quote_all(texts),
            field="status.conditions",
        )
        yield Cause(finding, affects=(ref(item),), blames=tuple(ref(o) for o in held))


def budgets(scan: Scan) -> Iterator[Cause]:
    """Budgets that allow no disruption though all pods are well, so that no drain ever ends."""
    for item in scan.of("PodDisruptionBudget"):
        status = item.at("status", {})
        expected, healthy = status.get("expectedPods", 0), status.get("currentHealthy", 0)
        if not expected or status.get("disruptionsAllowed", 0) or healthy < expected:
            continue
        key = "minAvailable" if item.at("spec.minAvailable") is not None else "maxUnavailable"
        finding = Finding(
            "warning",
            "budget-blocks",
            f"PodDisruptionBudget {item.name} never lets a node be drained",
            ref(item),
            found=f"{key} {item.at(f'spec.{key}')}, {expected} pods, disruptions allowed 0",
            expected=f"{key} that leaves room for one pod, or more replicas",
            why=f"an eviction is refused while the budget allows none ({_BUDGETS})",
            fix=Fix("allow one pod to be away", command=f"kubectl edit {kubectl(item)}"),
            evidence=(
                Quote(
                    f"{healthy} of {expected} pods healthy, {status.get('desiredHealthy')} must be",
                    f"status of {item.name}",
                ),
            ),
            field=f"spec.{key}",
        )
        yield Cause(finding, affects=(ref(item),))


def _held(scan: Scan, item: Resource) -> bool:
    """Whether an object waits for a finalizer: its grace is over and nothing of it runs."""
    if not item["metadata"].get("deletionTimestamp") or not item["metadata"].get("finalizers"):
        return False
    if item.kind == "Pod":
        return not any(status.state("running") for status in container_statuses(item))
    if item.kind in ("PersistentVolumeClaim", "PersistentVolume"):  # held by their own users, as they should
        return not all(name.startswith("kubernetes.io/pv") for name in item["metadata"]["finalizers"])
    return _asked(item) + timedelta(seconds=ENDING_SECONDS) < scan.at


def _finalizer(scan: Scan, item: Resource) -> Cause:
    names = ", ".join(item["metadata"]["finalizers"])
    finding = Finding(
        "error",
        "finalizer",
        f"{item.kind} {item.name} can't be deleted: nobody takes off its finalizer",
        ref(item),
        found=names,
        expected="a controller that does its work and removes it",
        why=f"a deleted object stays until its finalizers are gone ({_FINALIZERS})",
        fix=Fix(
            "bring back the controller it is named after; if that is gone for good, take it off by hand",
            command=f"kubectl get {kubectl(item)} -o jsonpath='{{.metadata.finalizers}}'",
        ),
        evidence=(
            Quote(
                f"deletionTimestamp {item['metadata']['deletionTimestamp']}, finalizers {names}",
                str(ref(item)),
            ),
        ),
        field="metadata.finalizers",
    )
    return Cause(finding, affects=tuple(dict.fromkeys((ref(item), scan.owner_ref(item)))))


def _slow(scan: Scan, owner: Resource, pod: Resource, container: str, since: float) -> Cause:
    grace = pod["metadata"].get("deletionGracePeriodSeconds", 30)
    finding = Finding(
        "warning",
        "ignores-sigterm",
        f"container {container} goes on running {since:.0f} s after it was told to end",
        ref(owner),
        found=f"SIGTERM without effect; it will be killed after {grace} s",
        expected="a process that ends on SIGTERM, started directly (exec form) and not below a shell",
        why=f"after the grace period a process is killed, in the middle of what it does ({_TERMINATION})",
        fix=Fix("handle SIGTERM in the program, and start it with exec"),
        evidence=(
            Quote(
                f"deletionTimestamp {pod['metadata']['deletionTimestamp']}, still running",
                f"status of {pod.name}",
            ),
        ),
        field=container_path(owner, container, "command"),
    )
    return Cause(finding, affects=(ref(owner),))


def _asked(item: Resource) -> datetime:
    """When somebody asked for the deletion; the timestamp of a pod is when its grace is over."""
    grace = timedelta(seconds=item["metadata"].get("deletionGracePeriodSeconds") or 0)
    return datetime.fromisoformat(str(item["metadata"]["deletionTimestamp"])) - grace


def _asked_since(scan: Scan, pod: Resource) -> float | None:
    if not pod["metadata"].get("deletionTimestamp"):
        return None
    return (scan.at - _asked(pod)).total_seconds()


def _lost_node(scan: Scan, pod: Resource) -> bool:
    node = scan.find("Node", pod.at("spec.nodeName", ""))
    return node is not None and not any(
        c["type"] == "Ready" and c["status"] == "True" for c in node.at("status.conditions", [])
    )
