"""A person's answer to a proposal, given on the machine where the agent's memory is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from kitlib.agent.desk import ENTRY
from kitlib.agent.proposals import Proposal
from kitlib.agent.state import State, agents, state_of
from kitlib.errors import NotApproved, UsageError
from kitlib.policy import Approvals, Audit
from kitlib.policy.approval import APPROVAL_LIFE
from kitlib.settings import get_settings


def find(id: str) -> tuple[State, Proposal]:
    """A proposal, whichever agent's it is.

    Raises:
        UsageError: no agent of this machine has one of that id.
    """
    for name in agents():
        state = state_of(name)
        for proposal in state.proposals():
            if proposal.id == id:
                return state, proposal
    raise UsageError(f"no agent of this machine has a proposal {id!r}", fix="kit agent pending")


def approve(state: State, id: str, by: str, *, hash: str = "", life: timedelta = APPROVAL_LIFE) -> Proposal:
    """Say yes to exactly what a proposal shows; the running agent carries it out if nothing changed since.

    Args:
        state: the agent's memory.
        id: the proposal's.
        by: who says so.
        hash: the plan's, as it was shown; none: the stored one.
        life: how long the yes holds.

    Raises:
        NotApproved: it is settled already, proposes nothing that can be carried out, has another plan by now,
            or its plan is too old.
    """
    now = datetime.now(UTC)
    with state.locked():
        proposal = _open(state, id)
        if not proposal.hash:
            raise NotApproved(f"proposal {id} is advice: {proposal.reason}")
        if hash not in ("", proposal.hash):
            raise NotApproved(f"proposal {id} has the plan {proposal.hash}, and {hash} was approved")
        approvals = Approvals(get_settings().state_dir / "approvals")
        approvals.plan(proposal.hash)
        _record(state, "approved", proposal, by)
        approvals.approve(proposal.hash, by, life)
        return state.save(replace(proposal, state="approved", by=by, changed=now.isoformat()))


def deny(
    state: State,
    id: str,
    by: str,
    reason: str = "",
    *,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Proposal:
    """Say no; the rule is quiet about the workload for its cooldown.

    Raises:
        NotApproved: it is settled already.
    """
    now = clock()
    with state.locked():
        proposal = _open(state, id)
        _record(state, "denied", proposal, by, reason)
        told = f"denied by {by}" + (f": {reason}" if reason else "")
        proposal = replace(proposal, state="denied", by=by, reason=told, changed=now.isoformat())
        state.save(proposal)
    state.cool(proposal, now)
    return proposal


def _open(state: State, id: str) -> Proposal:
    proposal = state.get(id)
    if proposal.state != "open":
        raise NotApproved(
            f"proposal {id} is {proposal.state} already" + (f" by {proposal.by}" if proposal.by else "")
        )
    return proposal


def _record(state: State, what: str, proposal: Proposal, by: str, reason: str = "") -> None:
    audit = Audit(get_settings().state_dir / "audit.jsonl")
    more = {"title": proposal.title, "hash": proposal.hash, "by": by, "reason": reason}
    audit.write(ENTRY, agent=state.name, what=what, proposal=proposal.id, **more)
