"""What all parts of one agent work with: its configuration, its memory, its records, and whom it tells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from kitlib.agent.events import Listener, Notice, Recipient
from kitlib.agent.operations import OperationsPolicy
from kitlib.agent.proposals import Proposal
from kitlib.agent.state import State
from kitlib.cluster import Cluster
from kitlib.policy import Actor, Approvals, Audit, Budget, Following, Gate, Limits
from kitlib.settings import get_settings
from kitlib.specs.models.agent import AgentConfig, Event

MOST_PODS = 20  # that one action may end or start
ENTRY = "agent"  # the audit's event for what an agent decides; what it changes has the gate's own entries


@dataclass
class Desk:
    """See the module."""

    config: AgentConfig
    cluster: Cluster
    policy: OperationsPolicy
    state: State
    listener: Listener
    clock: Callable[[], datetime]
    may_act: Callable[[], bool]
    before_change: Callable[[], None] = lambda: None
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def name(self) -> str:
        """The agent's name."""
        return self.config.metadata.name

    @property
    def approvals(self) -> Approvals:
        """Where plans and approvals are kept."""
        return Approvals(get_settings().state_dir / "approvals")

    @property
    def audit(self) -> Audit:
        """Where everything is recorded."""
        return Audit(get_settings().state_dir / "audit.jsonl")

    @property
    def budget(self) -> Budget:
        """Its account of changes, which outlives it."""
        limits = Limits(actions_per_hour=self.config.spec.safety.max_actions_per_hour, pods=MOST_PODS)
        return Budget(self.state.budget_path, limits)

    def gate(self, following: Following | None = None, *, planning: bool = False) -> Gate:
        """The gate that its changes pass: prohibitions always, its account when something is changed."""
        return Gate(
            Actor("agent", self.name),
            self.approvals,
            self.audit,
            None if planning else self.budget,
            planning=planning,
            following=following,
        )

    def record(self, what: str, **data: Any) -> None:
        """Count a decision and write it to the audit.

        Raises:
            AuditError: it can't be recorded, so what it is about must not be done.
        """
        self.counts[what] += 1
        self.audit.write(ENTRY, agent=self.name, what=what, **data)

    def settle(self, proposal: Proposal, **changes: Any) -> Proposal:
        """Write a proposal's new state."""
        return self.state.save(replace(proposal, changed=self.clock().isoformat(), **changes))

    def tell(self, proposal: Proposal, event: Event, to: Recipient = "channel") -> Proposal:
        """Tell people of an event once; a listener that fails is its own matter."""
        mark = f"{event} {to}"
        if mark in proposal.told:
            return proposal
        title = f"{proposal.title} [{event.removeprefix('action-')}]"
        key = f"{self.name} {proposal.id} {mark}"
        at = self.clock().isoformat(timespec="seconds")
        self.listener.notify(Notice(event, self.name, key, title, told(proposal), to, at))
        return self.state.save(replace(proposal, told=(*proposal.told, mark)))


def told(proposal: Proposal) -> str:
    """A proposal for a person: why, what, and how to answer."""
    lines = [f"rule: {proposal.rule}", *proposal.evidence]
    lines += [proposal.diff] if proposal.diff else []
    lines += [proposal.reason] if proposal.reason else []
    if proposal.state == "open" and proposal.hash:
        lines += [f"kit agent approve {proposal.id}", f"kit agent deny {proposal.id}"]
    return "\n".join(lines)
