"""What the agent tells people, and who listens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from kitlib.specs.models.agent import Event

Recipient = Literal["channel", "on-call", "team-lead"]


@dataclass(frozen=True)
class Notice:
    """One message.

    Args:
        event: what happened.
        agent: whose: the AgentConfig's name.
        key: the same for the same event of the same proposal, so that nobody is told twice.
        title: one line; nothing secret is in it, nor in the text.
        text: the evidence, the change and how to answer.
        to: for whom.
        at: when, ISO 8601 in UTC.
    """

    event: Event
    agent: str
    key: str
    title: str
    text: str
    to: Recipient
    at: str


class Listener(Protocol):
    """Takes notices further; never raises, never blocks."""

    def notify(self, notice: Notice) -> None:
        """Take one."""
