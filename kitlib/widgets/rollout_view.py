"""A rollout as it goes: how many pods of each revision there are, how many are ready, over time."""

from __future__ import annotations

import time
from typing import Any

import ipywidgets

from kitlib.cluster import Cluster
from kitlib.cluster.resource import pod_ready
from kitlib.cluster.rollout import rollout_state
from kitlib.lessons import timelines
from kitlib.lessons.pictures import Picture
from kitlib.operations import workloads
from kitlib.widgets.live import Live

MOST = 120  # moments that are kept


class RolloutView(Live):
    """One workload's rollout, live, with a picture of the pods of each revision over time.

    Args:
        workload: its name; `StatefulSet/db` for one that is no Deployment.
        cluster: where; none: as `kitlib.connect`.
    """

    def __init__(self, workload: str, cluster: Cluster | None = None) -> None:
        self._workload = workload
        self._started = time.monotonic()
        self.moments: list[tuple[float, dict[str, int]]] = []  # seconds, ready pods by revision
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
        self.moments = [*self.moments, (time.monotonic() - self._started, ready)][-MOST:]
        self.picture.value = _drawn(f"The rollout of {item.name}", self.moments)._repr_html_()
        return f"{item.kind} {item.name}: {rollout_state(item).message}"


def _drawn(title: str, moments: list[tuple[float, dict[str, int]]]) -> Picture:
    """A line over time for each revision, from when it has pods on; in words: what is ready now."""
    series: dict[str, list[tuple[float, float]]] = {}
    for at, ready in moments:
        for revision in {**series, **ready}:
            point = (at - moments[0][0], float(ready.get(revision, 0)))
            series.setdefault(revision, []).append(point)
    words = ", ".join(f"{revision} {points[-1][1]:.0f} ready" for revision, points in series.items())
    return timelines.drawn(title, words or "no pods", timelines.Panel("ready pods", series))
