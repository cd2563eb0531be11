"""What a valid specification still says that is out of date, or that cannot be kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

from kitlib import kubernetes_releases
from kitlib.findings import Finding
from kitlib.specs.problems import Loc, problem

if TYPE_CHECKING:
    from kitlib.specs.result import Reading

_VERSIONS: dict[str, Loc] = {
    "architecture": ("compute", "kubernetes"),
    "local-cluster": ("kubernetes",),
    "infrastructure": ("control_plane", "version"),
}
_ENDED_MODELS = ("gpt-4", "gpt-4-0613", "gpt-4-0314", "gpt-4-32k", "gpt-4-32k-0613")
_ONCE_KAFKA = (
    "Kafka keeps exactly-once only from topic to topic, within its transactions; a database outside "
    "sees a message again after a crash (kafka.apache.org/documentation/#semantics)"
)
_ONCE_OTHER = (
    "RabbitMQ and Redis deliver again whatever was not acknowledged in time, so a message can come twice "
    "(rabbitmq.com/docs/reliability, redis.io/docs/latest/develop/data-types/streams)"
)
_PUBSUB = (
    "Redis forgets a published message at once: who is not connected never gets it "
    "(redis.io/docs/latest/develop/pubsub)"
)


def advise(reading: Reading[Any]) -> list[Finding]:
    """The warnings and notes about what a specification says, as far as it could be read."""
    return [*_ended_versions(reading), *_deliveries(reading), *_agent(reading), *_ports(reading)]


def value(data: Any, loc: Loc) -> Any:
    """The value at a path; None where there is none."""
    for step in loc:
        if isinstance(data, dict):
            data = data.get(step)
        elif isinstance(data, (list, tuple)) and isinstance(step, int) and step < len(data):
            data = data[step]
        else:
            return None
    return data


def _ended_versions(reading: Reading[Any]) -> Iterator[Finding]:
    loc = _VERSIONS.get(reading.kind or "")
    version = value(reading.data, loc) if loc else None
    end = kubernetes_releases.ended(version) if isinstance(version, str) else None
    if loc and end:
        newer = _oldest_supported()
        yield problem(
            "spec-kubernetes-ended",
            reading.where(*loc),
            reading.words_of(*loc),
            found=f"Kubernetes {version}, which ended on {end.isoformat()}",
            expected=f"a version that still gets patches: {newer} or newer",
            fix=f"write {newer}",
            why=f"Nobody mends what is found in it any more ({kubernetes_releases.SOURCE})",
            severity="warning",
        )


def _oldest_supported() -> str:
    versions = (f"1.{minor}" for minor in range(19, 100))
    today = date.today()
    return next(v for v in versions if (end := kubernetes_releases.end_of_life(v)) is None or end >= today)


def _deliveries(reading: Reading[Any]) -> Iterator[Finding]:
    entries = value(reading.data, ("asynchronous",)) if reading.kind == "communication" else None
    for index, entry in enumerate(entries if isinstance(entries, list) else []):
        named = value(entry, ("brokers",))
        brokers = [str(broker) for broker in named] if isinstance(named, list) else []
        delivery, pattern = value(entry, ("delivery",)), value(entry, ("pattern",))
        loc: Loc = ("asynchronous", index, "delivery")
        claim = (delivery, ", ".join(brokers))
        if delivery == "Exactly-once" and any(broker.lower() != "kafka" for broker in brokers):
            yield _claim(
                reading, loc, claim, "At-least-once, and receivers that may get it twice", _ONCE_OTHER, True
            )
        elif delivery == "Exactly-once" and brokers:
            yield _claim(
                reading, loc, claim, "At-least-once, or transactions of Kafka alone", _ONCE_KAFKA, False
            )
        elif (
            pattern == "Publish/Subscribe"
            and "redis" in map(str.lower, brokers)
            and delivery != "At-most-once"
        ):
            yield _claim(reading, loc, claim, "At-most-once, or a stream in place of it", _PUBSUB, True)


def _claim(
    reading: Reading[Any], loc: Loc, claim: tuple[Any, str], expected: str, why: str, impossible: bool
) -> Finding:
    return problem(
        "spec-delivery",
        reading.where(*loc),
        reading.words_of(*loc),
        found=f"{claim[0]} from {claim[1]}",
        expected=expected,
        fix=f"write {'At-most-once' if 'most' in expected else 'At-least-once'}",
        why=why,
        severity="error" if impossible else "warning",
    )


def _agent(reading: Reading[Any]) -> Iterator[Finding]:
    if reading.kind != "agent":
        return
    version, model = value(reading.data, ("apiVersion",)), value(reading.data, ("spec", "model", "name"))
    if version == "kagent.io/v1":
        yield problem(
            "spec-agent-group",
            reading.where("apiVersion"),
            reading.words_of("apiVersion"),
            found=str(version),
            expected="its CustomResourceDefinition in the cluster before it",
            fix="apply the CustomResourceDefinition of AgentConfig first",
            why="No project serves this group; kagent's own is kagent.dev, of another shape (kagent.dev)",
            severity="info",
        )
    if model in _ENDED_MODELS:
        yield problem(
            "spec-agent-model",
            reading.where("spec", "model", "name"),
            reading.words_of("spec", "model", "name"),
            found=str(model),
            expected="a model that its provider still runs",
            fix="write gpt-5-mini, or the name of any model that an OpenAI-compatible endpoint has",
            why="gpt-4 was shut down in October 2026 (platform.openai.com/docs/deprecations)",
            severity="warning",
        )


def _ports(reading: Reading[Any]) -> Iterator[Finding]:
    """A variable that says where the process listens, and the table of ports, say the same."""
    if reading.kind != "container" or any(finding.severity == "error" for finding in reading.findings):
        return
    rows = value(reading.data, ("ports",))
    ports = {row.get("port") for row in rows} if isinstance(rows, list) else set()
    variables = value(reading.data, ("variables",)) if ports else None
    for index, variable in enumerate(variables if isinstance(variables, list) else []):
        name, default = str(variable.get("name", "")), str(variable.get("default") or "")
        if re.fullmatch(r"(METRICS_)?PORT", name) and default.isdecimal() and int(default) not in ports:
            loc: Loc = ("variables", index, "default")
            listed = ", ".join(str(port) for port in sorted(filter(None, ports)))
            yield problem(
                "spec-port-differs",
                reading.where(*loc),
                reading.words_of(*loc),
                found=f"{name} is {default}",
                expected=f"one of the ports under Ports: {listed}",
                fix=f"write {listed.partition(',')[0]}, or add a row for {default} to the table of ports",
                why="The process would listen where neither its Service nor its probes ask.",
            )
