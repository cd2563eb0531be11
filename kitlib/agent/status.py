"""How an agent is: what its custom resource's status, its metrics and `kit agent status` show."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Phase = Literal["starting", "watching", "standing by", "degraded", "stopped"]


@dataclass(frozen=True)
class Pending:
    """A proposal that waits for a person.

    Args:
        id: what `kit agent approve` takes.
        title: one line.
        hash: of its plan; empty when it proposes nothing that the agent could carry out.
        opened: when, ISO 8601 in UTC.
    """

    id: str
    title: str
    hash: str
    opened: str


@dataclass(frozen=True)
class AgentStatus:
    """One look at an agent.

    Args:
        phase: `standing by`: another replica leads; `degraded`: something can't be read, see `last_error`.
        watched: how many objects its watches hold.
        pending: how many proposals wait for a person.
        executed_last_hour: how many changes it made in the last 60 minutes.
        budget_left: how many it may still make in them; 0 when the account can't be read.
        last_error: what went wrong last, redacted; empty while nothing is wrong.
        fired, suggested, suppressed, executed, failed, refused, escalated: counted since it started.
        unknown: conditions that never fire here, each with the reason.
        proposals: those that wait, oldest first.
    """

    phase: Phase
    watched: int
    pending: int
    executed_last_hour: int
    budget_left: int
    last_error: str = ""
    fired: int = 0
    suggested: int = 0
    suppressed: int = 0
    executed: int = 0
    failed: int = 0
    refused: int = 0
    escalated: int = 0
    unknown: tuple[str, ...] = ()
    proposals: tuple[Pending, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain data, as it stands in the custom resource's status."""
        return asdict(self)
