"""Which containers' logs are worth reading, and reading them: few, short, previous runs first."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from kitlib.cluster import Cluster
from kitlib.cluster.resource import Resource, pod_ready
from kitlib.diagnosis.scan import Log, Scan
from kitlib.errors import ApiError
from kitlib.redaction import redact

PODS_EACH = 2  # of one workload: the pods of one template tell the same story
WORKLOADS_MOST = 40
LOG_LINES = 80
LOG_BYTES = 60_000
THREADS = 6


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

    @property
    def sidecar(self) -> bool:
        """Whether it is an init container that goes on running beside the others."""
        return self.init and self.spec.get("restartPolicy") == "Always"


def container_statuses(pod: Resource) -> Iterator[Status]:
    """The containers of a pod that report a status, init containers first."""
    for init, spec_key, key in (
        (True, "initContainers", "initContainerStatuses"),
        (False, "containers", "containerStatuses"),
    ):
        specs = {spec["name"]: spec for spec in pod.at(f"spec.{spec_key}", []) or []}
        for status in pod.at(f"status.{key}", []) or []:
            yield Status(pod, status["name"], init, status, specs.get(status["name"], {}))


def suspect(item: Status) -> bool:
    """Whether a container's log may say why it is not well."""
    if item.state("terminated"):
        return bool(item.state("terminated").get("exitCode"))
    if item.state("waiting"):
        return item.restarts > 0
    if item.init and not item.sidecar:
        return bool(item.state("running"))  # the pod waits for it
    return item.restarts > 0 or not item.status.get("ready")


def read_logs(cluster: Cluster, scan: Scan) -> Scan:
    """The scan with the logs of its suspects."""
    wanted = [
        (item, previous)
        for pod in _chosen(scan)
        for item in container_statuses(pod)
        if suspect(item)
        for previous in (True, False)
        if item.restarts or not previous
    ]
    with ThreadPoolExecutor(THREADS) as pool:
        found = pool.map(lambda ask: read_log(cluster, *ask), wanted)
        return replace(scan, logs=[log for log in found if log and log.text])


def read_log(cluster: Cluster, item: Status, previous: bool) -> Log | None:
    """The end of a container's log, redacted; None when it is not to be had."""
    try:
        text = cluster.logs(
            item.pod.name,
            container=item.name,
            namespace=item.pod.namespace,
            previous=previous,
            tail=LOG_LINES,
            limit_bytes=LOG_BYTES,
        )
    except ApiError:
        return None  # already rotated away, or the node does not answer: other evidence has to do
    return Log(item.pod.name, item.name, redact(text), previous, item.pod.namespace)


def _chosen(scan: Scan) -> list[Resource]:
    """At most two pods of each workload: one that is not well, and the youngest of those."""
    each: dict[str, list[Resource]] = {}
    for pod in scan.of("Pod"):
        if _unwell(pod):
            each.setdefault(str(scan.owner(pod)["metadata"].get("uid")), []).append(pod)
    chosen = []
    for pods in list(each.values())[:WORKLOADS_MOST]:
        pods.sort(key=lambda pod: (pod_ready(pod), _reversed(pod["metadata"]["creationTimestamp"])))
        chosen += pods[:PODS_EACH]
    return chosen


def _unwell(pod: Resource) -> bool:
    """Whether one of its containers has something to tell; a pod without a node has said nothing."""
    return bool(pod.at("spec.nodeName")) and any(map(suspect, container_statuses(pod)))


def _reversed(stamp: str) -> tuple[int, ...]:
    return tuple(-ord(letter) for letter in stamp)
