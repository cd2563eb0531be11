"""The AI operations specification as rules: what may be done alone, when, and what never."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal

from kitlib.agent.names import OPERATIONS, Act
from kitlib.agent.triggers import EXAMPLES, Trigger, UnknownCondition, parse
from kitlib.errors import SettingsError
from kitlib.findings import Finding, Findings
from kitlib.policy.preimages import LIFE
from kitlib.policy.rules import DELETIONS, KINDS
from kitlib.specs import read
from kitlib.specs.models.ai_operations import AiOperations
from kitlib.specs.problems import instead, problem
from kitlib.specs.result import Reading
from kitlib.specs.values import nearest

TOPICS = tuple(dict.fromkeys((*DELETIONS.values(), *KINDS.values(), "Pod Security changes")))
_WHY = "An agent acts on what it can observe and do; a line that means nothing to it would be no rule."


@dataclass(frozen=True)
class Permission:
    """A row of the table: what may be done when.

    Args:
        name: the action as it is written.
        act: what it is.
        trigger: when.
        automatic: whether it needs no person.
        where: `file:line`.
    """

    name: str
    act: Act
    trigger: Trigger
    automatic: bool
    where: str


@dataclass(frozen=True)
class OperationsPolicy:
    """The whole specification.

    Args:
        permissions: the table's rows; an act that is in none of them always needs a person.
        prohibited: the gate's topics that the specification names; the gate holds all of its own anyway.
        never: acts that the specification prohibits.
        rollback: how long a change can be undone.
        escalate_after: how long the on-call engineer has before the team lead is told.
    """

    permissions: tuple[Permission, ...] = ()
    prohibited: tuple[str, ...] = ()
    never: frozenset[Act] = frozenset()
    rollback: timedelta = timedelta(hours=24)
    escalate_after: timedelta = timedelta(minutes=15)


def load(path: Path | str) -> OperationsPolicy:
    """Read a policy from a specification's file.

    Raises:
        SettingsError: it is none, or a line of it maps to nothing; names each with file and line.
    """
    reading = read(path)
    if not isinstance(reading.spec, AiOperations):
        raise _refused(str(path), reading.findings)
    policy, findings = from_spec(Reading(**{**vars(reading), "spec": reading.spec}))
    if findings:
        raise _refused(str(path), findings)
    return policy


def from_spec(reading: Reading[AiOperations]) -> tuple[OperationsPolicy, Findings]:
    """The rules of a specification that was read, and what of it maps to nothing."""
    spec = reading.spec
    if spec is None:
        return OperationsPolicy(), reading.findings
    findings = Findings()
    rows: list[Permission] = []
    for index, row in enumerate(spec.allowed):
        act = OPERATIONS.get(_known(row.action, OPERATIONS) or "")
        if act is None:
            findings.append(_unknown(reading, ("allowed", index, "action"), row.action, OPERATIONS))
        try:
            trigger = parse(row.condition)
        except UnknownCondition as error:
            path = ("allowed", index, "condition")
            findings.append(_unknown(reading, path, row.condition, EXAMPLES, error.nearest))
            continue
        if act is not None:
            where = reading.where("allowed", index)
            rows.append(Permission(row.action, act, trigger, row.approval == "Auto", where))
    topics, never = set[str](), set[Act]()
    for index, text in enumerate(spec.prohibited):
        found = list(_meaning(text))
        topics |= {name for name, kind in found if kind == "topic"}
        never |= {OPERATIONS[name] for name, kind in found if kind == "act"}
        if not found:
            findings.append(_unknown(reading, ("prohibited", index), text, (*TOPICS, *OPERATIONS)))
    kept = int(LIFE.total_seconds() // 3600)
    if spec.rollback_hours > kept:
        said, most = f"{spec.rollback_hours} hours", f"{kept} hours"
        findings.append(_unknown(reading, ("rollback_hours",), said, (most, "less"), most))
    policy = OperationsPolicy(
        tuple(rows),
        tuple(sorted(topics)),
        frozenset(never),
        timedelta(hours=spec.rollback_hours),
        timedelta(minutes=spec.escalation.no_response_minutes),
    )
    return policy, findings


def _known(text: str, names: Iterable[str]) -> str | None:
    """The name that a text is, whatever its case and number."""
    wanted = _plain(text)
    return next((name for name in names if _plain(name) == wanted), None)


def _meaning(text: str) -> Iterator[tuple[str, Literal["topic", "act"]]]:
    if topic := _known(text, TOPICS):
        yield topic, "topic"
    if act := _known(text, OPERATIONS):
        yield act, "act"


def _plain(text: str) -> str:
    words = re.findall(r"[a-z/]+", text.lower().replace("-", " "))
    return " ".join(word.removesuffix("s") if len(word) > 3 else word for word in words)


def _unknown(
    reading: Reading[AiOperations],
    path: tuple[str | int, ...],
    text: str,
    valid: Iterable[str],
    near: str | None = None,
) -> Finding:
    names = list(valid)
    near = near or nearest(text, names)
    return problem(
        "spec-operations-unknown",
        reading.where(*path),
        reading.words_of(*path),
        found=text,
        expected=f"one of: {'; '.join(names)}",
        fix=instead(near, f"one of {names[0]}, {names[1]}, …"),
        why=_WHY,
    )


def _refused(file: str, findings: Findings) -> SettingsError:
    errors = [item for item in findings if item.severity == "error"]
    told = "; ".join(f"{item.object}: found {item.found!r}" for item in errors) or "it is of another kind"
    fix = "; ".join(item.fix.summary for item in errors if item.fix)
    return SettingsError(f"{file} is no AI operations specification to act by: {told}", fix=fix)
