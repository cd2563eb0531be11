"""The pods of a namespace, and of the chosen one its log and its events."""

from __future__ import annotations

import html
from typing import Any

import ipywidgets

from kitlib.cluster import Cluster
from kitlib.cluster.resource import Resource, pod_restarts, pod_state
from kitlib.errors import ApiError, KitError
from kitlib.redaction import redact
from kitlib.widgets.live import Live, table
from kitlib.wording import counted

LOG_LINES = 40


class PodView(Live):
    """Pods to choose from, live; below them the log and the events of the one that is chosen.

    Args:
        cluster: where; none: as `kitlib.connect`.
        labels: a selector, such as `app=web`; empty: all pods of the namespace.
    """

    def __init__(self, cluster: Cluster | None = None, labels: str = "") -> None:
        self._labels = labels
        super().__init__(cluster, labels)

    def parts(self) -> list[Any]:
        """The choice, and what is shown of the chosen pod."""
        # JupyterLab takes the arrow keys, which a list would need; buttons are reached and pressed without.
        self.choice = ipywidgets.ToggleButtons(description="pod", style={"button_width": "44em"})
        self.previous = ipywidgets.Checkbox(
            description="log of the run before the last restart", indent=False
        )
        self.said, self.told = ipywidgets.HTML(), ipywidgets.HTML()
        for one in (self.choice, self.previous):
            one.observe(lambda _change: self._chosen(), names="value")
        return [self.choice, self.previous, self.said, self.told]

    def refresh(self) -> str:
        """List the pods; the choice stays where it is still there."""
        pods = self.cluster.list("Pod", labels=self._labels or None)
        self._pods = {pod.name: pod for pod in pods}
        options = [(f"{pod.name}  {pod_state(pod)}, {pod_restarts(pod)} restarts", pod.name) for pod in pods]
        chosen = self.choice.value
        if tuple(options) != tuple(self.choice.options):
            self.choice.options = options
            self.choice.value = chosen if chosen in self._pods else next(iter(self._pods), None)
        self._show()
        return f"{counted(len(pods), 'pod')} in {self.cluster.namespace}"

    def _chosen(self) -> None:
        """Show what was chosen; that the cluster does not answer is shown."""
        try:
            self._show()
        except KitError as error:
            self.said.value, self.told.value = f"✗ {html.escape(error.message)}", ""

    def _show(self) -> None:
        pod = self._pods.get(self.choice.value or "")
        if pod is None:
            self.said.value = self.told.value = ""
            return
        self.said.value = table(f"Log of {pod.name}", f"<pre>{html.escape(self._log(pod))}</pre>")
        told = [f"{event.get('reason')}: {event.get('message')}" for event in self._about(pod)]
        self.told.value = table("Its events", f"<pre>{html.escape(chr(10).join(told) or 'none')}</pre>")

    def _log(self, pod: Resource) -> str:
        """The end of its log, or why there is none; what looks like a secret is hidden."""
        if self.previous.value and not pod_restarts(pod):
            return "it was not restarted yet"
        container = pod.at("spec.containers")[0]["name"]
        try:
            text = self.cluster.logs(
                pod.name, container=container, previous=self.previous.value, tail=LOG_LINES
            )
        except ApiError as error:
            return f"there is none: {error.message}"
        return redact(text) or "(empty)"

    def _about(self, pod: Resource) -> list[Resource]:
        try:
            return list(self.cluster.events(about=pod))
        except ApiError:
            return []  # the pod went meanwhile
