"""Calls between services: how long they may take by the specification, and a page whose API is slow."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kitlib.cluster import Cluster
from kitlib.errors import ApiError
from kitlib.lessons import local, web
from kitlib.specs.models.communication import Synchronous

SLOW = Path(__file__).parent / "programs/slow.py"
READY_SECONDS = 15.0
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def seconds(duration: str) -> float:
    """A duration of a specification, such as `1m30s`, in seconds."""
    return sum(int(number) * _UNITS[unit] for number, unit in re.findall(r"(\d+)(ms|s|m|h|d)", duration))


def pauses(call: Synchronous, first: float = 1.0) -> list[float]:
    """The seconds between one attempt and the next.

    Args:
        call: its retries; each pause of an exponential backoff is twice the one before.
        first: the first pause.
    """
    retry = call.retry
    if retry.backoff == "none":
        return [0.0] * retry.attempts
    return [first * (2**number if retry.backoff == "exponential" else 1) for number in range(retry.attempts)]


def longest(call: Synchronous) -> float:
    """The seconds after which a caller knows, at the latest: each attempt times out, and the pauses."""
    between = pauses(call)
    return seconds(call.timeout) * (1 + len(between)) + sum(between)


def images(cluster: Cluster) -> dict[str, str]:
    """The images of the application that nodes hold, by short names such as todo-api; see `kit app up`."""
    found = (re.search(r"(?:^|/)(todo-\w+):[^/]+$", name) for name in local.held(cluster))
    return {match[1]: match.string for match in found if match}


def slow_api(cluster: Cluster, image: str, delay: float) -> list[dict[str, Any]]:
    """An API `slow` that takes `delay` seconds for an answer, and its Service.

    Args:
        image: one with Python: the API's.
    """
    container = {
        "image": image,
        "args": ["python", "-u", "/program/slow.py"],
        "env": [{"name": "DELAY", "value": str(delay)}],
        "ports": [{"name": "http", "containerPort": 8000}],
        "volumeMounts": [{"name": "config", "mountPath": "/program"}],
        "readinessProbe": {"httpGet": {"path": "/seen", "port": "http"}, "periodSeconds": 1},
    }
    return _workload(cluster, "slow", container, {"slow.py": SLOW.read_text(encoding="utf-8")})


def page(cluster: Cluster, image: str, api: str, timeout: str) -> list[dict[str, Any]]:
    """The application's page, and its Service.

    Args:
        image: the frontend's.
        api: the API's address, as the page's server reaches it.
        timeout: how many seconds it waits for the API.
    """
    container = {
        "image": image,
        "args": ["env", "HOSTNAME=0.0.0.0", "node", "server.js"],
        "env": [{"name": "API_URL", "value": api}, {"name": "API_TIMEOUT_SECONDS", "value": timeout}],
        "ports": [{"name": "http", "containerPort": 3000}],
        "volumeMounts": [{"name": "scratch", "mountPath": path} for path in ("/tmp", "/app/.next/cache")],
        "readinessProbe": {"httpGet": {"path": "/health/live", "port": "http"}, "periodSeconds": 1},
    }
    return _workload(cluster, "page", container, {})


def _workload(
    cluster: Cluster, name: str, container: dict[str, Any], data: dict[str, str]
) -> list[dict[str, Any]]:
    config, deployment = web.deployment(cluster, name)
    config["data"] = data
    pod = deployment["spec"]["template"]["spec"]
    pod["containers"][0] |= container | {"name": name, "imagePullPolicy": "Never"}
    pod["volumes"].append({"name": "scratch", "emptyDir": {}})
    ports = [{"name": "http", "port": 80, "targetPort": "http"}]
    spec = {"selector": deployment["spec"]["selector"]["matchLabels"], "ports": ports}
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}
    return [config, deployment, service]


@dataclass(frozen=True)
class Answer:
    """How a request ended.

    Args:
        status: of HTTP.
        seconds: how long it took.
        body: what came with it where it succeeded; None where it failed.
    """

    status: int
    seconds: float
    body: Any = None

    def __repr__(self) -> str:
        return f"{self.status} after {self.seconds:.1f} s"


def remove(cluster: Cluster, name: str) -> None:
    """Remove a Deployment, if it is there, and wait until its pods answer no more."""
    cluster.delete("Deployment", name, missing_ok=True)
    for pod in cluster.list("Pod", labels={"app.kubernetes.io/name": name}):
        cluster.delete("Pod", pod.name, missing_ok=True)


def ask(cluster: Cluster, method: str, service: str, path: str, body: Any = None) -> Answer:
    """Ask a Service, and time it; an error status is an answer, too.

    The cluster's own 503, while it knows of no ready pod behind the Service yet, is waited out.

    Args:
        method, service, path, body: as for `Cluster.call_service`.
    """
    patience = time.monotonic() + READY_SECONDS
    while True:
        began = time.monotonic()
        try:
            found = cluster.call_service(method, service, path, body=body)
        except ApiError as error:
            if error.status == 503 and began < patience:
                time.sleep(0.2)
                continue
            return Answer(error.status, time.monotonic() - began)
        return Answer(200, time.monotonic() - began, found)


def retried(cluster: Cluster, service: str, path: str, call: Synchronous) -> list[Answer]:
    """GET a path, and again as a specification says, until it succeeds.

    Args:
        service, path: as for `Cluster.call_service`.
        call: whose retries and pauses.

    Returns:
        The answer of each attempt.
    """
    answers = [ask(cluster, "GET", service, path)]
    for pause in pauses(call):
        if answers[-1].status == 200:
            break
        time.sleep(pause)
        answers.append(ask(cluster, "GET", service, path))
    return answers
