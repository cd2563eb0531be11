"""What the agent can do to a cluster: each act planned from what is there, with its numbers and evidence.

A plan is made by letting the act pass a gate that only plans; what is carried out later is the same act
behind a gate that lets pass exactly that plan.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from math import ceil
from typing import Any

from kitlib.agent.names import Act
from kitlib.cluster import Cluster, Resource
from kitlib.diagnosis.evidence import gather
from kitlib.errors import ApiError, NotFound, RunbookError
from kitlib.findings import Ref
from kitlib.operations import capacity, memory, revisions, scaling, workloads

CPU_TARGET = 0.7  # the share of its limit that a pod shall use after scaling: room for the next peak
MOST_REPLICAS = 50
GROWTH = 1.5  # of a memory limit that was reached


@dataclass(frozen=True)
class Seen:
    """What a rule saw when it fired.

    Args:
        pod: the pod's name; empty for rules about other things.
        workload: what made it, or the object itself.
        evidence: what was observed, in words.
        cpu: the mean share of its CPU limit that the workload's pods use; None: not known.
        memory: bytes that its containers use at most, by container.
    """

    pod: str
    workload: Ref
    evidence: tuple[str, ...]
    cpu: float | None = None
    memory: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True)
class Move:
    """What would be done exactly.

    Args:
        act: which act it turned out to be: where an autoscaler sets the replicas, scaling adjusts that.
        target: the object that is changed.
        title: one line.
        value: the numbers.
        evidence: what they rest on.
        advice: what a person has to do instead, for what the agent never does itself.
    """

    act: Act
    target: Ref
    title: str
    value: Mapping[str, Any] = field(default_factory=dict)
    evidence: tuple[str, ...] = ()
    advice: str = ""


def think(cluster: Cluster, act: Act, seen: Seen) -> Move:
    """Decide what an act would change, from what is there.

    Raises:
        RunbookError: it would change nothing, or there is no room; says why.
        NotFound, ApiError, ClusterUnreachable: see kitlib.errors.
    """
    place = cluster.within(seen.workload.namespace or cluster.namespace)
    return _THINK[act](place, seen)


def perform(cluster: Cluster, act: Act, target: Ref, value: Mapping[str, Any]) -> None:
    """Do it, through the gate of whoever acts now.

    Raises:
        Denied, NotApproved, ApiError, ClusterUnreachable: see kitlib.policy and kitlib.errors.
    """
    place = cluster.within(target.namespace or cluster.namespace)
    match act:
        case "restart-pod":
            place.evict(target.name)
        case "restart":
            place.restart(target.kind, target.name)
        case "scale":
            place.scale(target.kind, target.name, int(value["replicas"]))
        case "adjust-autoscaler":
            change = {"spec": {"maxReplicas": int(value["maxReplicas"])}}
            place.patch("HorizontalPodAutoscaler", target.name, change, type="merge")
        case "increase-resources":
            memory.raise_limits(place, target.name, list(value["raises"]))
        case "rollback":
            revisions.go_back(place, target.name, dict(value["revision"]))


def owner(cluster: Cluster, pod: Resource) -> Resource:
    """The workload that a pod belongs to, by its owner chain as the server has it; the pod when it has none.

    Raises:
        NotFound, ApiError: an owner can't be read.
    """
    item = pod
    while True:
        above = [one for one in item["metadata"].get("ownerReferences") or () if one.get("controller")]
        if not above:
            return item
        found = cluster.get(
            above[0]["kind"], above[0]["name"], namespace=pod.namespace, api_version=above[0]["apiVersion"]
        )
        if found["metadata"]["uid"] != above[0]["uid"]:
            raise NotFound(f"the owner of {item!r} was made anew, and does not own it", status=404)
        item = found


def _restart_pod(cluster: Cluster, seen: Seen) -> Move:
    pod = cluster.get("Pod", seen.pod) if seen.pod else None
    if pod is None:
        raise RunbookError("a rule about pods restarts pods; this one is about another object")
    made_by = owner(cluster, pod)
    if made_by.kind == "Pod":
        raise RunbookError(f"{pod!r} belongs to no workload, so nothing would make it anew")
    title = f"evict pod {pod.name} of {made_by.kind} {made_by.name}, which makes a new one"
    evidence = ("an eviction, not a deletion: its PodDisruptionBudget decides",)
    return Move("restart-pod", Ref("Pod", pod.name, pod.namespace), title, evidence=evidence)


def _restart(cluster: Cluster, seen: Seen) -> Move:
    item = cluster.get(seen.workload.kind, seen.workload.name)
    workloads.refuse_paused(item)
    return Move("restart", seen.workload, f"restart {seen.workload}, its pods one by one")


def _scale(cluster: Cluster, seen: Seen) -> Move:
    """More replicas, or a higher maximum of the autoscaler that sets them."""
    if _autoscaler(cluster, seen.workload) is not None:
        return _adjust(cluster, seen)
    item = cluster.get(seen.workload.kind, seen.workload.name)
    now = int(item.at("spec.replicas", 1))
    wanted, why = _replicas(now, seen.cpu)
    planned = scaling.plan(cluster, f"{item.kind}/{item.name}", wanted, MOST_REPLICAS)
    if planned is None:
        raise RunbookError(f"{seen.workload} has {now} replicas, as many as it needs")
    title = f"scale {seen.workload} from {now} to {wanted} replicas"
    return Move("scale", seen.workload, title, {"was": now, "replicas": wanted}, (why,))


def _adjust(cluster: Cluster, seen: Seen) -> Move:
    """A higher maximum of the autoscaler, if it is at its maximum; below that it helps itself."""
    found = _autoscaler(cluster, seen.workload)
    if found is None:
        raise RunbookError(f"no autoscaler sets the replicas of {seen.workload}")
    most, wants = int(found.at("spec.maxReplicas")), int(found.at("status.desiredReplicas", 0))
    if wants < most:
        raise RunbookError(
            f"autoscaler {found.name} asks for {wants} of at most {most} replicas: it still helps itself"
        )
    wanted, why = _replicas(most, seen.cpu)
    if wanted > MOST_REPLICAS:
        raise RunbookError(f"autoscaler {found.name} may ask for {most} replicas already, near the most")
    title = f"raise the maximum of autoscaler {found.name} from {most} to {wanted} replicas"
    target = Ref("HorizontalPodAutoscaler", found.name, found.namespace)
    return Move("adjust-autoscaler", target, title, {"was": most, "maxReplicas": wanted}, (why,))


def _increase(cluster: Cluster, seen: Seen) -> Move:
    """A higher memory limit: of what was killed at it, or uses most of it."""
    if seen.workload.kind != "Deployment":
        raise RunbookError(f"{seen.workload}: limits are raised for Deployments only")
    raises = memory.plan(cluster, seen.workload.name, _largest_node(cluster), GROWTH, seen.memory)
    if not raises:
        raise RunbookError(f"no container of {seen.workload} was killed for memory, and none uses too much")
    evidence = gather(cluster, "Deployment", seen.workload.name)
    killed = memory.told(evidence).splitlines() if memory.killed(evidence) else []
    used = [f"{name} uses up to {capacity.text(amount)}" for name, amount in seen.memory.items()]
    title = f"{seen.workload}: {memory.summary(raises)}"
    return Move("increase-resources", seen.workload, title, {"raises": raises}, (*used, *killed))


def _rollback(cluster: Cluster, seen: Seen) -> Move:
    if seen.workload.kind != "Deployment":
        raise RunbookError(f"{seen.workload}: only Deployments are rolled back")
    chosen = revisions.target(cluster, seen.workload.name, None)
    if chosen is None:
        raise RunbookError(f"there is no revision of {seen.workload} to go back to")
    title = f"roll {seen.workload} back to revision {chosen['revision']}"
    return Move("rollback", seen.workload, title, {"revision": chosen}, _lines_of(cluster, seen.workload))


def _drain(cluster: Cluster, seen: Seen) -> Move:
    """Advice only: a node also runs pods of namespaces that the agent has no right to touch."""
    advice = f"kit runbook run node-drain -p node={seen.workload.name}"
    return Move("drain", seen.workload, f"drain node {seen.workload.name}", advice=advice)


def _replicas(now: int, share: float | None) -> tuple[int, str]:
    """How many replicas bring the CPU share to the target, and why; one more where it isn't known."""
    if share is None:
        return now + 1, "the CPU that its pods use is not known: one more"
    wanted = max(now + 1, ceil(now * share / CPU_TARGET))
    return wanted, f"{now} pods use {share:.0%} of their CPU limit on average, {CPU_TARGET:.0%} is the aim"


def _autoscaler(cluster: Cluster, workload: Ref) -> Resource | None:
    for item in cluster.list("HorizontalPodAutoscaler"):
        of = item.at("spec.scaleTargetRef", {})
        if (of.get("kind"), of.get("name")) == (workload.kind, workload.name):
            return item
    return None


def _largest_node(cluster: Cluster) -> str:
    """The memory that the largest node gives to pods; where nodes can't be read the limit ranges decide."""
    try:
        nodes: Sequence[Resource] = cluster.list("Node")
    except ApiError:
        nodes = ()
    found = [capacity.amount(node.at("status.allocatable.memory", 0)) for node in nodes]
    return capacity.binary(max(found)) if any(found) else "1Ti"


def _lines_of(cluster: Cluster, workload: Ref) -> tuple[str, ...]:
    return tuple(revisions.table(cluster, workload.name).splitlines()[:6])


_THINK: dict[Act, Callable[[Cluster, Seen], Move]] = {
    "restart-pod": _restart_pod,
    "restart": _restart,
    "scale": _scale,
    "adjust-autoscaler": _adjust,
    "increase-resources": _increase,
    "rollback": _rollback,
    "drain": _drain,
}
