"""A rollout as it goes: how many pods of each revision there are, how many are ready, over time."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

import ipywidgets

from kitlib.cluster import Cluster, Resource
from kitlib.cluster.resource import pod_ready
from kitlib.cluster.rollout import rollout_state
from kitlib.lessons import timelines
from kitlib.lessons.pictures import Picture
from kitlib.operations import revisions, workloads
from kitlib.widgets.live import Live

MOST = 120  # moments that are kept
# The numbers that a revision had before: k8s.io/kubernetes/pkg/controller/deployment/util
_EARLIER = "deployment.kubernetes.io/revision-history"


class RolloutView(Live):
    """One workload's rollout, live, with a picture of the pods of each revision over time.

    Args:
        workload: its name; `StatefulSet/db` for one that is no Deployment.
        cluster: where; none: as `kitlib.connect`.
    """

    def __init__(self, workload: str, cluster: Cluster | None = None) -> None:
        self._workload = workload
        self._started = time.monotonic()
        self.moments: list[tuple[float, dict[str, int]]] = []  # seconds, ready pods by revision's hash
        self.names: dict[str, str] = {}  # of the revisions, by hash
        super().__init__(cluster, workload)

    def parts(self) -> list[Any]:
        """The picture, with the numbers beneath it."""
        self.picture = ipywidgets.HTML()
        return [self.picture]

    def refresh(self) -> str:
        """Count the ready pods of each revision."""
        item = workloads.find(self.cluster, self._workload)
        ready: dict[str, int] = {}
        for pod in workloads.pods(self.cluster, item):
            labels = pod.labels
            revision = labels.get("pod-template-hash") or labels.get("controller-revision-hash", "?")
            ready[revision] = ready.get(revision, 0) + pod_ready(pod)
        self.names |= _names(self.cluster, item, ready)
        self.moments = [*self.moments, (time.monotonic() - self._started, ready)][-MOST:]
        self.picture.value = _drawn(item.name, self.moments, self.names)._repr_html_()
        return f"{item.kind} {item.name}: {rollout_state(item).message}"


def _names(cluster: Cluster, workload: Resource, hashes: Iterable[str]) -> dict[str, str]:
    """The revisions of these hashes by their numbers, as `kubectl rollout history` has them.

    One that its controller has not given a number yet is left out.
    """
    kind = "ReplicaSet" if workload.kind == "Deployment" else "ControllerRevision"
    kept = cluster.list(kind, labels=workload.at("spec.selector.matchLabels"))
    named = {ending: _name(item) for ending in hashes for item in kept if item.name.endswith(ending)}
    return {ending: name for ending, name in named.items() if name}


def _name(revision: Resource) -> str:
    notes = revision["metadata"].get("annotations") or {}
    number = revision.get("revision") or revisions.number(revision)  # a ControllerRevision has a field for it
    earlier = f" (was {notes[_EARLIER].replace(',', ', ')})" if _EARLIER in notes else ""
    return f"revision {number}{earlier}" if number else ""


def _drawn(workload: str, moments: list[tuple[float, dict[str, int]]], names: Mapping[str, str]) -> Picture:
    """A line over time for each revision, from when it has pods on; in words: what is ready now."""
    series: dict[str, list[tuple[float, float]]] = {}
    for at, ready in moments:
        for revision in {**series, **ready}:
            point = (at - moments[0][0], float(ready.get(revision, 0)))
            series.setdefault(revision, []).append(point)
    named = {names.get(revision, revision): points for revision, points in series.items()}
    words = ", ".join(f"{name}: {points[-1][1]:.0f} ready" for name, points in named.items())
    panel = timelines.Panel("ready pods", named)
    return timelines.drawn(f"The rollout of {workload}", words or "no pods", panel)
