"""A proposal: what the agent would do about something, why, and how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

from kitlib.agent.names import MUTATIONS, Act
from kitlib.findings import Ref

State = Literal["open", "approved", "executing", "done", "denied", "failed", "refused", "expired", "unknown"]
WAITING: frozenset[State] = frozenset({"open", "approved", "executing"})


@dataclass(frozen=True)
class Proposal:
    """One proposal.

    Args:
        id: what a person approves or denies.
        rule: the rule that fired: a monitoring rule's name, or a row of the operations specification.
        act: what would be done.
        target: to which object: a workload, or the pod that is restarted.
        workload: whose trouble it is about.
        title: one line.
        opened, changed: when, ISO 8601 in UTC.
        evidence: what it rests on, quoted; redacted.
        value: the numbers that would be set.
        automatic: whether it needs no person.
        state: `refused`: by the gate, the budget, or because the object changed since; `unknown`: the agent
            died, or lost the server, while it was carried out.
        hash: of its plan; empty when nothing would be changed.
        diff: what would change.
        cooldown_minutes: how long its rule is quiet about the workload afterwards.
        by, reason: who answered it, and what became of it.
        change: the id of the change that was begun, for `kit undo`.
        told: the events that people were told of.
    """

    id: str
    rule: str
    act: Act
    target: Ref
    workload: Ref
    title: str
    opened: str
    changed: str
    evidence: tuple[str, ...] = ()
    value: Mapping[str, Any] = field(default_factory=dict)
    automatic: bool = False
    state: State = "open"
    hash: str = ""
    diff: str = ""
    cooldown_minutes: int = 30
    by: str = ""
    reason: str = ""
    change: str = ""
    told: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, str]:
        """What is proposed once at a time."""
        return keys_of(self.rule, self.act, self.workload)

    @property
    def waits(self) -> bool:
        """Whether it is not settled yet."""
        return self.state in WAITING

    def age_seconds(self, now: datetime) -> float:
        """Seconds since it was opened."""
        return (now - datetime.fromisoformat(self.opened)).total_seconds()

    def as_dict(self) -> dict[str, Any]:
        """Plain data; `from_dict` reads it."""
        return asdict(self)


def keys_of(rule: str, act: Act, workload: Ref) -> tuple[str, str]:
    """What a rule's proposals about a workload are told apart by: the rule, and what it would do."""
    return f"{rule} | {workload}", f"{MUTATIONS.get(act, act)} | {workload}"


def from_dict(data: Mapping[str, Any]) -> Proposal:
    """A proposal from plain data.

    Raises:
        KeyError, TypeError: it is none.
    """
    refs = {name: Ref(**data[name]) for name in ("target", "workload")}
    lists = {name: tuple(data[name]) for name in ("evidence", "told")}
    return Proposal(**{**data, **refs, **lists})
