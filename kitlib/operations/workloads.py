"""Workloads by their name, and the containers of their pod template."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from kitlib.cluster import Cluster, Resource
from kitlib.errors import NotFound, RunbookError

GROUPS = ("initContainers", "containers")


def find(cluster: Cluster, text: str) -> Resource:
    """The workload that a text names: `web` and `Deployment/web` are the same, `StatefulSet/db` another.

    Raises:
        NotFound: there is none; the nearest name is offered.
    """
    kind, name = split(text)
    found = cluster.find(kind, name)
    if found is not None:
        return found
    near = get_close_matches(name, [item.name for item in cluster.list(kind)], n=1)
    raise NotFound(
        f"there is no {kind} {name!r} in namespace {cluster.namespace}",
        status=404,
        fix=f"did you mean {near[0]!r}?" if near else f"kubectl -n {cluster.namespace} get {kind.lower()}s",
    )


def split(text: str) -> tuple[str, str]:
    """Kind and name: a name alone is a Deployment's."""
    kind, slash, name = text.partition("/")
    return (kind, name) if slash else ("Deployment", text)


def container(workload: Resource, name: str | None) -> dict[str, Any]:
    """The container of that name; without a name the only one.

    Raises:
        RunbookError: there is none, or none is named and there are several.
    """
    found: list[dict[str, Any]] = workload.at("spec.template.spec.containers", [])
    chosen = [item for item in found if item["name"] == name] if name else found
    if len(chosen) == 1:
        return chosen[0]
    names = ", ".join(item["name"] for item in found)
    problem = f"has no container {name!r}" if name else "has several containers"
    raise RunbookError(f"{workload.kind} {workload.name} {problem}: {names}", fix="container=NAME")


def refuse_paused(workload: Resource) -> None:
    """Refuse a Deployment whose rollout a person has paused: no change of its template reaches a pod.

    Raises:
        RunbookError: it is paused.
    """
    if workload.at("spec.paused"):
        raise RunbookError(
            f"{workload.kind} {workload.name} is paused, so no change of its template reaches a pod",
            fix=f"kubectl -n {workload.namespace} rollout resume {workload.kind.lower()}/{workload.name}",
        )


def refuse_controlled(workload: Resource) -> None:
    """Refuse a workload that another object controls, which would set it back.

    Raises:
        RunbookError: names the owner.
    """
    for owner in workload["metadata"].get("ownerReferences") or []:
        if owner.get("controller"):
            raise RunbookError(
                f"{workload.kind} {workload.name} belongs to {owner['kind']} {owner['name']}, which would "
                "set it back",
                fix=f"change {owner['kind']} {owner['name']} instead",
            )


def pods(cluster: Cluster, workload: Resource) -> list[Resource]:
    """The pods that a workload's selector chooses and that are not on their way out."""
    labels = workload.at("spec.selector.matchLabels")
    found = cluster.list("Pod", labels=labels, namespace=workload.namespace)
    return [pod for pod in found if not pod["metadata"].get("deletionTimestamp")]


def template_patch(changes: dict[str, dict[str, dict[str, Any]]]) -> dict[str, Any]:
    """A strategic merge patch of a pod template, which merges containers by name.

    Args:
        changes: fields by container by group (`containers` or `initContainers`).
    """
    spec = {
        group: [{"name": name, **fields} for name, fields in items.items()]
        for group, items in changes.items()
        if items
    }
    return {"spec": {"template": {"spec": spec}}}
