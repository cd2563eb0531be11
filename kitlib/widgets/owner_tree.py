"""Who made what: workloads, and beneath them what they own, down to the pods."""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import Any

import ipywidgets

from kitlib.cluster import Cluster
from kitlib.cluster.resource import Resource, pod_ready, pod_state
from kitlib.cluster.rollout import rollout_state
from kitlib.widgets.live import Live
from kitlib.wording import counted

KINDS = ("Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "ReplicaSet", "Pod")


class OwnerTree(Live):
    """The owner chains of a namespace as a tree, live: Deployment, ReplicaSet, Pod; CronJob, Job, Pod.

    Args:
        cluster: where; none: as `kitlib.connect`.
    """

    height = "18em"

    def __init__(self, cluster: Cluster | None = None) -> None:
        super().__init__(cluster)

    def parts(self) -> list[Any]:
        """The tree."""
        self.tree = ipywidgets.HTML()
        return [self.tree]

    def refresh(self) -> str:
        """List what can own pods, and draw it."""
        items = [item for kind in KINDS for item in self.cluster.list(kind)]
        uids = {item["metadata"]["uid"] for item in items}
        beneath: dict[str, list[Resource]] = {}
        for item in items:
            above = _controller(item)
            beneath.setdefault(above if above in uids else "", []).append(item)
        drawn = list(_drawn(beneath, ""))
        self.tree.value = "".join(drawn) or "<i>nothing runs here</i>"
        shown = sum(part.startswith("<li>") for part in drawn)
        return f"{counted(shown, 'object')} of {self.cluster.namespace}: pods, and what they belong to"


def _drawn(beneath: dict[str, list[Resource]], uid: str) -> Iterator[str]:
    """A nested list, which screen readers announce with its depth; ReplicaSets without pods are left out."""
    shown = [item for item in beneath.get(uid, []) if not _past(item, beneath)]
    if not shown:
        return
    yield "<ul role='list' style='list-style:none'>"  # some readers pass over a list without bullets
    for item in shown:
        mark, told = _state(item)
        yield f"<li>{mark} {item.kind} <b>{html.escape(item.name)}</b> {html.escape(told)}"
        yield from _drawn(beneath, item["metadata"]["uid"])
        yield "</li>"
    yield "</ul>"


def _state(item: Resource) -> tuple[str, str]:
    if item.kind == "Pod":
        well = pod_ready(item) or item.at("status.phase") == "Succeeded"
        return ("✓" if well else "✗"), pod_state(item)
    if item.kind in ("Deployment", "StatefulSet", "DaemonSet"):
        found = rollout_state(item)
        return ("✓" if found.done else "✗" if found.failed else "…"), found.message
    return "", ""


def _past(item: Resource, beneath: dict[str, list[Resource]]) -> bool:
    return (
        item.kind == "ReplicaSet"
        and not item.at("spec.replicas")
        and not beneath.get(item["metadata"]["uid"])
    )


def _controller(item: Resource) -> str:
    owners = item["metadata"].get("ownerReferences") or []
    return next((str(owner["uid"]) for owner in owners if owner.get("controller")), "")
