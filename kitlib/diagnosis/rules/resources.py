"""What the cluster does not give: memory, a node, the right to create a pod."""

from __future__ import annotations

from datetime import datetime, timedelta

from kitlib.diagnosis.evidence import Evidence, Status
from kitlib.findings import Finding, Fix, Quote, quotes

OOM_REMEMBERED = timedelta(hours=24)
OOM_REPEATED = 3


def out_of_memory(evidence: Evidence) -> list[Finding]:
    """A container was killed at its memory limit: now, within a day, or again and again."""
    killed = {item.name: item for item in evidence.statuses if killed_for_memory(evidence, item)}
    return [_memory_finding(evidence, item) for item in killed.values()]


def unschedulable(evidence: Evidence) -> list[Finding]:
    """No node takes the pod; the scheduler says why."""
    found: dict[str, Finding] = {}
    for pod in evidence.pods:
        for condition in pod.at("status.conditions", []):
            if condition["type"] == "PodScheduled" and condition.get("reason") == "Unschedulable":
                message = condition.get("message", "")
                found.setdefault(message, _unschedulable_finding(evidence, pod.name, message))
    return list(found.values())[:1]  # the pods of one template wait for one reason


def failed_create(evidence: Evidence) -> list[Finding]:
    """The ReplicaSet may not create its pods: quota, limits, Pod Security, a webhook."""
    for owner in [*evidence.replica_sets[:1], evidence.workload]:
        for condition in owner.at("status.conditions", []):
            failure = condition["type"] == "ReplicaFailure" and condition["status"] == "True"
            if failure and condition.get("reason") == "FailedCreate":
                return [_create_finding(evidence, condition.get("message", ""), str(owner.kind))]
    return []


def killed_for_memory(evidence: Evidence, item: Status) -> bool:
    """Whether a container was killed at its memory limit: now, within a day, or again and again."""
    now = item.state("terminated")
    if now.get("reason") == "OOMKilled":
        return True
    last = item.state("terminated", last=True)
    if last.get("reason") != "OOMKilled":
        return False
    if not item.status.get("ready") or item.restarts >= OOM_REPEATED:
        return True
    ended = last.get("finishedAt")
    return bool(ended) and evidence.at - datetime.fromisoformat(str(ended)) < OOM_REMEMBERED


def _memory_finding(evidence: Evidence, item: Status) -> Finding:
    limit = ((item.spec.get("resources") or {}).get("limits") or {}).get("memory", "none of its own")
    ref = evidence.ref
    ended = item.state("terminated") or item.state("terminated", last=True)
    serving = bool(item.status.get("ready"))
    return Finding(
        "warning" if serving else "error",
        "out-of-memory",
        f"container {item.name} was killed for using more memory than its limit",
        ref,
        found=f"memory limit {limit}, {item.restarts} restarts",
        expected="a limit above what the container needs at its peak",
        why="the kernel kills a container that goes above its limit "
        "(kubernetes.io/docs/concepts/configuration/manage-resources-containers)",
        fix=Fix(
            "raise the limit to what the container needs, or find its leak",
            command=f"kubectl -n {ref.namespace} set resources {ref.kind.lower()}/{ref.name} "
            f"-c {item.name} --limits=memory=<more than {limit}>",
        ),
        evidence=(
            Quote(
                f"{ended.get('reason')}, exit code {ended.get('exitCode')} at {ended.get('finishedAt', '?')}",
                item.source,
            ),
        ),
    )


def _unschedulable_finding(evidence: Evidence, pod: str, message: str) -> Finding:
    return Finding(
        "error",
        "unschedulable",
        "no node takes the pod",
        evidence.ref,
        found=message,
        expected="a node that meets the pod's requests, selectors, affinities and tolerations",
        why="the scheduler places a pod only where all of these hold "
        "(kubernetes.io/docs/concepts/scheduling-eviction)",
        fix=Fix(
            "lower what the pod asks for, or give the cluster a node that has it",
            command=f"kubectl -n {evidence.ref.namespace} describe pod {pod}",
        ),
        evidence=(Quote(message, f"condition PodScheduled of {pod}"),),
    )


def _create_finding(evidence: Evidence, message: str, kind: str) -> Finding:
    quota = "exceeded quota" in message
    current = evidence.replica_sets[0].name if evidence.replica_sets else evidence.ref.name
    events = [
        (event.get("message", ""), f"event FailedCreate of {event.at('involvedObject.name')}")
        for event in evidence.events
        if event.get("reason") == "FailedCreate" and event.get("message") != message
    ]
    return Finding(
        "error",
        "pods-refused",
        "the namespace's quota is used up" if quota else "the API server refuses the workload's pods",
        evidence.ref,
        found=message.rpartition("is forbidden: ")[2] or message,
        expected="room for the pods in the quota" if quota else "pods that admission lets in",
        why="admission judges each pod, after the Deployment itself was accepted "
        "(kubernetes.io/docs/reference/access-authn-authz/admission-controllers)",
        fix=Fix(
            "raise the quota, or ask for less" if quota else "change the template to what admission asks for",
            command=f"kubectl -n {evidence.ref.namespace} describe {'quota' if quota else 'rs/' + current}",
        ),
        evidence=quotes([(message, f"condition ReplicaFailure of the {kind}"), *events[-1:]]),
    )
