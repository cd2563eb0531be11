"""A model's words on what the rules found: the evidence of one object, bounded, and the question about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kitlib.ai import Answer, explain
from kitlib.cluster import Cluster
from kitlib.cluster.resource import Resource, pod_state
from kitlib.diagnosis.examination import Diagnosis, RootCause, diagnose
from kitlib.diagnosis.scan import Scan, event_time
from kitlib.diagnosis.suspects import container_statuses
from kitlib.findings import Findings, Quote, Ref

# What an agent may be told to do: the actions of the AgentConfig, which pass the policy gate like any other.
ACTIONS = ("diagnose", "suggest-scaling", "suggest-resource-increase", "restart", "scale", "rollback")
PODS, EVENTS, LOG_LINES = 3, 20, 40  # the newest of each


@dataclass(frozen=True)
class PodDiagnosis:
    """What the rules found about a pod, and what the model said; either stands without the other."""

    diagnosis: Diagnosis
    answer: Answer

    def __str__(self) -> str:
        causes = [f"{cause.finding.title} ({cause.finding.object})" for cause in self.diagnosis.causes]
        return "\n".join([self.diagnosis.summary, *causes, self.answer.summary])

    def _repr_html_(self) -> str:
        return f"{self.diagnosis._repr_html_()}{self.answer._repr_html_()}"


def diagnose_pod(pod: str, namespace: str, cluster: Cluster | None = None) -> PodDiagnosis:
    """Why a pod is not well: the rules, and a model where one is set.

    Args:
        pod, namespace: which.
        cluster: none: the one that the settings name.

    Raises:
        NotFound: no such pod; names the nearest.
        ClusterUnreachable: see kitlib.errors.
    """
    found = diagnose(f"{namespace}/Pod/{pod}", cluster)
    return PodDiagnosis(found, ask_about(found, Ref("Pod", pod, namespace)))


def ask_cause(found: Diagnosis, cause: RootCause) -> Answer:
    """Ask a model about one root cause of a diagnosis."""
    where = cause.finding.object
    about = where if isinstance(where, Ref) else cause.affected[0]
    return ask_about(found, about, cause)


def ask_about(found: Diagnosis, about: Ref, cause: RootCause | None = None) -> Answer:
    """Ask a model about one object: what the scan holds about it, and what the rules found."""
    findings = Findings([cause.finding]) if cause else found.findings
    related = [about, *(cause.affected[:PODS] if cause else ())]
    lines = [line for one in related for line in evidence(found.scan, one)]
    return explain(str(about), lines, findings, actions=ACTIONS)


def evidence(scan: Scan, about: Ref) -> Iterator[Quote]:
    """What a scan holds about an object: states of its pods, events, the ends of their logs; oldest first."""
    item = scan.find(about.kind, about.name, about.namespace)
    if item is None:
        return
    pods = [item] if item.kind == "Pod" else scan.pods_of(item)[:PODS]
    for pod in pods:
        yield Quote(pod_state(pod), f"state of {pod.name}")
        yield from _states(pod)
    yield from _events(scan, [item, *pods])
    names = {(pod.namespace, pod.name) for pod in pods}
    for log in scan.logs:
        if (log.namespace, log.pod) in names:
            yield from (
                Quote(line, log.source) for line in log.text.splitlines()[-LOG_LINES:] if line.strip()
            )


def _states(pod: Resource) -> Iterator[Quote]:
    for status in container_statuses(pod):
        for name, last in (("waiting", False), ("terminated", False), ("terminated", True)):
            if state := status.state(name, last=last):
                said = ", ".join(f"{key} {value}" for key, value in state.items() if key != "containerID")
                yield Quote(
                    f"{'last ' if last else ''}{name}: {said}, {status.restarts} restarts", status.source
                )


def _events(scan: Scan, items: list[Resource]) -> Iterator[Quote]:
    found = sorted((event for item in items for event in scan.events_of(item)), key=event_time)
    for event in found[-EVENTS:]:
        what = f"event {event.get('reason')} of {event.at('involvedObject.name')}"
        yield Quote(str(event.get("message", "")), what)
