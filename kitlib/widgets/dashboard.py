"""A cluster at a glance: its nodes, the pods of a namespace, and what happened there last."""

from __future__ import annotations

from typing import Any

import ipywidgets
import pandas

from kitlib import markup
from kitlib.cluster import Cluster
from kitlib.cluster.resource import ResourceList, age, pod_ready
from kitlib.widgets.live import Live, table
from kitlib.wording import counted

EVENTS = 8  # the newest


class Dashboard(Live):
    """Nodes, pods and events of the cluster's namespace, live.

    Args:
        cluster: where; none: as `kitlib.connect`.
    """

    height = "34em"

    def __init__(self, cluster: Cluster | None = None) -> None:
        super().__init__(cluster)

    def parts(self) -> list[Any]:
        """One part for each table."""
        self.nodes, self.pods, self.events = (ipywidgets.HTML() for _ in range(3))
        return [self.nodes, self.pods, self.events]

    def refresh(self) -> str:
        """Three lists, whatever the size."""
        nodes, pods = self.cluster.list("Node"), self.cluster.list("Pod")
        events = self.cluster.events()[-EVENTS:]
        self.nodes.value = table("Nodes", nodes._repr_html_())
        self.pods.value = table(f"Pods in {self.cluster.namespace}", pods._repr_html_())
        self.events.value = table("What happened last", _told(ResourceList(events)))
        ready = sum(map(pod_ready, pods))
        count = counted(len(nodes), "node")
        return f"{count}; {ready} of {len(pods)} pods of {self.cluster.namespace} are ready"


def _told(events: ResourceList) -> str:
    """The events, newest first."""
    rows = [
        {
            "age": age(event.age_seconds),
            "type": event.get("type", ""),
            "reason": event.get("reason", ""),
            "object": f"{event.at('involvedObject.kind')}/{event.at('involvedObject.name')}",
            "message": str(event.get("message", ""))[:200],
        }
        for event in reversed(events)
    ]
    return markup.frame(pandas.DataFrame(rows)) if rows else "<i>nothing</i>"
