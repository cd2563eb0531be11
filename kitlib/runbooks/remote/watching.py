"""The pod of a Job: until it runs, while it runs, and how it ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from kitlib.cluster import Cluster, Resource
from kitlib.cluster.follow import ended, lines
from kitlib.cluster.resource import pod_state
from kitlib.errors import ClusterError, WaitTimeout
from kitlib.progress import stage
from kitlib.runbooks.remote.pod import CONTAINER

START_SECONDS = 180.0
POLL_SECONDS = 0.5
JOB_NAME = "batch.kubernetes.io/job-name"
# A container that waits for one of these waits for ever.
HOPELESS = (
    "ErrImageNeverPull", "ErrImagePull", "ImagePullBackOff", "InvalidImageName", "CreateContainerConfigError",
    "CreateContainerError", "RunContainerError",
)  # fmt: skip


@dataclass(frozen=True)
class End:
    """How a run's container ended.

    Args:
        pod: its pod's name.
        code: its exit code; None when nobody can tell, since the pod is gone.
        reason: the kubelet's word, such as OOMKilled; empty for a command that ended by itself.
    """

    pod: str
    code: int | None
    reason: str = ""


def started(cluster: Cluster, job: str, timeout: float = START_SECONDS) -> Resource:
    """The Job's pod, once its container runs or has ended.

    Args:
        cluster: acting in the Job's namespace.
        job: its name.
        timeout: seconds.

    Raises:
        ClusterError: it never will; says why.
        WaitTimeout: it does not in time.
    """
    deadline, seen = time.monotonic() + timeout, "it has no pod yet"
    with stage(f"start the pod of {job}") as progress:
        while True:
            pods = cluster.list("Pod", labels={JOB_NAME: job})
            if pods and (pods[0].at("status.phase") == "Running" or ended(pods[0], CONTAINER)):
                return pods[0]
            if pods:
                seen = pod_state(pods[0])
            if seen in HOPELESS:
                raise ClusterError(f"the pod of {job} does not start: {seen}{_warning(cluster, pods[0])}")
            if time.monotonic() > deadline:
                about = pods[0] if pods else cluster.find("Job", job)
                raise WaitTimeout(f"after {timeout:g} s {job}: {seen}{_warning(cluster, about)}")
            progress.update(seen)
            time.sleep(POLL_SECONDS)


def follow(cluster: Cluster, pod: Resource, say: Callable[[str], None]) -> End:
    """Say each line of a run's log as it comes; returns how the run ended."""
    for line in lines(cluster, pod.name, CONTAINER):
        say(line)
    return end(cluster.find("Pod", pod.name), pod.name)


def end(pod: Resource | None, name: str) -> End:
    """How a pod's container ended."""
    for status in pod.at("status.containerStatuses", []) if pod else []:
        over = status.get("state", {}).get("terminated")
        if status["name"] == CONTAINER and over:
            reason = str(pod.at("status.reason", "") if pod else "") or str(over.get("reason", ""))
            return End(name, int(over["exitCode"]), "" if reason in ("Completed", "Error") else reason)
    return End(name, None, str(pod.at("status.reason", "") if pod else "") or "it was deleted")


def _warning(cluster: Cluster, about: Resource | None) -> str:
    """The last warning about an object, as its own words explain more than a state."""
    events = cluster.events(about=about) if about else []
    said = [event.get("message", "") for event in events if event.get("type") == "Warning"]
    return f": {said[-1]}" if said else ""
