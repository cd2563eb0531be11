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
LEFT, TOP, WIDTH, HEIGHT, BELOW = 24, 10, 600, 150, 22  # of the picture, in pixels
COLOURS = ("#2471a3", "#b9770e", "#7d3c98", "#117864", "#c0392b")


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
    """A line over time for each revision, while it has pods; the same in words for who can't see it."""
    names = list(dict.fromkeys(name for _, ready in moments for name in ready))
    first, last = moments[0][0], max(moments[-1][0], moments[0][0] + 1)
    most = max([1, *(count for _, ready in moments for count in ready.values())])
    lines, keys = [], []
    for name, colour in zip(names, COLOURS * (len(names) // len(COLOURS) + 1), strict=False):
        held = [number for number, (_, ready) in enumerate(moments) if name in ready]
        places = [
            (LEFT + (at - first) / (last - first) * WIDTH, TOP + (1 - ready.get(name, 0) / most) * HEIGHT)
            for at, ready in moments[held[0] : held[-1] + 2]  # down to none, where it went
        ]
        points = " ".join(f"{x:.0f},{y:.0f}" for x, y in [*places, places[-1]])  # of one alone, a dot
        lines.append(f"<polyline stroke='{colour}' points='{points}'/>")
        now = moments[-1][1].get(name, 0)
        keys.append(f"<span style='color:{colour}'>■</span> {html.escape(name)}: {now} ready")
    told = ", ".join(f"{name} {moments[-1][1].get(name, 0)} ready" for name in names) or "no pods"
    whole = f"0 0 {LEFT + WIDTH + LEFT} {TOP + HEIGHT + BELOW}"
    return (
        f"<svg role='img' aria-label='{html.escape(told)}' viewBox='{whole}' style='max-width:{WIDTH}px'>"
        f"{_axes(most, last - first)}"
        f"<g fill='none' stroke-width='3' stroke-linecap='round'>{''.join(lines)}</g></svg>"
        f"<div>{' &nbsp; '.join(keys)}</div>"
    )


def _axes(most: int, seconds: float) -> str:
    """Ready pods upwards, seconds to the right."""
    bottom, right = TOP + HEIGHT, LEFT + WIDTH
    return (
        f"<path d='M{LEFT} {TOP}V{bottom}H{right}' fill='none' stroke='#808b96'/>"
        "<g font-size='12' fill='currentColor'>"
        f"<text x='{LEFT - 6}' y='{TOP + 4}' text-anchor='end'>{most}</text>"
        f"<text x='{LEFT - 6}' y='{bottom + 4}' text-anchor='end'>0</text>"
        f"<text x='{right}' y='{bottom + 16}' text-anchor='end'>{seconds:.0f} s</text></g>"
    )
