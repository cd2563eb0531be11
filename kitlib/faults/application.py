"""Faults to break the application with, on purpose; each says how it shows."""

from __future__ import annotations

import base64
import time

from kitlib.cluster import Cluster, Resource
from kitlib.cluster.resource import pod_ready
from kitlib.diagnosis.environment import values
from kitlib.errors import NotFound, UsageError, WaitTimeout

RIGHT_HOST, WRONG_HOST = "todo-app-postgresql", "todo-app-postgres"
API, KEY = "todo-app-api", "DATABASE_URL"


def wrong_database_host(cluster: Cluster, *, timeout: float = 120.0) -> None:
    """Let the API's Secret name a database host that does not exist, then restart its pods as a drain would.

    Args:
        cluster: bound to the application's namespace.
        timeout: seconds until the API must be visibly broken.

    Raises:
        NotFound: the application is not installed in the namespace.
        UsageError: the Secret does not name the host that the chart gives it.
        WaitTimeout: the API goes on working.
    """
    secret = cluster.find("Secret", API)
    if secret is None:
        raise NotFound(f"there is no Secret {API} in {cluster.namespace}", status=404, fix="kit app up")
    url = values(secret).get(KEY, "")
    if f"@{RIGHT_HOST}:" not in url:
        raise UsageError(f"Secret {API}, key {KEY} does not name host {RIGHT_HOST}", fix="kit app up")
    wrong = url.replace(f"@{RIGHT_HOST}:", f"@{WRONG_HOST}:")
    patch = {"data": {KEY: base64.b64encode(wrong.encode()).decode()}}
    cluster.patch("Secret", API, patch, type="merge")
    old = {pod.name for pod in _pods(cluster)}
    for name in old:
        cluster.delete("Pod", name, missing_ok=True, wait_seconds=0)
    _until_broken(cluster, old, timeout)


def _pods(cluster: Cluster) -> list[Resource]:
    workload = cluster.get("Deployment", API)
    return list(cluster.list("Pod", labels=workload.at("spec.selector.matchLabels")))


def _until_broken(cluster: Cluster, old: set[str], timeout: float) -> None:
    """Wait until the old pods are gone and a new one has failed at least once."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        pods = _pods(cluster)
        if not any(pod.name in old or pod_ready(pod) for pod in pods) and any(map(_failed, pods)):
            return
        time.sleep(0.5)
    raise WaitTimeout(f"{API} still works {timeout:g} s after its database's host was made wrong")


def _failed(pod: Resource) -> bool:
    statuses = pod.at("status.initContainerStatuses", []) + pod.at("status.containerStatuses", [])
    states = [s.get(key) or {} for s in statuses for key in ("state", "lastState")]
    return any((state.get("terminated") or {}).get("exitCode") for state in states)
