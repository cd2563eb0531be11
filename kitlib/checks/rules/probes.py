"""Probes: whether they are there, reach something, and ask the right question."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kitlib.checks.rule import Hit, rule
from kitlib.checks.selectors import WORKLOADS, is_served
from kitlib.checks.targets import Container, KubeObject, dig, mapping, sequence

_PROBES = (
    "https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/"
)
_WAYS = ("httpGet", "tcpSocket", "exec", "grpc")
_KINDS = ("startupProbe", "livenessProbe", "readinessProbe")


def _probes(item: KubeObject) -> Iterator[tuple[Container, str, Mapping[str, Any]]]:
    for container in item.containers():
        for kind in _KINDS:
            probe = mapping(container.get(kind))
            if probe:
                yield container, kind, probe


def _command(probe: Mapping[str, Any]) -> list[str]:
    return [str(part) for part in sequence(dig(probe, ["exec", "command"]))]


@rule(
    "object",
    "probe-readiness-missing",
    "warning",
    "A container that is called has no readiness probe",
    why="Without it the pod gets requests as soon as its process exists, and a rollout goes on although "
    "the new pods can't answer.",
    source=_PROBES,
)
def probe_readiness_missing(item: KubeObject) -> Iterator[Hit]:
    if item.kind not in (*WORKLOADS, "Pod") or not (is_served(item) or item.kind == "Pod"):
        return
    for container in item.containers(init=False):
        ports = [mapping(port) for port in sequence(container.get("ports"))]
        if ports and not container.get("readinessProbe"):
            port = ports[0].get("name") or ports[0].get("containerPort")
            fix = f"readinessProbe: {{httpGet: {{path: /health/ready, port: {port}}}, periodSeconds: 10}}"
            yield Hit(container.at("name"), f"no readinessProbe in {container.name}", "a readinessProbe", fix)


@rule(
    "object",
    "probe-port",
    "error",
    "A probe asks at a port that the container does not have",
    why="A name that no containerPort carries makes the probe fail for ever; a number that none carries "
    "is a port at which nothing was said to listen.",
    source=_PROBES,
)
def probe_port(item: KubeObject) -> Iterator[Hit]:
    for container, kind, probe in _probes(item):
        ports = [mapping(port) for port in sequence(container.get("ports"))]
        known = [str(port[key]) for port in ports for key in ("name", "containerPort") if port.get(key)]
        for handler in ("httpGet", "tcpSocket", "grpc"):
            wanted = dig(probe, [handler, "port"])
            named = isinstance(wanted, str) and not wanted.isdigit()
            if wanted is not None and str(wanted) not in known and (named or known):
                where = container.at(kind, handler, "port")
                expected = f"one of {', '.join(known)}" if known else "a port of the container"
                yield Hit(
                    where,
                    f"port: {wanted} in the {kind} of {container.name}",
                    expected,
                    _port_fix(ports, wanted),
                )


def _port_fix(ports: list[Mapping[str, Any]], wanted: object) -> str:
    if ports:
        return f"port: {ports[0].get('name') or ports[0].get('containerPort')}"
    return f"ports: [{{name: {wanted}, containerPort: 8000}}]"


@rule(
    "object",
    "probe-liveness-is-readiness",
    "warning",
    "The liveness probe asks whether the pod is ready",
    why="Readiness depends on what the pod depends on: when the database is away, liveness by the same "
    "question restarts every pod, which mends nothing.",
    source=_PROBES,
)
def probe_liveness_is_readiness(item: KubeObject) -> Iterator[Hit]:
    for container, kind, probe in _probes(item):
        path = str(dig(probe, ["httpGet", "path"], ""))
        if kind == "livenessProbe" and "ready" in path.lower():
            where = container.at(kind, "httpGet", "path")
            fix = f"path: {path.lower().replace('readyz', 'livez').replace('ready', 'live')}"
            yield Hit(where, f"livenessProbe path: {path}", "a path that asks the process alone", fix)


@rule(
    "object",
    "probes-identical",
    "warning",
    "A pod is restarted as soon as it is not ready",
    why="Liveness that asks the same as readiness, and gives up no later, never lets a pod be just not "
    "ready: it is killed first. The same question is fine with more failures allowed for liveness.",
    source=_PROBES,
)
def probes_identical(item: KubeObject) -> Iterator[Hit]:
    for container in item.containers(init=False):
        live, ready = mapping(container.get("livenessProbe")), mapping(container.get("readinessProbe"))
        same = live and all(live.get(way) == ready.get(way) for way in _WAYS)
        by_name = "ready" in str(dig(live, ["httpGet", "path"], "")).lower()  # another rule's
        if same and not by_name and _patience(live) <= _patience(ready):
            count = int(_patience(ready) // max(_number(live, "periodSeconds", 10), 1)) + 1
            found = f"liveness gives up after {_patience(live)} s, readiness after {_patience(ready)} s"
            where = container.at("livenessProbe")
            yield Hit(where, found, "liveness that gives up later", f"failureThreshold: {max(count, 3) * 2}")


def _patience(probe: Mapping[str, Any]) -> int:
    """For how many seconds a probe may fail until it counts."""
    return _number(probe, "periodSeconds", 10) * _number(probe, "failureThreshold", 3)


def _number(probe: Mapping[str, Any], name: str, default: int) -> int:
    value = probe.get(name)
    return value if isinstance(value, int) else default


@rule(
    "object",
    "probe-celery-ping",
    "error",
    "A worker's liveness depends on the broker",
    why="`inspect ping` starts a second Celery each time, seconds of CPU, and asks through the broker: "
    "when the broker is away, every worker is restarted.",
    source="https://github.com/celery/celery/issues/4079",
)
def probe_celery_ping(item: KubeObject) -> Iterator[Hit]:
    for container, kind, probe in _probes(item):
        text = " ".join(_command(probe))
        if kind == "livenessProbe" and "celery" in text and "inspect" in text:
            fix = "a heartbeat file that the worker touches and the probe looks at, or no livenessProbe"
            yield Hit(container.at(kind, "exec", "command"), text, "a check of the process itself", fix)


@rule(
    "object",
    "probe-exec-distroless",
    "error",
    "A probe runs a program that the image does not have",
    why="Distroless images have no shell and no tools: the probe fails for ever.",
    source="https://github.com/GoogleContainerTools/distroless#debug-images",
)
def probe_exec_distroless(item: KubeObject) -> Iterator[Hit]:
    tools = {"sh", "bash", "curl", "wget", "cat", "test", "pgrep", "nc"}
    for container, kind, probe in _probes(item):
        command = _command(probe)
        bare = "distroless" in container.image or "chainguard/" in container.image
        if bare and command and ":debug" not in container.image and command[0].rpartition("/")[2] in tools:
            where = container.at(kind, "exec", "command")
            yield Hit(
                where,
                f"{' '.join(command)} in {container.image}",
                "httpGet, tcpSocket or grpc",
                "httpGet: {…}",
            )


@rule(
    "object",
    "probe-timeout",
    "warning",
    "A liveness probe may take longer than its period",
    why="Probes of a container run one after the other: one that may take longer than its period delays "
    "the next, and failureThreshold × periodSeconds is no longer the time until something happens.",
    source=_PROBES,
)
def probe_timeout(item: KubeObject) -> Iterator[Hit]:
    for container, kind, probe in _probes(item):
        timeout, period = probe.get("timeoutSeconds", 1), probe.get("periodSeconds", 10)
        # A slow start or readiness harms nobody; a hung process should be found in time.
        if (
            kind == "livenessProbe"
            and isinstance(timeout, int)
            and isinstance(period, int)
            and timeout > period
        ):
            found = f"timeoutSeconds: {timeout}, periodSeconds: {period}, in the {kind}"
            where = container.at(kind, "timeoutSeconds")
            yield Hit(where, found, f"at most {period}", f"timeoutSeconds: {period}")


@rule(
    "object",
    "probe-success-threshold",
    "error",
    "A probe wants more than one success",
    why="The API server refuses a liveness or startup probe whose successThreshold isn't 1.",
    source=_PROBES,
)
def probe_success_threshold(item: KubeObject) -> Iterator[Hit]:
    for container, kind, probe in _probes(item):
        wanted = probe.get("successThreshold", 1)
        if kind != "readinessProbe" and wanted != 1:
            where = container.at(kind, "successThreshold")
            yield Hit(where, f"successThreshold: {wanted} in the {kind}", "1", "successThreshold: 1")
