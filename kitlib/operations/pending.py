"""Why pods of a workload are Pending, and whether an earlier revision is the way back."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from kitlib.cluster import Cluster, Resource
from kitlib.diagnosis.evidence import gather
from kitlib.diagnosis.rules.admission import refused
from kitlib.errors import RunbookError
from kitlib.operations import placement, revisions, workloads
from kitlib.operations.revisions import Back

SCHEDULER_SECONDS, POLL_SECONDS = 10.0, 0.5
_DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"


@dataclass(frozen=True)
class Triage:
    """Why pods of a workload are not placed.

    Args:
        workload: which.
        problems: what stands in the way, gravest first; empty: every pod has a node.
        advice: what a person does about the first.
        told: the evidence as text.
        spec: of a pod that waits; empty when the API server refuses the pods.
    """

    workload: Resource
    problems: tuple[str, ...]
    advice: str
    told: str
    spec: Mapping[str, Any]


def triage(cluster: Cluster, name: str) -> Triage:
    """Look at a workload's pods that wait for a node, at the nodes, the claims and the quota.

    Raises:
        NotFound: no such workload.
    """
    workload = workloads.find(cluster, name)
    refusals = refused(gather(cluster, workload.kind, workload.name))
    if refusals:
        finding = refusals[0].finding
        advice = finding.fix.command if finding.fix else ""
        problem = f"{finding.title}: {finding.found}"
        return Triage(workload, (problem,), advice, problem, {})
    waiting = _waiting(cluster, workload)
    if not waiting:
        return Triage(workload, (), "", "every pod has a node", {})
    pod, said = waiting[0]
    nodes, spec = list(cluster.list("Node")), pod["spec"]
    problems = [*claims(cluster, spec), *_of_nodes(nodes, spec)] or [f"no node has room: {said}"]
    names = ", ".join(item.name for item, _ in waiting)
    told = "\n".join([f"waiting: {names}", f"the scheduler says: {said}", "", placement.table(nodes, spec)])
    advice = _advice(cluster, workload, nodes, spec, problems[0])
    return Triage(workload, tuple(problems), advice, told, spec)


def way_back(cluster: Cluster, found: Triage) -> Back | None:
    """The revision to go back to when its pods would have a node; None when no pod waits.

    Raises:
        RunbookError: the template is not what is wrong, or no earlier one would be placed; says what a
            person can do.
    """
    if not found.problems:
        return None
    workload = found.workload
    problem = RunbookError(
        f"{workload.kind} {workload.name}: {'; '.join(found.problems)}; that is for a person",
        fix=found.advice,
    )
    if workload.kind != "Deployment" or not found.spec:
        raise problem
    history = revisions.history(cluster, workload.name)
    if history[0].at("status.readyReplicas", 0):
        raise problem  # pods of this very template were placed: there is no room for more of them
    nodes = list(cluster.list("Node"))
    for earlier in history[1:]:
        if takes(cluster, nodes, earlier.at("spec.template.spec", {})):
            workloads.refuse_paused(workload)
            workloads.refuse_controlled(workload)
            return revisions.back(earlier)
    raise problem


def takes(cluster: Cluster, nodes: list[Resource], spec: Mapping[str, Any]) -> bool:
    """Whether some node would take a pod of this spec if it were empty, and its volumes are there."""
    return not claims(cluster, spec) and any(not placement.refusals(node, spec) for node in nodes)


def claims(cluster: Cluster, spec: Mapping[str, Any]) -> list[str]:
    """What is wrong with the volume claims that a pod names."""
    found = []
    for volume in spec.get("volumes") or []:
        if name := (volume.get("persistentVolumeClaim") or {}).get("claimName"):
            found += list(_claim(cluster, name))
    return found


def _claim(cluster: Cluster, name: str) -> Iterator[str]:
    claim = cluster.find("PersistentVolumeClaim", name)
    if claim is None:
        near = get_close_matches(name, [c.name for c in cluster.list("PersistentVolumeClaim")], n=1)
        yield f"volume claim {name} does not exist" + (f"; there is {near[0]}" if near else "")
        return
    if claim.at("status.phase") == "Bound":
        return
    classes = cluster.list("StorageClass")
    wanted = claim.at("spec.storageClassName")
    chosen = [c for c in classes if (c.name == wanted if wanted else _is_default(c))]
    known = ", ".join(c.name for c in classes) or "none"
    if not chosen:
        yield f"volume claim {name} asks for class {wanted or '(the default)'}; the classes are {known}"
    elif chosen[0].get("volumeBindingMode") != "WaitForFirstConsumer":
        yield f"volume claim {name} is {claim.at('status.phase')}: class {chosen[0].name} gave no volume"


def _is_default(storage_class: Resource) -> bool:
    return (storage_class["metadata"].get("annotations") or {}).get(_DEFAULT_CLASS) == "true"


def _waiting(cluster: Cluster, workload: Resource) -> list[tuple[Resource, str]]:
    """The pods without a node, and what the scheduler says of each; it is given a moment to say it."""
    deadline = time.monotonic() + SCHEDULER_SECONDS
    while True:
        homeless = [pod for pod in workloads.pods(cluster, workload) if not pod.at("spec.nodeName")]
        said = [(pod, text) for pod in homeless if (text := _said(pod))]
        if len(said) == len(homeless) or time.monotonic() >= deadline:
            return said
        time.sleep(POLL_SECONDS)


def _said(pod: Resource) -> str:
    for item in pod.at("status.conditions", []):
        if item["type"] == "PodScheduled" and item["status"] == "False":
            return str(item.get("message") or item.get("reason"))
    return ""


def _of_nodes(nodes: list[Resource], spec: Mapping[str, Any]) -> list[str]:
    """What every node refuses the pod for; nothing when one would take it if it had room."""
    each = [placement.refusals(node, spec) for node in nodes]
    if not all(each):
        return []
    return list(dict.fromkeys(reason for reasons in each for reason in reasons)) or [
        "the cluster has no node"
    ]


def _advice(
    cluster: Cluster, workload: Resource, nodes: list[Resource], spec: Mapping[str, Any], problem: str
) -> str:
    edit = f"kubectl -n {workload.namespace} edit {workload.kind.lower()} {workload.name}"
    if near := placement.nearest(nodes, spec):
        return f"{near}: {edit}"
    if problem == "cordoned":
        return f"kit runbook run node-uncordon -p node={nodes[0].name}"
    if "claim" in problem:
        return f"kubectl -n {workload.namespace} describe pvc"
    if "no node has room" in problem:
        return "scale something down, lower what the pods ask for, or add a node"
    return edit
