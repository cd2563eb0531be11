"""Signs on an app's pods: those whose label `app` is its name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from kitlib.cluster import Cluster, Resource
from kitlib.cluster.resource import pod_ready, pod_restarts, pod_state
from kitlib.errors import Invalid, NotFound
from kitlib.faults.signs.sign import Seen, Trace


class Waiting(Seen):
    """A container of an app's pods waits for a reason, one of them."""

    app: str
    reasons: list[str]
    message: str = ""

    def instead(self, cluster: Cluster) -> str:
        for pod in of_app(cluster, self.app):
            for status in _statuses(pod):
                waiting = status["state"].get("waiting") or {}
                fits = re.search(self.message, waiting.get("message", ""))
                if waiting.get("reason") in self.reasons and fits:
                    return ""
        return _states(cluster, self.app)


class Terminated(Trace):
    """A container of an app's pods ended, in this run or the one before."""

    app: str
    reason: str = ""
    exit_code: int | None = None

    def instead(self, cluster: Cluster) -> str:
        for pod in of_app(cluster, self.app):
            for status in _statuses(pod):
                for state in (status["state"], status.get("lastState") or {}):
                    if self._is(state.get("terminated")):
                        return ""
        return _states(cluster, self.app)

    def _is(self, ended: dict[str, Any] | None) -> bool:
        if not ended or (self.reason and ended.get("reason") != self.reason):
            return False
        return self.exit_code is None or ended.get("exitCode") == self.exit_code


class Pods(Seen):
    """How many pods an app has, those that are being deleted aside; `ready` and `phase` choose among them."""

    app: str
    ready: bool | None = None
    phase: str = ""
    at_least: int = 1
    at_most: int | None = None

    def instead(self, cluster: Cluster) -> str:
        found = [pod for pod in of_app(cluster, self.app) if self._is(pod)]
        if len(found) >= self.at_least and (self.at_most is None or len(found) <= self.at_most):
            return ""
        return f"{len(found)} such pods: {_states(cluster, self.app)}"

    @property
    def ends(self) -> bool:
        return not self.ready  # pods that are well belong to no fault, and stay

    def _is(self, pod: Resource) -> bool:
        if pod["metadata"].get("deletionTimestamp") or (self.phase and pod.at("status.phase") != self.phase):
            return False
        return self.ready is None or pod_ready(pod) == self.ready


class Restarts(Trace):
    """An app's pod restarted so often."""

    app: str
    at_least: int

    def instead(self, cluster: Cluster) -> str:
        most = max((pod_restarts(pod) for pod in of_app(cluster, self.app)), default=0)
        return "" if most >= self.at_least else f"{most} restarts"


class Log(Trace):
    """A line in the log of an app's pods, of this run or the one before."""

    app: str
    pattern: str
    container: str | None = None

    def instead(self, cluster: Cluster) -> str:
        texts = [text for pod in of_app(cluster, self.app) for text in self._texts(cluster, pod)]
        if any(re.search(self.pattern, text) for text in texts):
            return ""
        return "log: " + " | ".join(line for text in texts for line in text.splitlines()[-2:])[-400:]

    def _texts(self, cluster: Cluster, pod: Resource) -> Iterator[str]:
        for previous in (False, True):
            try:
                yield cluster.logs(pod.name, container=self.container, previous=previous)
            except (NotFound, Invalid):
                continue  # it has not started, or has no run before this one


class Memory(Seen):
    """An app's pod uses so many MiB, as the metrics server measures."""

    app: str
    above: int

    def instead(self, cluster: Cluster) -> str:
        found = cluster.list("PodMetrics", labels={"app": self.app})
        used = [int(c["usage"]["memory"].removesuffix("Ki")) // 1024 for p in found for c in p["containers"]]
        return "" if any(value > self.above for value in used) else f"{used} MiB"


def _statuses(pod: Resource) -> list[dict[str, Any]]:
    return [*pod.at("status.initContainerStatuses", []), *pod.at("status.containerStatuses", [])]


def _states(cluster: Cluster, app: str) -> str:
    return ", ".join(f"{pod.name} {pod_state(pod)}" for pod in of_app(cluster, app)) or "no pods"


def of_app(cluster: Cluster, app: str) -> list[Resource]:
    """The pods of an app, those that are being deleted too."""
    return list(cluster.list("Pod", labels={"app": app}))
