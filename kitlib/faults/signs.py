"""What can be seen of a fault: each sign says whether it is there, and else what is there instead."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from kitlib.cluster import Cluster, Resource
from kitlib.cluster.resource import pod_ready, pod_restarts, pod_state
from kitlib.cluster.rollout import rollout_state
from kitlib.errors import ApiError, Invalid, NotFound
from kitlib.faults.strict import OneOf, Strict

MISSING = "there is none"


class Seen(Strict):
    """One sort of sign."""

    def instead(self, cluster: Cluster) -> str:
        """Empty when the sign is there; else what is."""
        raise NotImplementedError

    @property
    def ends(self) -> bool:
        """Whether it ends when the fault is healed."""
        return True


class Trace(Seen):
    """A sign that stays when the fault is healed, as events and logs do."""

    @property
    def ends(self) -> bool:
        return False


class Event(Trace):
    """An event about an object, or about those whose names begin with its and a dash: a workload's pods."""

    kind: str
    name: str
    reason: str
    message: str = ""

    def instead(self, cluster: Cluster) -> str:
        events = [e for e in cluster.list("Event") if self._about(e)]
        if any(e.get("reason") == self.reason and re.search(self.message, _text(e)) for e in events):
            return ""
        return "; ".join(f"{e.get('reason')}: {_text(e)}" for e in events[-2:]) or "no event"

    def _about(self, event: Resource) -> bool:
        name = event.at("involvedObject.name", "")
        named = name == self.name or name.startswith(f"{self.name}-")
        return named and bool(event.at("involvedObject.kind") == self.kind)


class Waiting(Seen):
    """A container of an app's pods waits for a reason, one of them."""

    app: str
    reasons: list[str]
    message: str = ""

    def instead(self, cluster: Cluster) -> str:
        for pod in _pods(cluster, self.app):
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
        for pod in _pods(cluster, self.app):
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
        found = [pod for pod in _pods(cluster, self.app) if self._is(pod)]
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
        most = max((pod_restarts(pod) for pod in _pods(cluster, self.app)), default=0)
        return "" if most >= self.at_least else f"{most} restarts"


class Terminating(Seen):
    """A pod of an app, or another object, is being deleted and still there."""

    app: str = ""
    kind: str = ""
    name: str = ""

    def instead(self, cluster: Cluster) -> str:
        found = _pods(cluster, self.app) if self.app else [cluster.find(self.kind, self.name)]
        return "" if any(i and i["metadata"].get("deletionTimestamp") for i in found) else "nothing ends"


class Ready(Seen):
    """A workload, Job, claim, pod or node is what `Cluster.wait` calls ready."""

    kind: str
    name: str

    @property
    def ends(self) -> bool:
        return False

    def instead(self, cluster: Cluster) -> str:
        found = cluster.find(self.kind, self.name)
        return MISSING if found is None else not_ready(found)


class Condition(Seen):
    """A condition of an object."""

    kind: str
    name: str
    type: str
    status: str = "True"
    reason: str = ""
    message: str = ""

    def instead(self, cluster: Cluster) -> str:
        found = cluster.find(self.kind, self.name)
        if found is None:
            return MISSING
        for item in found.at("status.conditions", []):
            named = item["type"] == self.type and item["status"] == self.status
            fits = re.search(self.message, item.get("message", ""))
            if named and fits and self.reason in ("", item.get("reason")):
                return ""
        return json.dumps(found.at("status.conditions", []))[:600]


class Value(Seen):
    """A field of an object has a value; null: it is absent."""

    kind: str
    name: str
    path: str
    equals: Any = None

    def instead(self, cluster: Cluster) -> str:
        found = cluster.find(self.kind, self.name)
        if found is None:
            return MISSING
        value = found.at(self.path)
        return "" if value == self.equals else f"{self.path} is {value!r}"


class Absent(Seen):
    """There is no such object."""

    kind: str
    name: str

    def instead(self, cluster: Cluster) -> str:
        return "" if cluster.find(self.kind, self.name) is None else "it is there"


class Endpoints(Seen):
    """How many addresses behind a Service are ready: none, or some."""

    service: str
    some: bool = False

    @property
    def ends(self) -> bool:
        return not self.some

    def instead(self, cluster: Cluster) -> str:
        slices = cluster.list("EndpointSlice", labels={"kubernetes.io/service-name": self.service})
        items = [item for piece in slices if piece.get("ports") for item in piece.get("endpoints") or []]
        ready = sum((item.get("conditions") or {}).get("ready") is not False for item in items)
        return "" if bool(ready) == self.some else f"{ready} addresses are ready"


class Answers(Seen):
    """What a Service answers through the API server, as a status; 503 stands for no connection."""

    service: str
    path: str = "/"
    port: str = "http"
    statuses: tuple[int, ...] = (200,)

    def instead(self, cluster: Cluster) -> str:
        path = f"services/{self.service}:{self.port}/proxy{self.path}"
        return _answer(cluster, f"/api/v1/namespaces/{cluster.namespace}/{path}", self.statuses)


class Ingress(Seen):
    """What the ingress controller answers for a path, as a status."""

    path: str
    statuses: tuple[int, ...]

    def instead(self, cluster: Cluster) -> str:
        place = cluster.within("ingress-nginx")
        labels = {"app.kubernetes.io/component": "controller"}
        for pod in place.list("Pod", labels=labels):
            where = f"/api/v1/namespaces/ingress-nginx/pods/{pod.name}:8000/proxy{self.path}"
            return _answer(cluster, where, self.statuses)
        return "there is no ingress controller"


class Log(Trace):
    """A line in the log of an app's pods, of this run or the one before."""

    app: str
    pattern: str
    container: str | None = None

    def instead(self, cluster: Cluster) -> str:
        texts = [text for pod in _pods(cluster, self.app) for text in self._texts(cluster, pod)]
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


class Sign(OneOf):
    """One sign."""

    event: Event | None = None
    waiting: Waiting | None = None
    terminated: Terminated | None = None
    pods: Pods | None = None
    restarts: Restarts | None = None
    terminating: Terminating | None = None
    ready: Ready | None = None
    condition: Condition | None = None
    value: Value | None = None
    absent: Absent | None = None
    endpoints: Endpoints | None = None
    answers: Answers | None = None
    ingress: Ingress | None = None
    log: Log | None = None
    memory: Memory | None = None

    @property
    def ends(self) -> bool:
        """Whether it ends when the fault is healed."""
        return bool(self.chosen.ends)

    def instead(self, cluster: Cluster) -> str:
        """Empty when the sign is there; else what is."""
        return str(self.chosen.instead(cluster))


def not_ready(found: Resource) -> str:
    """What keeps an object from being ready; empty when it is."""
    if found.kind in ("Deployment", "StatefulSet", "DaemonSet"):
        state = rollout_state(found)
        return "" if state.done else state.message
    if found.kind == "PersistentVolumeClaim":
        return "" if found.at("status.phase") == "Bound" else f"it is {found.at('status.phase')}"
    kind = "Complete" if found.kind == "Job" else "Ready"
    conditions = found.at("status.conditions", [])
    done = any(c["type"] == kind and c["status"] == "True" for c in conditions)
    return "" if done else f"condition {kind} does not hold"


def _answer(cluster: Cluster, path: str, statuses: Sequence[int]) -> str:
    try:
        cluster.api.raw("get", path)
        status = 200
    except ApiError as error:
        status = error.status
    return "" if status in statuses else f"it answers {status}"


def _pods(cluster: Cluster, app: str) -> list[Resource]:
    return list(cluster.list("Pod", labels={"app": app}))


def _statuses(pod: Resource) -> list[dict[str, Any]]:
    return [*pod.at("status.initContainerStatuses", []), *pod.at("status.containerStatuses", [])]


def _states(cluster: Cluster, app: str) -> str:
    return ", ".join(f"{pod.name} {pod_state(pod)}" for pod in _pods(cluster, app)) or "no pods"


def _text(event: Resource) -> str:
    return str(event.get("message") or event.get("note") or "")
