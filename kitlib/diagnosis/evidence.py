"""Everything the rules look at, gathered once for one workload, in a bounded number of requests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from kitlib.cluster import Cluster, Resource
from kitlib.cluster.resource import pod_ready
from kitlib.cluster.rollout import RolloutState, rollout_state
from kitlib.diagnosis.environment import references
from kitlib.errors import ApiError
from kitlib.findings import Ref
from kitlib.redaction import redact

LOG_PODS = 3
LOG_LINES = 60
LOG_BYTES = 60_000
REVISION = "deployment.kubernetes.io/revision"


@dataclass(frozen=True)
class Log:
    """The end of one container's log."""

    pod: str
    container: str
    text: str
    previous: bool = False

    @property
    def source(self) -> str:
        """Where a line of it comes from."""
        run = ", previous run" if self.previous else ""
        return f"log of {self.pod}, container {self.container}{run}"


@dataclass(frozen=True)
class Status:
    """One container of one pod: what the kubelet says, and what the spec asked for."""

    pod: Resource
    name: str
    init: bool
    status: dict[str, Any]
    spec: dict[str, Any]

    def state(self, name: str, *, last: bool = False) -> dict[str, Any]:
        """The state `waiting`, `running` or `terminated`, now or last; empty when it is another."""
        return dict((self.status.get("lastState" if last else "state") or {}).get(name) or {})

    @property
    def restarts(self) -> int:
        """How often it was restarted."""
        return int(self.status.get("restartCount", 0))

    @property
    def source(self) -> str:
        """How to name it in a quote."""
        return f"status of {self.pod.name}, container {self.name}"


@dataclass(frozen=True)
class Evidence:
    """What was read about one workload.

    Args:
        workload: the Deployment, StatefulSet or DaemonSet.
        replica_sets: those it owns, newest revision first.
        pods: its pods that are not being deleted.
        events: those about the workload, its ReplicaSets and its pods, oldest first.
        services: all of the namespace.
        objects: the ConfigMaps and Secrets that its template names, by (kind, name).
        names: what ConfigMaps and Secrets there are, by kind; read only when one is missing.
        logs: of containers that are not well, previous runs first.
        at: when it was gathered.
    """

    workload: Resource
    replica_sets: list[Resource] = field(default_factory=list)
    pods: list[Resource] = field(default_factory=list)
    events: list[Resource] = field(default_factory=list)
    services: list[Resource] = field(default_factory=list)
    objects: dict[tuple[str, str], Resource] = field(default_factory=dict, repr=False)
    names: dict[str, list[str]] = field(default_factory=dict)
    logs: list[Log] = field(default_factory=list)
    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def ref(self) -> Ref:
        """The workload's name."""
        return Ref(self.workload.kind, self.workload.name, self.workload.namespace)

    @property
    def template(self) -> dict[str, Any]:
        """The workload's pod template."""
        return dict(self.workload.at("spec.template", {}))

    @property
    def rollout(self) -> RolloutState:
        """How far the workload is."""
        return rollout_state(self.workload)

    @property
    def statuses(self) -> list[Status]:
        """The containers of all pods that report a status, init containers first."""
        return [status for pod in self.pods for status in container_statuses(pod)]

    @property
    def healthy_revision(self) -> Resource | None:
        """The newest ReplicaSet before the current one that still has ready pods: proof that it works."""
        return next((rs for rs in self.replica_sets[1:] if rs.at("status.readyReplicas", 0)), None)

    def events_of(self, item: Resource, *reasons: str) -> list[Resource]:
        """The events about one object with one of the reasons."""
        uid = item["metadata"].get("uid")
        return [e for e in self.events if e.at("involvedObject.uid") == uid and e.get("reason") in reasons]


def container_statuses(pod: Resource) -> Iterator[Status]:
    """The containers of a pod that report a status, init containers first."""
    for init, spec_key, key in (
        (True, "initContainers", "initContainerStatuses"),
        (False, "containers", "containerStatuses"),
    ):
        specs = {spec["name"]: spec for spec in pod.at(f"spec.{spec_key}", []) or []}
        for status in pod.at(f"status.{key}", []) or []:
            yield Status(pod, status["name"], init, status, specs.get(status["name"], {}))


def gather(cluster: Cluster, kind: str, name: str, namespace: str | None = None) -> Evidence:
    """Read what the rules need about one workload.

    Six list calls and one get for each ConfigMap and Secret that the template names; logs of at most
    three pods.

    Raises:
        NotFound: no such workload.
        ClusterUnreachable, ApiError: see kitlib.errors.
    """
    workload = cluster.get(kind, name, namespace=namespace)
    here = cluster.within(workload.namespace)
    labels = workload.at("spec.selector.matchLabels", {})
    owned = _owned(here.list("ReplicaSet", labels=labels), {workload["metadata"]["uid"]})
    owned.sort(key=lambda rs: int((rs["metadata"].get("annotations") or {}).get(REVISION, 0)), reverse=True)
    uids = {item["metadata"]["uid"] for item in [workload, *owned]}
    pods = [p for p in _owned(here.list("Pod", labels=labels), uids) if not _going(p)]
    uids |= {pod["metadata"]["uid"] for pod in pods}
    events = [e for e in here.events() if e.at("involvedObject.uid") in uids]
    objects, names = _configuration(here, workload)
    services = list(here.list("Service"))
    return Evidence(workload, owned, pods, events, services, objects, names, _logs(here, pods))


def _owned(items: list[Resource], owners: set[str]) -> list[Resource]:
    return [
        item
        for item in items
        if owners & {owner["uid"] for owner in item["metadata"].get("ownerReferences") or []}
    ]


def _going(pod: Resource) -> bool:
    return bool(pod["metadata"].get("deletionTimestamp"))


def _configuration(
    here: Cluster, workload: Resource
) -> tuple[dict[tuple[str, str], Resource], dict[str, list[str]]]:
    needed = {(item.kind, item.name) for item in references(workload.at("spec.template", {}))}
    found = {(kind, name): here.find(kind, name) for kind, name in sorted(needed) if name}
    objects = {key: item for key, item in found.items() if item is not None}
    missing = {kind for kind, name in found.keys() - objects.keys()}
    return objects, {kind: [item.name for item in here.list(kind)] for kind in sorted(missing)}


def _logs(here: Cluster, pods: list[Resource]) -> list[Log]:
    """Logs of containers that are not well; of the youngest pods, for the newest template is theirs."""
    unwell = [pod for pod in pods if not pod_ready(pod) or _restarted(pod)]
    unwell.sort(key=lambda pod: str(pod["metadata"]["creationTimestamp"]), reverse=True)
    logs = []
    for pod in unwell[:LOG_PODS]:
        for item in container_statuses(pod):
            if _suspect(item):
                logs += [
                    log for previous in (True, False) if (log := _log(here, item, previous)) and log.text
                ]
    return logs


def _restarted(pod: Resource) -> bool:
    return any(item.restarts for item in container_statuses(pod))


def _suspect(item: Status) -> bool:
    if item.state("terminated"):
        return bool(item.state("terminated").get("exitCode"))
    if item.state("waiting"):
        return item.restarts > 0
    return item.restarts > 0 or not item.status.get("ready")


def _log(here: Cluster, item: Status, previous: bool) -> Log | None:
    if previous and not item.restarts:
        return None
    try:
        text = here.logs(
            item.pod.name, container=item.name, previous=previous, tail=LOG_LINES, limit_bytes=LOG_BYTES
        )
    except ApiError:
        return None  # already rotated away, or the node does not answer: other evidence has to do
    return Log(item.pod.name, item.name, redact(text), previous)
