"""Waiting for an object to become what it should be, and saying what it is until then."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from kitlib.cluster.resource import Resource, pod_ready, pod_state
from kitlib.cluster.rollout import rollout_state
from kitlib.errors import ApiError, ClusterUnreachable, WaitTimeout
from kitlib.progress import Stage

if TYPE_CHECKING:
    from kitlib.cluster.cluster import Cluster

POLL_SECONDS = 0.5


def until(
    cluster: Cluster,
    kind: str,
    name: str,
    condition: str | Callable[[Resource], bool],
    namespace: str,
    timeout: float,
    progress: Stage | None,
) -> Resource:
    """Poll an object until `condition` holds; see `Cluster.wait`."""
    deadline = time.monotonic() + timeout
    seen = "it does not exist"
    while True:
        try:
            found = cluster.find(kind, name, namespace=namespace)
        except ClusterUnreachable as error:  # a control plane that restarts is worth waiting for
            found, seen = None, error.message
        if found is not None:
            done, seen, hopeless = _judge(found, condition)
            if done:
                return found
            if hopeless:
                raise WaitTimeout(f"{kind}/{name} {seen}{_pods(cluster, found)}")
        if progress:
            progress.update(f"{kind}/{name}: {seen}")
        if time.monotonic() >= deadline:
            pods = _pods(cluster, found) if found is not None else ""
            raise WaitTimeout(f"{kind}/{name} in {namespace}: after {timeout:g} s {seen}{pods}")
        time.sleep(POLL_SECONDS)


def until_server_ready(cluster: Cluster, timeout: float, progress: Stage | None) -> None:
    """Poll the API server's /readyz; see `Cluster.wait_until_ready`."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            cluster.api.raw("get", "/readyz")
            return
        except (ApiError, ClusterUnreachable) as error:
            if time.monotonic() >= deadline:
                raise WaitTimeout(f"after {timeout:g} s {error.message}") from None
            if progress:
                progress.update(error.message)
        time.sleep(POLL_SECONDS)


def until_deleted(
    cluster: Cluster, kind: str, name: str, namespace: str, uid: str | None, timeout: float
) -> None:
    """Wait until the object with that uid is gone; another of the same name may have taken its place.

    Raises:
        WaitTimeout: it is still there; names the finalizers that hold it.
    """
    deadline = time.monotonic() + timeout
    while (found := cluster.find(kind, name, namespace=namespace)) is not None:
        if uid and found["metadata"]["uid"] != uid:
            return
        if time.monotonic() >= deadline:
            held = ", ".join(found["metadata"].get("finalizers") or []) or "no finalizer; look at its events"
            raise WaitTimeout(f"{kind}/{name} is still being deleted after {timeout:g} s; held by: {held}")
        time.sleep(POLL_SECONDS)


def _judge(found: Resource, condition: str | Callable[[Resource], bool]) -> tuple[bool, str, bool]:
    """Whether the condition holds, what was seen, and whether it never will."""
    if callable(condition):
        return condition(found), "the condition does not hold", False
    if condition == "exists":
        return True, "it exists", False
    if condition != "ready":
        status = _condition(found, condition)
        return status == "True", f"condition {condition} is {status or 'not set'}", False
    if found.kind in ("Deployment", "StatefulSet", "DaemonSet"):
        state = rollout_state(found)
        return state.done, state.message, state.failed
    if found.kind == "Pod":
        return pod_ready(found), f"is {pod_state(found)}", found.at("status.phase") == "Failed"
    if found.kind == "Job":
        failed = _condition(found, "Failed") == "True"
        return _condition(found, "Complete") == "True", "has failed" if failed else "is not complete", failed
    if found.kind == "PersistentVolumeClaim":
        phase = found.at("status.phase", "")
        return phase == "Bound", f"is {phase}", phase == "Lost"
    status = _condition(found, "Ready")
    return status == "True", f"condition Ready is {status or 'not set'}", False


def _condition(found: Resource, type: str) -> str:
    return next((c["status"] for c in found.at("status.conditions", []) if c["type"] == type), "")


def _pods(cluster: Cluster, workload: Resource) -> str:
    """The pods of a workload that are not ready, for the end of an error message."""
    labels = workload.at("spec.selector.matchLabels")
    if not labels:
        return ""
    pods = cluster.list("Pod", namespace=workload.namespace, labels=labels)
    bad = [f"{pod.name} {pod_state(pod)}" for pod in pods if not pod_ready(pod)]
    return f"; not ready: {', '.join(bad)}" if bad else ""
