"""A rollout as it goes: how many pods of each revision there are, how many are ready, over time."""

from __future__ import annotations

import html
import time
from typing import Any

import ipywidgets

from kitlib.cluster import Cluster
from kitlib.cluster.resource import pod_ready
from kitlib.cluster.rollout import rollout_state
from kitlib.operations import workloads
from kitlib.widgets.live import Live

MOST = 120  # moments that are kept
WIDTH, HEIGHT, COLOURS = 600, 160, ("#2471a3", "#b9770e", "#7d3c98", "#117864", "#c0392b")


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
        self.picture.value = _drawn(self.moments)
        return f"{item.kind} {item.name}: {rollout_state(item).message}"


def _drawn(moments: list[tuple[float, dict[str, int]]]) -> str:
    """Lines over time as SVG; the same in words for who can't see it."""
    names = list(dict.fromkeys(name for _, ready in moments for name in ready))
    first, last = moments[0][0], max(moments[-1][0], moments[0][0] + 1)
    most = max([1, *(count for _, ready in moments for count in ready.values())])
    lines, keys = [], []
    for name, colour in zip(names, COLOURS * (len(names) // len(COLOURS) + 1), strict=False):
        points = " ".join(
            f"{(at - first) / (last - first) * WIDTH:.0f},"
            f"{HEIGHT - ready.get(name, 0) / most * (HEIGHT - 10):.0f}"
            for at, ready in moments
        )
        lines.append(f"<polyline fill='none' stroke='{colour}' stroke-width='2' points='{points}'/>")
        now = moments[-1][1].get(name, 0)
        keys.append(f"<span style='color:{colour}'>■</span> {html.escape(name)}: {now} ready")
    told = ", ".join(f"{name} {moments[-1][1].get(name, 0)} ready" for name in names) or "no pods"
    return (
        f"<svg role='img' aria-label='{html.escape(told)}' viewBox='0 0 {WIDTH} {HEIGHT}' width='{WIDTH}'>"
        f"{''.join(lines)}</svg><div>{' &nbsp; '.join(keys)}</div>"
    )
