"""What happened in a namespace: one timeline from events, containers, rollouts and conditions, and logs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from kitlib.cluster import Cluster, Resource
from kitlib.cluster.resource import pod_ready, pod_restarts, pod_state
from kitlib.errors import Invalid, NotFound

if TYPE_CHECKING:
    import pandas

LOG_LINES = 40
MOST_SUSPECTS = 10


@dataclass(frozen=True, order=True)
class Moment:
    """Something that happened: when (UTC), to what, and how it is known."""

    at: datetime
    object: str
    what: str
    source: str


def timeline(cluster: Cluster, *, since: timedelta) -> list[Moment]:
    """All that is known to have happened in the cluster's namespace, oldest first.

    Args:
        since: how far to look back. The API server keeps events for an hour by default; containers, rollouts
            and conditions tell of earlier times too.
    """
    found = [
        *_events(cluster),
        *(moment for pod in cluster.list("Pod") for moment in _containers(pod)),
        *(moment for item in cluster.list("ReplicaSet") for moment in _rollouts(item)),
        *(moment for item in cluster.list("Deployment") for moment in _conditions(item)),
    ]
    first = datetime.now(UTC) - since
    return sorted({moment for moment in found if moment.at >= first})


def frame(moments: list[Moment]) -> pandas.DataFrame:
    """The timeline as a table: at (UTC), object, what, source."""
    import pandas

    columns = ["at", "object", "what", "source"]
    return pandas.DataFrame([[m.at, m.object, m.what, m.source] for m in moments], columns=columns)


def markdown(moments: list[Moment]) -> str:
    """The timeline as a table in Markdown, for a ticket."""
    rows = [f"| {m.at:%H:%M:%S} | {m.object} | {_cell(m.what)} | {m.source} |" for m in moments]
    return "\n".join(["| UTC | object | what happened | known from |", "|---|---|---|---|", *rows])


def suspects(cluster: Cluster) -> list[Resource]:
    """The pods that are not well or were restarted, most restarts first; ended Jobs' pods are well."""
    pods = [pod for pod in cluster.list("Pod") if pod.at("status.phase") != "Succeeded"]
    bad = [pod for pod in pods if not pod_ready(pod) or pod_restarts(pod)]
    return sorted(bad, key=lambda pod: (-pod_restarts(pod), pod.name))


def last_words(cluster: Cluster, pod: Resource) -> Iterator[tuple[str, str]]:
    """The end of each container's log, with a title; of its previous run where it was restarted."""
    for status in pod.at("status.initContainerStatuses", []) + pod.at("status.containerStatuses", []):
        restarts = int(status.get("restartCount", 0))
        which, text = _log(cluster, pod, status["name"], restarted=restarts > 0)
        yield f"{pod.name}, {status['name']}: {which} ({pod_state(pod)}, {restarts} restarts)", text


def _log(cluster: Cluster, pod: Resource, container: str, *, restarted: bool) -> tuple[str, str]:
    """Which log it is, and its end. The run before may be removed already: then the newest has to do."""
    text = ""
    for previous in (True, False) if restarted else (False,):
        try:
            text = cluster.logs(pod.name, container=container, previous=previous, tail=LOG_LINES)
        except (NotFound, Invalid) as error:  # it was removed, or has not started
            text = error.message
            continue
        return "its run before" if previous else "its log", text.strip() or "(nothing)"
    return "no log", text


def _events(cluster: Cluster) -> Iterator[Moment]:
    for event in cluster.events():
        series = event.get("series") or {}
        last = series.get("lastObservedTime") or event.get("lastTimestamp") or event.get("eventTime")
        at = _time(last or event["metadata"]["creationTimestamp"])
        count = int(series.get("count") or event.get("count") or 1)
        about = event.get("involvedObject") or {}
        times = f" ({count} times)" if count > 1 else ""
        what = f"{event.get('reason', '')}: {event.get('message', '')}{times}"
        yield Moment(at, f"{about.get('kind', '')}/{about.get('name', '')}", what.strip(), "event")


def _containers(pod: Resource) -> Iterator[Moment]:
    for status in pod.at("status.initContainerStatuses", []) + pod.at("status.containerStatuses", []):
        name = f"Pod/{pod.name}"
        for state in (status.get("lastState") or {}, status.get("state") or {}):
            running, ended = state.get("running") or {}, state.get("terminated") or {}
            if at := running.get("startedAt") or ended.get("startedAt"):
                yield Moment(_time(at), name, f"{status['name']} started", "pod state")
            if at := ended.get("finishedAt"):
                why = ended.get("reason") or "ended"
                what = f"{status['name']} ended: {why}, exit code {ended.get('exitCode')}"
                yield Moment(_time(at), name, what, "pod state")


def _rollouts(replica_set: Resource) -> Iterator[Moment]:
    owner = next(iter(replica_set.at("metadata.ownerReferences", [])), None)
    if owner is None:
        return
    annotations = replica_set["metadata"].get("annotations") or {}
    revision = annotations.get("deployment.kubernetes.io/revision", "?")
    images = ", ".join(c["image"] for c in replica_set.at("spec.template.spec.containers", []))
    at = _time(replica_set["metadata"]["creationTimestamp"])
    yield Moment(at, f"{owner['kind']}/{owner['name']}", f"revision {revision} with {images}", "rollout")


def _conditions(workload: Resource) -> Iterator[Moment]:
    for condition in workload.at("status.conditions", []):
        at = condition.get("lastTransitionTime")
        if at:
            what = f"{condition['type']} became {condition['status']}: {condition.get('message', '')}"
            yield Moment(_time(at), f"{workload.kind}/{workload.name}", what, "condition")


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
