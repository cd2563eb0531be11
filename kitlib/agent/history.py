"""What an agent decided, from the audit: fired, suggested, suppressed, approved, carried out, refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kitlib.agent.desk import ENTRY


@dataclass(frozen=True)
class Decided:
    """One decision.

    Args:
        at: when, ISO 8601 in UTC.
        agent: whose.
        what: fired, suggested, suppressed, approved, denied, executed, failed, refused, reported, escalated,
            or expired.
        proposal: its id; empty where there is none.
        text: what it is about.
        reason: why, or who.
    """

    at: str
    agent: str
    what: str
    proposal: str
    text: str
    reason: str


def decisions(entries: Iterable[Mapping[str, Any]], agent: str = "") -> Iterator[Decided]:
    """The decisions among the entries of an audit, oldest first.

    Args:
        entries: as `kitlib.policy.Audit.read` gives them.
        agent: whose; empty: all agents'.
    """
    for entry in entries:
        if entry["event"] != ENTRY or agent not in ("", entry["agent"]):
            continue
        text = entry.get("title") or entry.get("object") or entry.get("key", "")
        reason = entry.get("reason") or (f"by {entry['by']}" if entry.get("by") else "")
        reason = reason or "; ".join(entry.get("evidence") or ())
        yield Decided(
            entry["at"], entry["agent"], entry["what"], entry.get("proposal", ""), str(text), str(reason)
        )
