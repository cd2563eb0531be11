"""Watching a rollout: until it serves, or until its pods show that waiting is in vain."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from kitlib.cluster import Cluster, Resource
from kitlib.cluster.rollout import rollout_state
from kitlib.diagnosis import Report, diagnose
from kitlib.diagnosis.rules.admission import RULES as REFUSALS
from kitlib.errors import RunbookError
from kitlib.findings import Finding

LOOK_SECONDS = 3.0
# How long a fault must stand. The kubelet tries an image and a crashed container again after 10 s, then 20 s
# (kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle, restart policy): one that is there after more
# than that has failed a second time, or, for a crash, at least a third.
PATIENCE = {
    "image-pull": 15.0,
    "configuration-missing": 15.0,
    "key-missing": 15.0,
    "container-config": 15.0,
    "command-missing": 15.0,
    "crash-loop": 45.0,
    "host-unresolved": 45.0,
    "out-of-memory": 45.0,
}


class RolloutFailed(RunbookError):
    """The new pods of a workload show a fault that no waiting mends."""


@dataclass
class Watch:
    """Whether a workload is rolled out, for the `until` of a wait.

    Args:
        cluster: bound to its namespace.
        way_back: what a person does when it fails.

    Calling it raises RolloutFailed when the diagnosis has named the same fault for as long as PATIENCE says.
    """

    cluster: Cluster
    way_back: str = ""
    _since: dict[str, float] = field(default_factory=dict)
    _looked: float = 0.0

    def __call__(self, workload: Resource) -> bool:
        """Whether it is rolled out."""
        state = rollout_state(workload)
        if state.done:
            return True
        now = time.monotonic()
        if state.failed or now - self._looked >= LOOK_SECONDS:
            report = diagnose(self.cluster, workload.kind, workload.name)
            self._looked = time.monotonic()
            if state.failed:
                raise self._failure(workload, report.cause, report)
            if (fault := self._lasting(report, now)) is not None:
                raise self._failure(workload, fault, report)
        return False

    def _lasting(self, report: Report, now: float) -> Finding | None:
        faults = {f.id: f for f in report.findings if f.severity == "error" and _patience(f.id)}
        self._since = {id: self._since.get(id, now) for id in faults}
        return next((f for id, f in faults.items() if now - self._since[id] >= _patience(id)), None)

    def _failure(self, workload: Resource, fault: Finding | None, report: Report) -> RolloutFailed:
        serving = workload.at("status.availableReplicas", 0)
        still = f"; {serving} pods of before still serve" if serving else "; nothing serves"
        cause = f"{fault.title}: {fault.found}" if fault else report.state
        return RolloutFailed(f"{workload.kind} {workload.name}: {cause}{still}", fix=self.way_back)


def _patience(fault: str) -> float:
    """How long a fault must stand; 0: it alone ends no rollout, such as a node that is missing."""
    if fault in REFUSALS:
        return PATIENCE["image-pull"]
    if fault.startswith("said-"):  # a crash, by the container's own last words
        return PATIENCE["crash-loop"]
    return PATIENCE.get(fault, 0.0)


def way_back(namespace: str, deployment: str) -> str:
    """The commands that bring a Deployment back after a change of its template."""
    return (
        "kit runbook undo with this run's folder, or "
        f"kit runbook run roll-back -p namespace={namespace} -p deployment={deployment}"
    )
