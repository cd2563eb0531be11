"""Carrying out what changes something, through the gate of whoever acts; the same code plans and does it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kitlib.asking import writes
from kitlib.asking.request import WORKLOADS
from kitlib.asking.writes import Write
from kitlib.cluster import Cluster, Resource
from kitlib.errors import NotFound
from kitlib.operations import draining, revisions, workloads


@dataclass(frozen=True)
class Touched:
    """A workload whose pods a request replaces, and that has to be waited for."""

    kind: str
    name: str
    namespace: str


def perform(cluster: Cluster, request: Write) -> list[Touched]:
    """Make the change, or, in a gate that plans, let the gate collect it.

    Returns:
        The workloads that have a rollout to wait for.

    Raises:
        Denied, NotApproved: the gate's answer.
        KitError: there is no such object, or the API server refuses.
    """
    there = cluster.within(request.within(cluster.namespace))
    match request:
        case writes.Scale():
            workloads.find(there, f"{request.kind}/{request.name}")
            there.scale(request.kind, request.name, request.replicas)
        case writes.Restart():
            return _restart(there, request)
        case writes.Rollback():
            return _roll_back(there, request)
        case writes.SetImage() | writes.SetResources():
            return _set(there, request)
        case writes.Delete():
            for name in request.names:
                there.delete(request.kind, name)
        case writes.Mark():
            group = "labels" if request.sort == "label" else "annotations"
            there.patch(
                request.kind, request.name, {"metadata": {group: {request.key: request.value}}}, type="merge"
            )
        case writes.Cordon():
            draining.set_cordon(there, request.name, cordoned=request.cordoned)
        case writes.Patch():
            there.patch(request.kind, request.name, request.body, type="merge")
        case writes.Apply():
            there.apply(Path(request.path))
    waited = isinstance(request, writes.Scale) and request.kind in WORKLOADS
    return [Touched(request.kind, request.name, there.namespace)] if waited else []  # type: ignore[union-attr]


def notes(cluster: Cluster, request: Write) -> Iterator[str]:
    """What a person should know before a change: what it leaves out, and what will undo it."""
    there = cluster.within(request.within(cluster.namespace))
    if isinstance(request, writes.Restart) and not request.name:
        chosen = [f"{item.kind}/{item.name}" for item in _chosen(there, request)]
        yield f"touches {', '.join(chosen)}"
        kinds = [kind for kind in WORKLOADS if kind not in request.kinds]
        left = [f"{item.kind}/{item.name}" for kind in kinds for item in there.list(kind)]
        left += [f"Pod/{pod.name}" for pod in there.list("Pod") if not _replaced(pod)]
        yield f"does not touch {', '.join(left)}" if left else "every pod of the namespace is replaced"
    if isinstance(request, writes.Scale):
        for scaler in there.list("HorizontalPodAutoscaler"):
            target = scaler.at("spec.scaleTargetRef", {})
            if (target.get("kind"), target.get("name")) == (request.kind, request.name):
                yield f"the autoscaler {scaler.name} will set its own number again"
    if isinstance(request, writes.Delete) and request.kind == "Pod":
        yield "a pod that a workload owns is made anew at once"


def _restart(there: Cluster, request: writes.Restart) -> list[Touched]:
    chosen = _chosen(there, request)
    for item in chosen:
        workloads.refuse_paused(item)
    for item in chosen:
        there.restart(item.kind, item.name)
    return [Touched(item.kind, item.name, there.namespace) for item in chosen]


def _chosen(there: Cluster, request: writes.Restart) -> list[Resource]:
    if request.name:
        return [workloads.find(there, f"{request.kinds[0]}/{request.name}")]
    found = [item for kind in request.kinds for item in there.list(kind)]
    if not found:
        kinds = ", ".join(request.kinds)
        raise NotFound(f"namespace {there.namespace} has none of {kinds}", status=404)
    return found


def _replaced(pod: Resource) -> bool:
    """Whether a restart of workloads replaces a pod: one that a ReplicaSet, StatefulSet or DaemonSet made."""
    owners = pod["metadata"].get("ownerReferences") or []
    return any(owner.get("kind") in ("ReplicaSet", "StatefulSet", "DaemonSet") for owner in owners)


def _roll_back(there: Cluster, request: writes.Rollback) -> list[Touched]:
    workloads.find(there, request.name)
    chosen = revisions.target(there, request.name, request.revision or None)
    if chosen is None:
        return []
    revisions.go_back(there, request.name, chosen)
    return [Touched(request.kind, request.name, there.namespace)]


def _set(there: Cluster, request: writes.SetImage | writes.SetResources) -> list[Touched]:
    workload = workloads.find(there, f"{request.kind}/{request.name}")
    container = workloads.container(workload, request.container or None)
    change: dict[str, Any]
    if isinstance(request, writes.SetImage):
        change = {"image": request.image}
    else:
        sorts = {"limits": dict(request.limits), "requests": dict(request.requests)}
        change = {"resources": {sort: values for sort, values in sorts.items() if values}}
    patch = workloads.template_patch({"containers": {container["name"]: change}})
    there.patch(request.kind, request.name, patch)
    return [Touched(request.kind, request.name, there.namespace)]
