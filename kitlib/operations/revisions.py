"""The revisions of a Deployment, and going back to one; the rules are those of `kubectl rollout undo`.

Source: k8s.io/kubectl/pkg/polymorphichelpers/rollback.go, Kubernetes 1.34.
"""

from __future__ import annotations

from typing import Any

from kitlib.cluster import Cluster, Resource
from kitlib.cluster.resource import age
from kitlib.diagnosis.evidence import REVISION
from kitlib.errors import RunbookError
from kitlib.operations import workloads

OBSERVED_SECONDS = 30.0

Back = dict[str, Any]  # replica_set, revision


def history(cluster: Cluster, deployment: str) -> list[Resource]:
    """The ReplicaSets of a Deployment, newest revision first; the first is the current one."""
    workload = cluster.wait("Deployment", deployment, until=_observed, timeout=OBSERVED_SECONDS)
    uid = workload["metadata"]["uid"]
    found = cluster.list("ReplicaSet", labels=workload.at("spec.selector.matchLabels"))
    owned = [
        item
        for item in found
        if number(item)
        and any(owner["uid"] == uid for owner in item["metadata"].get("ownerReferences") or [])
    ]
    return sorted(owned, key=number, reverse=True)


def number(replica_set: Resource) -> int:
    """A ReplicaSet's revision; 0 when its controller has not given it one."""
    return int((replica_set["metadata"].get("annotations") or {}).get(REVISION, 0))


def target(cluster: Cluster, deployment: str, revision: int | None) -> Back | None:
    """The revision to go back to; None when it is the current one.

    Args:
        cluster: bound to its namespace.
        deployment: whose.
        revision: which; None: the one before the current.

    Raises:
        RunbookError: there is no such revision, or none before the current one, or the Deployment is paused
            or belongs to another object.
    """
    workload = cluster.get("Deployment", deployment)
    workloads.refuse_paused(workload)
    workloads.refuse_controlled(workload)
    found = history(cluster, deployment)
    if revision is None and len(found) < 2:
        raise RunbookError(
            f"there is nothing to roll back to: {deployment} has no revision before its current one",
            fix="deploy an image that works: kit runbook run deploy-release",
        )
    if revision is None:
        return back(found[1])
    chosen = [item for item in found if number(item) == revision]
    if not chosen:
        known = ", ".join(str(number(item)) for item in reversed(found))
        raise RunbookError(f"{deployment} has no revision {revision}; it has {known}")
    return None if chosen[0] is found[0] else back(chosen[0])


def back(replica_set: Resource) -> Back:
    """A revision as a plan keeps it: by the name of its ReplicaSet, for numbers move when one goes back."""
    return {"replica_set": replica_set.name, "revision": number(replica_set)}


def go_back(cluster: Cluster, deployment: str, chosen: Back) -> None:
    """Give a Deployment the pod template of an earlier revision.

    Raises:
        NotFound: that revision was removed meanwhile.
    """
    template = template_of(cluster.get("ReplicaSet", chosen["replica_set"]))
    change = [{"op": "replace", "path": "/spec/template", "value": template}]
    cluster.patch("Deployment", deployment, change, type="json")


def template_of(replica_set: Resource) -> dict[str, Any]:
    """The pod template that a ReplicaSet was made from, without the label that its controller added."""
    template = dict(replica_set.at("spec.template", {}))
    metadata = dict(template.get("metadata") or {})
    labels = {k: v for k, v in (metadata.get("labels") or {}).items() if k != "pod-template-hash"}
    return template | {"metadata": metadata | {"labels": labels}}


def table(cluster: Cluster, deployment: str) -> str:
    """The revisions as text: number, age, pods that are ready, images."""
    lines = [f"{'revision':<10}{'age':<8}{'ready':<8}images"]
    for item in history(cluster, deployment):
        images = ", ".join(c["image"] for c in item.at("spec.template.spec.containers", []))
        ready = f"{item.at('status.readyReplicas', 0)}/{item.at('spec.replicas', 0)}"
        lines.append(f"{number(item):<10}{age(item.age_seconds):<8}{ready:<8}{images}")
    return "\n".join(lines)


def _observed(workload: Resource) -> bool:
    return bool(workload.at("status.observedGeneration", 0) >= workload.at("metadata.generation", 0))
