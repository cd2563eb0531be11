"""What a fault looks like from outside: probes that fail, containers that end again and again."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from kitlib.diagnosis.evidence import Evidence, Log, Status
from kitlib.diagnosis.templates import container_path
from kitlib.findings import Finding, Quote, quotes

_LIFECYCLE = "kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle"
_PROBE_EVENT = re.compile(r"(Readiness|Liveness|Startup) probe (?:failed|errored)[^:]*: *(.*)", re.DOTALL)
LAST_LINES = 5
_CONSEQUENCE = {"readiness": "an unready pod gets no traffic"}


def probe_failing(evidence: Evidence) -> list[Finding]:
    """A probe has failed as often as it may, and its container is still not ready."""
    found: dict[tuple[str, str], Finding] = {}
    for item in evidence.statuses:
        if item.init or item.status.get("ready"):
            continue
        for kind, text, count in _probe_events(evidence, item):
            if count >= _threshold(item, kind):
                found.setdefault((item.name, kind), _probe_finding(evidence, item, kind, text, count))
        if _overdue(evidence, item) and not any(name == item.name for name, _ in found):
            text = "the container runs, but is not ready"
            found[item.name, "readiness"] = _probe_finding(evidence, item, "readiness", text, 0)
    return list(found.values())


def crash_loop(evidence: Evidence) -> list[Finding]:
    """A container ended with an error, or can't be started at all, and is tried again."""
    found: dict[str, Finding] = {}
    for item in evidence.statuses:
        ended = item.state("terminated") or item.state("terminated", last=True)
        waiting = item.state("waiting").get("reason")
        failed_now = bool(item.state("terminated").get("exitCode"))
        if failed_now or waiting in ("CrashLoopBackOff", "RunContainerError", "CreateContainerError"):
            found.setdefault(item.name, _crash_finding(evidence, item, ended))
    return list(found.values())


def _probe_events(evidence: Evidence, item: Status) -> list[tuple[str, str, int]]:
    """(kind, what the probe got, how often) of the container's probes."""
    path = f"spec.containers{{{item.name}}}"
    events = [
        (match.group(1).lower(), match.group(2), int(event.get("count") or 1))
        for event in evidence.events_of(item.pod, "Unhealthy")
        if event.at("involvedObject.fieldPath", path) == path
        and (match := _PROBE_EVENT.search(event.get("message", "")))
    ]
    counts: dict[str, int] = {}
    for kind, _, count in events:
        counts[kind] = counts.get(kind, 0) + count
    return [(kind, text, counts[kind]) for kind, text, _ in reversed(events)]


def _threshold(item: Status, kind: str) -> int:
    return int((item.spec.get(f"{kind}Probe") or {}).get("failureThreshold", 3))


def _overdue(evidence: Evidence, item: Status) -> bool:
    """Running, and unready for twice as long as its probe needs; its events may have expired."""
    probe = item.spec.get("readinessProbe")
    started = item.state("running").get("startedAt")
    if not probe or not started:
        return False
    startup = item.spec.get("startupProbe") or {}
    seconds = sum(
        p.get("initialDelaySeconds", 0) + p.get("periodSeconds", 10) * p.get("failureThreshold", 3)
        for p in (probe, startup)
        if p
    )
    return bool((evidence.at - datetime.fromisoformat(str(started))).total_seconds() > 2 * seconds)


def _probe_finding(evidence: Evidence, item: Status, kind: str, text: str, count: int) -> Finding:
    probe = _probe_text(item.spec.get(f"{kind}Probe") or {})
    lines = [(line, log.source) for log in evidence.logs if _of(log, item) for line in _last(log.text, 2)]
    return Finding(
        "error",
        "probe-failing",
        f"the {kind} probe of container {item.name} fails",
        evidence.ref,
        found=text.strip()[:300],
        expected=f"success from {probe}",
        why=f"{_CONSEQUENCE.get(kind, 'a container that fails this probe is restarted')} ({_LIFECYCLE})",
        evidence=quotes(
            [(text, f"event Unhealthy of {item.pod.name}, {count} times" if count else item.source), *lines]
        ),
        field=container_path(evidence.workload, item.name, f"{kind}Probe"),
    )


def _probe_text(probe: dict[str, Any]) -> str:
    if http := probe.get("httpGet"):
        return f"GET {http.get('path', '/')} on port {http.get('port')}"
    if tcp := probe.get("tcpSocket"):
        return f"a connection to port {tcp.get('port')}"
    if command := (probe.get("exec") or {}).get("command"):
        return f"the command {' '.join(command)}"
    if grpc := probe.get("grpc"):
        return f"gRPC health on port {grpc.get('port')}"
    return "the probe"


def _crash_finding(evidence: Evidence, item: Status, ended: dict[str, Any]) -> Finding:
    message = ended.get("message") or item.state("waiting").get("message", "")
    code = ended.get("exitCode")
    lines = [(line, log.source) for log in evidence.logs if _of(log, item) for line in _last(log.text)]
    kind = "init container" if item.init else "container"
    return Finding(
        "error",
        "crash-loop",
        f"{kind} {item.name} ends with an error and is started again",
        evidence.ref,
        found=(f"exit code {code} ({meaning(code)})" if code is not None else "it does not start")
        + f", {item.restarts} restarts",
        expected="exit code 0" if item.init else "a container that keeps running",
        why=f"the pod can't become ready; its last words say more ({_LIFECYCLE})",
        evidence=(*([Quote(message, item.source)] if message else []), *quotes(lines)[-LAST_LINES:]),
        field=container_path(evidence.workload, item.name),
    )


def meaning(code: int) -> str:
    """What an exit code usually stands for (POSIX shells: 126, 127, 128 + signal)."""
    known = {126: "the command can't be executed", 127: "the command was not found"}
    known |= {137: "killed, SIGKILL", 139: "segmentation fault", 143: "ended by SIGTERM", 0: "success"}
    return known.get(code, "an error of the program's own" if code < 128 else f"signal {code - 128}")


def _of(log: Log, item: Status) -> bool:
    return (log.pod, log.container) == (item.pod.name, item.name)


def _last(text: str, count: int = LAST_LINES) -> list[str]:
    return [line[:300] for line in text.splitlines() if line.strip()][-count:]
