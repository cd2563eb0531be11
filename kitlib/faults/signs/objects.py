"""Signs on objects by name, on events, and on what answers."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from kitlib.cluster import Cluster, Resource
from kitlib.cluster.rollout import rollout_state
from kitlib.errors import ApiError
from kitlib.faults.signs.pods import of_app
from kitlib.faults.signs.sign import Seen, Trace

MISSING = "there is none"


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


class Terminating(Seen):
    """A pod of an app, or another object, is being deleted and still there."""

    app: str = ""
    kind: str = ""
    name: str = ""

    def instead(self, cluster: Cluster) -> str:
        found = of_app(cluster, self.app) if self.app else [cluster.find(self.kind, self.name)]
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


def _text(event: Resource) -> str:
    return str(event.get("message") or event.get("note") or "")
