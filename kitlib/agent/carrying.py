"""Carrying out a proposal: once or not at all, and the record says which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from kitlib.agent.acting import perform
from kitlib.agent.desk import Desk
from kitlib.agent.proposals import Proposal, State
from kitlib.errors import ClusterUnreachable, KitError, NotApproved
from kitlib.policy import AuditError, Change, Denied, Following, Mutation, acting
from kitlib.policy.action import keyed_digest
from kitlib.policy.following import asked_of


def carry_out(desk: Desk, proposal: Proposal) -> Proposal:
    """Make the change that a proposal's plan holds, if the object still is as it was seen.

    The caller has made sure that it is automatic, or approved. Whether it may act at all is asked here again.

    Returns:
        The proposal as it is then: done, refused (drift, budget, prohibition, no valid approval, no record),
        failed, unknown (the server went away meanwhile), or unchanged when another replica leads.

    Raises:
        StateError, AuditError: its end can't be recorded.
    """
    try:
        plan = desk.approvals.plan(proposal.hash)
        if not proposal.automatic:
            desk.approvals.approval(proposal.hash)
    except NotApproved as error:
        return ended(desk, proposal, "refused", error.message)
    if not desk.may_act():
        return proposal
    proposal = desk.settle(proposal, state="executing", change="")
    gate = desk.gate(Following(plan))
    gate.tell = lambda change: _noted(desk, proposal, change)
    problem: KitError | None = None
    try:
        with acting(gate):
            perform(desk.cluster, proposal.act, proposal.target, proposal.value)
    except KitError as error:
        problem = error
    begun = desk.state.get(proposal.id).change
    if problem is None:
        return ended(desk, proposal, "done", f"kit undo {begun}", begun)
    if isinstance(problem, NotApproved | Denied | AuditError):
        return ended(desk, proposal, "refused", problem.message)
    lost = isinstance(problem, ClusterUnreachable) and begun
    return ended(desk, proposal, "unknown" if lost else "failed", problem.message, begun)


def _noted(desk: Desk, proposal: Proposal, change: Change) -> None:
    """Remember that a change is about to be sent: if the agent dies now, somebody has to look."""
    if change.state == "begun":
        desk.settle(proposal, change=change.id)
        desk.before_change()


def recover(desk: Desk, proposal: Proposal) -> Proposal:
    """Look at what an agent that died had begun; nothing is done again.

    The same act is planned anew: what of it would still change something was not made.

    Raises:
        ClusterUnreachable: nobody can look now.
    """
    if not proposal.change:
        return ended(desk, proposal, "failed", "the agent died before it began, so nothing was changed")
    try:
        following = _Begun(desk.approvals.plan(proposal.hash), begun={0: proposal.change})
    except NotApproved as error:
        return ended(desk, proposal, "unknown", error.message, proposal.change)
    gate = desk.gate(following, planning=True)
    try:
        with acting(gate):
            perform(desk.cluster, proposal.act, proposal.target, proposal.value)
    except ClusterUnreachable:
        raise
    except KitError as error:
        return ended(desk, proposal, "unknown", error.message, proposal.change)
    if gate.planned:
        reason = "the agent died after it began; the change was not made, and is not repeated"
        return ended(desk, proposal, "failed", reason, proposal.change)
    return ended(
        desk, proposal, "done", "the agent died after it began; the change was made", proposal.change
    )


class _Begun(Following):
    """A plan of one change that was begun, maybe by another replica.

    A plan knows what was asked by a digest, whose key never leaves its pod. What is asked here comes from the
    same proposal, so it is the same.
    """

    def settled(self, mutation: Mutation) -> Mapping[str, Any] | None:
        """See `Following`."""
        (planned,) = self.plan.actions
        self.plan = replace(self.plan, actions=(replace(planned, asked=keyed_digest(asked_of(mutation))),))
        return super().settled(mutation)


_EVENTS: dict[State, Literal["action-executed", "action-failed", "action-denied"]] = {
    "done": "action-executed",
    "failed": "action-failed",
    "unknown": "action-failed",
    "refused": "action-denied",
}
_COUNTS: dict[State, str] = {
    "done": "executed",
    "failed": "failed",
    "unknown": "failed",
    "refused": "refused",
}


def ended(desk: Desk, proposal: Proposal, state: State, reason: str, change: str = "") -> Proposal:
    """Write how it ended: in the memory first, so that nothing is done twice, then in the audit."""
    proposal = desk.settle(proposal, state=state, reason=reason, change=change)
    if state != "refused" or "void" not in reason:  # after drift the rule may propose anew at once
        desk.state.cool(proposal, desk.clock())
    desk.record(_COUNTS[state], state=state, proposal=proposal.id, title=proposal.title, reason=reason)
    return desk.tell(proposal, _EVENTS[state])
