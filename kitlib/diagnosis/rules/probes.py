"""Probes that can't succeed as they are written, and those that end a container too early."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from kitlib import quantity
from kitlib.diagnosis.cause import Cause, Strength
from kitlib.diagnosis.evidence import Evidence
from kitlib.diagnosis.suspects import Status
from kitlib.diagnosis.templates import container_path, kubectl
from kitlib.findings import Finding, Fix, Quote
from kitlib.wording import counted

_DOCS = "kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes"
# The kubelet's words: k8s.io/kubernetes/pkg/kubelet/prober, pkg/probe/{http,tcp,exec,grpc}, Kubernetes 1.34.
PROBE_EVENT = re.compile(r"(Readiness|Liveness|Startup) probe (?:failed|errored)[^:]*: *(.*)", re.DOTALL)
_STATUS = re.compile(r"statuscode: (\d+)")
_REFUSED = re.compile(r"connection refused|no route to host", re.IGNORECASE)
_SLOW = re.compile(r"deadline exceeded|Client\.Timeout|i/o timeout|timed out", re.IGNORECASE)
_SCHEME = re.compile(
    r"server gave HTTP response to HTTPS client|malformed HTTP (response|version)|tls: ", re.IGNORECASE
)
FLAPPING = 3  # restarts by a probe; fewer happen while a node is busy
SMALL_CPU = Decimal("0.1")  # of a core; starting an interpreter alone then takes seconds
KILLED = (137, 143)  # 128 + SIGKILL, SIGTERM


@dataclass(frozen=True)
class Failure:
    """What one probe of a container got, as often as it did."""

    kind: str
    text: str
    count: int
    probe: dict[str, Any]

    @property
    def action(self) -> str:
        """How it asks: httpGet, tcpSocket, exec or grpc."""
        return next((key for key in ("httpGet", "tcpSocket", "grpc", "exec") if key in self.probe), "exec")


def probes(evidence: Evidence) -> list[Cause]:
    """Probes of containers that are not ready, or that were restarted by one."""
    found: dict[tuple[str, str], Cause] = {}
    for item in evidence.statuses:
        if item.init and not item.sidecar:
            continue
        for failure in failures(evidence, item):
            cause = _flapping(evidence, item, failure)
            # A port that nothing listens on stays wrong; all else may pass while a program starts.
            enough = failure.count >= int(failure.probe.get("failureThreshold", 3)) or _port(item, failure)
            if cause is None and enough and (not item.status.get("ready") or failure.kind == "liveness"):
                cause = _explained(evidence, item, failure)
            if cause:
                found.setdefault((item.name, failure.kind), cause)
        if not any(name == item.name for name, _ in found) and (cause := _silent(evidence, item)):
            found[item.name, "readiness"] = cause
    return list(found.values())


def failures(evidence: Evidence, item: Status) -> list[Failure]:
    """The newest failure of each of a container's probes, with how often it failed in all."""
    path = f"spec.containers{{{item.name}}}"
    counts: dict[str, int] = {}
    texts: dict[str, str] = {}
    for event in evidence.events_of(item.pod, "Unhealthy"):
        match = PROBE_EVENT.search(str(event.get("message", "")))
        if match and str(event.at("involvedObject.fieldPath", path)).endswith(f"{{{item.name}}}"):
            kind = match[1].lower()
            counts[kind] = counts.get(kind, 0) + int(event.get("count") or event.at("series.count", 1) or 1)
            texts[kind] = match[2].strip()
    return [Failure(k, text, counts[k], item.spec.get(f"{k}Probe") or {}) for k, text in texts.items()]


def _explained(evidence: Evidence, item: Status, failure: Failure) -> Cause | None:
    """Why the probe can't succeed; None where the container itself has to say why it is not well."""
    text, probe = failure.text, failure.probe
    if _SCHEME.search(text):
        has = str((probe.get("httpGet") or {}).get("scheme", "HTTP"))
        return _cause(
            evidence,
            item,
            failure,
            "httpGet.scheme",
            "probe-scheme",
            has,
            "HTTP" if has == "HTTPS" else "HTTPS",
        )
    if (status := _STATUS.search(text)) and status[1] in ("404", "405", "410", "301", "302"):
        path = str((probe.get("httpGet") or {}).get("path", "/"))
        return _cause(evidence, item, failure, "httpGet.path", "probe-path", path, _other_path(item, failure))
    if status and status[1] in ("401", "403"):
        path = str((probe.get("httpGet") or {}).get("path", "/"))
        return _cause(
            evidence, item, failure, "httpGet.path", "probe-path", path, "a path that needs no login"
        )
    if wrong := _port(item, failure):
        return _cause(
            evidence, item, failure, f"{failure.action}.port", "probe-port", str(wrong[0]), wrong[1]
        )
    if failure.kind in ("liveness", "startup") and item.restarts and _starting(failure):
        return _early(evidence, item, failure)
    if _SLOW.search(text) and (limit := _small(item)):
        return _throttled(evidence, item, failure, limit)
    if _SLOW.search(text):
        seconds = f"{probe.get('timeoutSeconds', 1)} s"
        expected = "an answer in time, or a longer timeout"
        return _cause(
            evidence, item, failure, "timeoutSeconds", "probe-timeout", seconds, expected, Strength.SAID
        )
    if failure.action == "exec":
        command = " ".join((probe.get("exec") or {}).get("command") or ())
        rule = "probe-command"
        return _cause(
            evidence,
            item,
            failure,
            "exec.command",
            rule,
            command[:200],
            "a command that ends with 0",
            Strength.WEAK,
        )
    return None


def _small(item: Status) -> str:
    """A CPU limit so small that a program hardly gets on, as it is written; empty for another, or none."""
    limit = ((item.spec.get("resources") or {}).get("limits") or {}).get("cpu")
    number = quantity.parse(limit)
    return str(limit) if number is not None and number <= SMALL_CPU else ""


def _throttled(evidence: Evidence, item: Status, failure: Failure, limit: str) -> Cause:
    where = container_path(evidence.workload, item.name, "resources.limits.cpu")
    finding = Finding(
        "error",
        "cpu-limit-small",
        f"container {item.name} is too slow to answer its {failure.kind} probe: its CPU limit is {limit}",
        evidence.ref,
        found=limit,
        expected="a limit that lets it answer in time, or none",
        why="a container at its CPU limit is held back until the next tenth of a second "
        "(kubernetes.io/docs/concepts/configuration/manage-resources-containers)",
        fix=Fix(f"raise {where}", command=f"kubectl edit {kubectl(evidence.workload)}"),
        evidence=(Quote(failure.text[:300], f"event Unhealthy of {item.pod.name}, {failure.count} times"),),
        field=where,
    )
    return Cause(finding, affects=(evidence.ref,), strength=Strength.SAID)


def _port(item: Status, failure: Failure) -> tuple[Any, str] | None:
    """(found, expected) where the container declares ports and the probe asks another."""
    wanted = (failure.probe.get(failure.action) or {}).get("port")
    if wanted is None or not (_REFUSED.search(failure.text) or isinstance(wanted, str)):
        return None
    ports = {p["containerPort"]: p.get("name", "") for p in item.spec.get("ports") or ()}
    others = _other_ports(item, failure)
    known = {*ports, *ports.values(), *others} - {""}
    if not known or wanted in known:
        return None
    shown = [f"{number}" for number in ports] or [str(port) for port in others]
    return wanted, " or ".join(shown)


def _other_ports(item: Status, failure: Failure) -> set[Any]:
    """The ports of the container's other probes: if they succeed, that is where it listens."""
    probes = [
        item.spec.get(f"{k}Probe") or {} for k in ("readiness", "liveness", "startup") if k != failure.kind
    ]
    asked = [p[a].get("port") for p in probes for a in ("httpGet", "tcpSocket", "grpc") if a in p]
    return {port for port in asked if port is not None} if item.status.get("ready") else set()


def _starting(failure: Failure) -> bool:
    """Whether nothing answers at all, as while a program still starts."""
    return bool(_REFUSED.search(failure.text) or _SLOW.search(failure.text)) or failure.action == "exec"


def _early(evidence: Evidence, item: Status, failure: Failure) -> Cause | None:
    """The container never got ready before the probe ended it."""
    if item.status.get("ready") or item.state("terminated", last=True).get("exitCode") not in (
        *KILLED,
        0,
        None,
    ):
        return None
    probe = failure.probe
    given = probe.get("initialDelaySeconds", 0) + probe.get("periodSeconds", 10) * probe.get(
        "failureThreshold", 3
    )
    expected = "a startupProbe that gives it the time it needs" if failure.kind == "liveness" else "more time"
    field = "initialDelaySeconds" if failure.kind == "liveness" else "failureThreshold"
    return _cause(
        evidence,
        item,
        failure,
        field,
        "probe-too-early",
        f"{given} s until it is ended",
        expected,
        Strength.SAID,
    )


def _flapping(evidence: Evidence, item: Status, failure: Failure) -> Cause | None:
    """Ready now, and ended by its liveness probe again and again."""
    last = item.state("terminated", last=True)
    if failure.kind != "liveness" or not item.status.get("ready") or item.restarts < FLAPPING:
        return None
    if last.get("reason") == "OOMKilled" or last.get("exitCode") not in (*KILLED, 0):
        return None
    if wrong := _port(item, failure):
        return _cause(
            evidence, item, failure, f"{failure.action}.port", "probe-port", str(wrong[0]), wrong[1]
        )
    found = f"{counted(item.restarts, 'restart')}, {counted(failure.count, 'failure')}"
    expected = "a probe that fails only when a restart helps: a longer timeout or a higher threshold"
    return _cause(evidence, item, failure, "", "liveness-flapping", found, expected, Strength.SAID)


def _silent(evidence: Evidence, item: Status) -> Cause | None:
    """Restarted often by signals, with a liveness probe, and the events that would say so are gone."""
    last = item.state("terminated", last=True)
    if item.restarts < FLAPPING or "livenessProbe" not in item.spec or last.get("exitCode") not in KILLED:
        return None
    if last.get("reason") == "OOMKilled":
        return None
    failure = Failure("liveness", f"exit code {last['exitCode']}", item.restarts, item.spec["livenessProbe"])
    expected = "a probe that fails only when a restart helps"
    return _cause(
        evidence, item, failure, "", "liveness-flapping", f"{item.restarts} restarts", expected, Strength.SAID
    )


def _other_path(item: Status, failure: Failure) -> str:
    paths = [
        (item.spec.get(f"{kind}Probe") or {}).get("httpGet", {}).get("path")
        for kind in ("readiness", "liveness", "startup")
        if kind != failure.kind
    ]
    known = [path for path in paths if path and path != (failure.probe.get("httpGet") or {}).get("path")]
    return known[0] if known and item.restarts == 0 else "a path that the container answers with 200 to 399"


def _cause(
    evidence: Evidence,
    item: Status,
    failure: Failure,
    field: str,
    rule: str,
    found: str,
    expected: str,
    strength: Strength = Strength.SHOWN,
) -> Cause:
    where = container_path(evidence.workload, item.name, f"{failure.kind}Probe{'.' + field if field else ''}")
    consequence = "gets no traffic" if failure.kind == "readiness" else "is restarted again and again"
    finding = Finding(
        "warning" if item.status.get("ready") else "error",
        rule,
        f"the {failure.kind} probe of container {item.name} fails: {_WHAT[rule]}",
        evidence.ref,
        found=found,
        expected=expected,
        why=f"a container whose {failure.kind} probe fails {consequence} ({_DOCS})",
        fix=Fix(f"change {where}", command=f"kubectl edit {kubectl(evidence.workload)}"),
        evidence=(Quote(failure.text[:300], f"event Unhealthy of {item.pod.name}, {failure.count} times"),),
        field=where,
    )
    return Cause(finding, affects=(evidence.ref,), strength=strength)


_WHAT = {
    "probe-scheme": "it speaks the wrong protocol",
    "probe-path": "it asks a path that is not there",
    "probe-port": "it asks a port where nothing listens",
    "probe-too-early": "it gives up before the program has started",
    "probe-timeout": "no answer in time",
    "probe-command": "its command does not end with 0",
    "liveness-flapping": "now and then, which restarts a container that works",
}
