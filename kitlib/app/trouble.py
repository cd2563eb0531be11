"""Waiting for the application; which pods keep it from being ready, and what they say about it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kitlib.cluster import Cluster, Resource
from kitlib.cluster.resource import pod_ready, pod_state
from kitlib.errors import ApiError, WaitTimeout
from kitlib.progress import stage
from kitlib.redaction import redact

LOG_LINES = 6


def await_ready(
    cluster: Cluster, workloads: Iterable[tuple[str, str]], labels: dict[str, str], timeout: float
) -> None:
    """Wait until workloads are rolled out, one after the other.

    Args:
        cluster: bound to their namespace.
        workloads: kind and name of each, those that others need first.
        labels: which pods to explain when one is late.
        timeout: seconds, for each.

    Raises:
        WaitTimeout: one is not; names the pods and what they say.
    """
    for kind, name in workloads:
        with stage(f"{kind} {name} becomes ready") as progress:
            try:
                cluster.wait(kind, name, timeout=timeout, progress=progress)
            except WaitTimeout as error:
                reasons = explain(cluster, cluster.list("Pod", labels=labels))
                fix = f"kubectl -n {cluster.namespace} get events"
                raise WaitTimeout(f"{error.message}\n{reasons}", fix=fix) from None


def explain(cluster: Cluster, pods: list[Resource]) -> str:
    """One paragraph per pod that is not ready: its state, the reason given, the end of its log."""
    return redact("\n".join(_pod(cluster, pod) for pod in pods if not pod_ready(pod)))


def _pod(cluster: Cluster, pod: Resource) -> str:
    lines = [f"{pod.name}: {pod_state(pod)}"]
    warnings = [event for event in cluster.events(about=pod) if event.get("type") == "Warning"]
    if warnings:
        lines.append(f"  {warnings[-1]['reason']}: {warnings[-1].get('message', '')}")
    container = _unwell(pod)
    if container and (container.get("containerID") or container.get("lastState")):
        lines += [f"  {container['name']}: {line}" for line in _log(cluster, pod, container)]
    return "\n".join(lines)


def _unwell(pod: Resource) -> dict[str, Any] | None:
    """The first container, in starting order, that is not where it should be."""
    for status in pod.at("status.initContainerStatuses", []):
        if status.get("state", {}).get("terminated", {}).get("exitCode") != 0:
            return dict(status)
    waiting = (status for status in pod.at("status.containerStatuses", []) if not status.get("ready"))
    return next(map(dict, waiting), None)


def _log(cluster: Cluster, pod: Resource, container: dict[str, Any]) -> list[str]:
    for previous in (bool(container.get("lastState")), False):
        try:
            text = cluster.logs(pod.name, container=container["name"], previous=previous, tail=LOG_LINES)
        except ApiError:  # the kubelet has already dropped that run's log
            continue
        if text.strip():
            return text.strip().splitlines()
    return []
