"""One look at everything that is watched and measured, in the shape that rules ask for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from kitlib.agent import facts
from kitlib.agent.measuring import Measured, Rate
from kitlib.agent.objects import Autoscaler, Node, Pod, Workload
from kitlib.findings import Ref

Known = dict[str, dict[str, Any]]  # facts by what they are about


@dataclass(frozen=True)
class Subject:
    """One object that a rule may fire on.

    Args:
        uid: of this very object; a pod of the same name that replaces it is another one.
        ref: the object.
        workload: what made it; the object itself when nothing did.
        pod: the pod, where it is one.
    """

    uid: str
    ref: Ref
    workload: Ref
    pod: Pod | None = None


@dataclass(frozen=True)
class View:
    """What is known at one moment.

    Args:
        now: the moment.
        pods, deployments, autoscalers, nodes: those that the watches hold.
        measured: by namespace.
    """

    now: datetime
    pods: tuple[Pod, ...] = ()
    deployments: tuple[Workload, ...] = ()
    autoscalers: tuple[Autoscaler, ...] = ()
    nodes: tuple[Node, ...] = ()
    measured: Mapping[str, Measured] = field(default_factory=dict)
    _told: dict[str, list[tuple[Subject, Known]]] = field(default_factory=dict, repr=False)

    def subjects(self, root: str) -> list[tuple[Subject, Known]]:
        """The objects of one kind of fact, each with what is known about it and what is around it."""
        if root not in self._told:
            self._told[root] = list(self._subjects(root))
        return self._told[root]

    def _subjects(self, root: str) -> Iterator[tuple[Subject, Known]]:
        match root:
            case "pod":
                yield from (self._of_pod(pod) for pod in self.pods if not pod.metadata.deletion_timestamp)
            case "deployment":
                for item in self.deployments:
                    ref = Ref("Deployment", item.metadata.name, item.metadata.namespace)
                    yield Subject(item.metadata.uid, ref, ref), self._around(ref)
            case "hpa":
                for scaler in self.autoscalers:
                    of = scaler.spec.scale_target_ref
                    workload = Ref(of.kind, of.name, scaler.metadata.namespace)
                    ref = Ref("HorizontalPodAutoscaler", scaler.metadata.name, scaler.metadata.namespace)
                    yield Subject(scaler.metadata.uid, ref, workload), self._around(workload)
            case "node":
                for node in self.nodes:
                    ref = Ref("Node", node.metadata.name)
                    yield Subject(node.metadata.uid, ref, ref), {"node": facts.of_node(node, self.now)}

    def usage(self, pod: Pod) -> facts.Usage | None:
        """What a pod uses, as it was measured last; None: not known."""
        measured = self.measured.get(pod.metadata.namespace)
        return measured.usage.get(pod.metadata.name) if measured else None

    def pods_of(self, workload: Ref) -> list[Pod]:
        """The pods of a workload."""
        return self._by_workload.get(workload, [])

    def cpu(self, workload: Ref) -> float | None:
        """The mean share of its CPU limit that a workload's pods use; None: not known."""
        known = (facts.of_pod(pod, self.usage(pod), self.now) for pod in self.pods_of(workload))
        shares = [item["cpuUsage"] for item in known if "cpuUsage" in item]
        return sum(shares) / len(shares) if shares else None

    def rates(self) -> Iterator[tuple[Ref, Rate]]:
        """The requests that each workload's pods answer together."""
        for workload, pods in self._by_workload.items():
            measured = self.measured.get(workload.namespace)
            found = (
                [measured.rates[p.metadata.name] for p in pods if p.metadata.name in measured.rates]
                if measured
                else []
            )
            if found:
                total, errors = sum(item.total for item in found), sum(item.errors for item in found)
                yield workload, Rate(min(item.at for item in found), total, errors)

    def _of_pod(self, pod: Pod) -> tuple[Subject, Known]:
        workload = workload_of(pod)
        known = {"pod": facts.of_pod(pod, self.usage(pod), self.now), **self._around(workload)}
        if node := self._nodes.get(pod.spec.node_name):
            known["node"] = facts.of_node(node, self.now)
        ref = Ref("Pod", pod.metadata.name, pod.metadata.namespace)
        return Subject(pod.metadata.uid, ref, workload, pod), known

    def _around(self, workload: Ref) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        if workload.kind == "Deployment" and (item := self._deployments.get(workload)):
            found["deployment"] = facts.of_deployment(item, self.now)
        if scaler := self._scalers.get(workload):
            found["hpa"] = facts.of_autoscaler(scaler)
        return found

    @cached_property
    def _by_workload(self) -> dict[Ref, list[Pod]]:
        found: dict[Ref, list[Pod]] = {}
        for pod in self.pods:
            found.setdefault(workload_of(pod), []).append(pod)
        return found

    @cached_property
    def _deployments(self) -> dict[Ref, Workload]:
        return {Ref("Deployment", i.metadata.name, i.metadata.namespace): i for i in self.deployments}

    @cached_property
    def _scalers(self) -> dict[Ref, Autoscaler]:
        targets = ((item, item.spec.scale_target_ref) for item in self.autoscalers)
        return {Ref(of.kind, of.name, item.metadata.namespace): item for item, of in targets}

    @cached_property
    def _nodes(self) -> dict[str, Node]:
        return {node.metadata.name: node for node in self.nodes}


def workload_of(pod: Pod) -> Ref:
    """What made a pod, as far as the pod itself says."""
    kind, name = pod.workload()
    return Ref(kind, name, pod.metadata.namespace)
