"""What waits for a person: the on-call engineer is told, then the team lead; silence is a no."""

from __future__ import annotations

from kitlib.agent.carrying import carry_out
from kitlib.agent.desk import Desk
from kitlib.agent.proposals import Proposal
from kitlib.policy.approval import PLAN_LIFE


def follow_up(desk: Desk, proposal: Proposal) -> Proposal:
    """Take one unsettled proposal further.

    One that was approved is carried out. One that nobody answered goes to the team lead after the time of the
    operations specification, and ends after a day. One that a person denied is told of.

    Raises:
        StateError, AuditError: nothing was done.
    """
    if proposal.state == "approved":
        proposal = desk.tell(proposal, "action-approved")
        return carry_out(desk, proposal)
    if proposal.state == "denied":
        return desk.tell(proposal, "action-denied")
    if proposal.state != "open":
        return proposal
    if proposal.automatic:  # another replica led when it was to be carried out
        return carry_out(desk, proposal)
    age = proposal.age_seconds(desk.clock())
    if age >= PLAN_LIFE.total_seconds():
        return _expire(desk, proposal)
    if (
        age >= desk.policy.escalate_after.total_seconds()
        and "action-escalated team-lead" not in proposal.told
    ):
        minutes = int(age // 60)
        desk.record("escalated", proposal=proposal.id, title=proposal.title, minutes=minutes)
        return desk.tell(proposal, "action-escalated", "team-lead")
    return proposal


def _expire(desk: Desk, proposal: Proposal) -> Proposal:
    proposal = desk.settle(proposal, state="expired", reason="nobody answered within a day, which is a no")
    desk.state.cool(proposal, desk.clock())
    desk.record("expired", proposal=proposal.id, title=proposal.title)
    return desk.tell(proposal, "action-denied")
