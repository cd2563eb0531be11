"""What the rules look at about one workload: a cut out of a scan."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from kitlib.cluster import Cluster, Resource
from kitlib.cluster.rollout import RolloutState, rollout_state
from kitlib.diagnosis import reading, secrets
from kitlib.diagnosis.environment import references
from kitlib.diagnosis.scan import Log, Scan
from kitlib.diagnosis.suspects import Status, container_statuses, read_logs
from kitlib.errors import ApiError
from kitlib.findings import Ref

__all__ = ["REVISION", "Evidence", "Log", "Status", "container_statuses", "cut", "gather"]

REVISION = "deployment.kubernetes.io/revision"


@dataclass(frozen=True)
class Evidence:
    """What was read about one workload.

    Args:
        workload: what a person wrote: a Deployment, StatefulSet, DaemonSet, Job, CronJob or bare Pod.
        replica_sets: those it owns, newest revision first.
        pods: its pods that are not being deleted.
        events: those about the workload, its ReplicaSets and its pods, oldest first.
        services: all of the namespace.
        objects: the ConfigMaps and Secrets that its template names, by (kind, name).
        names: what ConfigMaps and Secrets there are, by kind; empty where they may not be read.
        logs: of containers that are not well, previous runs first.
        at: when it was gathered.
        scan: all that was read.
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
    scan: Scan = field(default_factory=Scan, repr=False)

    @property
    def ref(self) -> Ref:
        """The workload's name."""
        return Ref(self.workload.kind, self.workload.name, self.workload.namespace)

    @property
    def template(self) -> dict[str, Any]:
        """The workload's pod template."""
        return pod_template(self.workload)

    @property
    def rollout(self) -> RolloutState:
        """How far the workload is.

        Raises:
            ValueError: a Job or a bare Pod has no rollout.
        """
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


def pod_template(workload: Resource) -> dict[str, Any]:
    """The template that a workload's pods are made from; of a bare Pod itself."""
    match workload.kind:
        case "Pod":
            return {"metadata": workload["metadata"], "spec": workload.at("spec", {})}
        case "CronJob":
            return dict(workload.at("spec.jobTemplate.spec.template", {}))
    return dict(workload.at("spec.template", {}))


def gather(cluster: Cluster, kind: str, name: str, namespace: str | None = None) -> Evidence:
    """Read what the rules need about one workload, and no more than a runbook for it may read.

    Raises:
        NotFound: no such workload.
        ClusterUnreachable, ApiError: see kitlib.errors.
    """
    workload = cluster.get(kind, name, namespace=namespace)
    found = reading.scan(cluster, workload.namespace, kinds=reading.OF_A_WORKLOAD, logs=False)
    if not found.knows("Pod"):
        raise ApiError(found.unread["Pod"], status=403)
    objects = found.objects | {workload.kind: [workload]}
    for hidden in ("ConfigMap", "Secret"):
        if not found.knows(hidden):
            objects[hidden] = list(_one_by_one(cluster.within(workload.namespace), workload, hidden))
    only = {"Pod": [pod for pod in found.of("Pod") if _belongs(found, pod, workload)]}
    logs = read_logs(cluster, replace(found, objects=objects | only)).logs
    return cut(replace(found, objects=objects, logs=logs), workload)


def cut(scan: Scan, workload: Resource) -> Evidence:
    """What a scan holds about one workload."""
    owned = scan.owned("ReplicaSet", workload)
    owned.sort(key=lambda rs: int((rs["metadata"].get("annotations") or {}).get(REVISION, 0)), reverse=True)
    pods = [pod for pod in scan.pods_of(workload) if not pod["metadata"].get("deletionTimestamp")]
    about = {
        str(i["metadata"].get("uid")): i for i in (workload, *owned, *scan.owned("Job", workload), *pods)
    }
    events = [event for item in about.values() for event in scan.events_of(item)]
    names = {pod.name for pod in pods}
    template = pod_template(workload)
    wanted = {(ref.kind, ref.name) for ref in references(template) if ref.name}
    here = workload.namespace
    objects = {key: item for key in wanted if (item := scan.find(*key, here))}
    known = {
        kind: [i.name for i in scan.of(kind, here)] for kind in ("ConfigMap", "Secret") if scan.knows(kind)
    }
    return Evidence(
        workload,
        owned,
        pods,
        events,
        scan.of("Service", here),
        objects,
        known,
        [log for log in scan.logs if log.pod in names and log.namespace == here],
        scan.at,
        scan,
    )


def _belongs(scan: Scan, pod: Resource, workload: Resource) -> bool:
    above = scan.owner(pod)  # a ReplicaSet: the Deployment itself is not in this scan
    owners = [o for item in (pod, above) for o in item["metadata"].get("ownerReferences") or ()]
    return any(owner.get("uid") == workload["metadata"].get("uid") for owner in owners)


def _one_by_one(cluster: Cluster, workload: Resource, kind: str) -> Iterator[Resource]:
    """The objects of a kind that the template names: getting them may be allowed where listing is not."""
    for name in sorted({r.name for r in references(pod_template(workload)) if r.kind == kind and r.name}):
        item = cluster.find(kind, name)
        if item is not None:
            yield Resource(secrets.keep(item)) if kind == "Secret" else item
