"""From a rule that fired to a proposal: once at a time, planned, and carried out only if it may be."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from secrets import token_hex

from kitlib.agent.acting import Move, Seen, perform, think
from kitlib.agent.carrying import carry_out
from kitlib.agent.desk import Desk
from kitlib.agent.judging import Fired, Judge
from kitlib.agent.names import READS, Act
from kitlib.agent.permitting import alone
from kitlib.agent.proposals import Proposal, State, keys_of
from kitlib.agent.reading import read
from kitlib.agent.triggers import Trigger
from kitlib.agent.view import View
from kitlib.errors import ClusterUnreachable, KitError
from kitlib.policy import Denied, acting
from kitlib.specs.models.agent import Event

EFFECT = timedelta(minutes=5)  # that what was done alone is given to help


class Decider:
    """Decides on what fires.

    Args:
        desk: the agent's.
        judge: knows which automatic conditions hold.
    """

    def __init__(self, desk: Desk, judge: Judge) -> None:
        self.desk, self.judge = desk, judge
        self._told: set[str] = set()  # suppressions that the audit has already

    def decide(self, fired: Fired, view: View) -> Proposal | None:
        """Make a proposal of a rule that fired, and carry it out where nobody has to be asked.

        Returns:
            The proposal; None when there is one already, or its rule is still to be quiet.

        Raises:
            StateError, AuditError: nothing was done.
            ClusterUnreachable: it is decided another time.
        """
        desk, rule, seen = self.desk, fired.rule, fired.seen
        desk.counts["fired"] += 1
        keys = keys_of(rule.name, rule.act, seen.workload)
        if why := self._suppressed(keys):
            self._suppress(keys[0], why)
            return None
        self._told.discard(keys[0])
        proposal = self._open(fired, view)
        if rule.act in READS:
            return self._read(proposal, seen)
        if rule.act in desk.policy.never:
            return self._close(proposal, "refused", f"the operations specification prohibits {rule.act}")
        try:
            move = think(desk.cluster, rule.act, seen)
            proposal = self._planned(proposal, move)
        except ClusterUnreachable:
            raise
        except Denied as error:
            return self._close(proposal, "refused", error.message)
        except KitError as error:
            return self._close(proposal, "failed", error.message)
        automatic = bool(proposal.hash) and self._automatic(fired, proposal.act, view)
        return self._suggest(replace(proposal, automatic=automatic))

    def _suggest(self, proposal: Proposal) -> Proposal:
        """Write a proposal down and tell of it, then carry it out if nobody has to be asked."""
        desk = self.desk
        desk.state.save(proposal)
        shown = ("rule", "title", "evidence", "hash", "automatic")
        told = {name: getattr(proposal, name) for name in shown}
        desk.record("suggested", proposal=proposal.id, **told)
        proposal = desk.tell(proposal, "action-suggested", "channel" if proposal.automatic else "on-call")
        return carry_out(desk, proposal) if proposal.automatic else proposal

    def _suppressed(self, keys: tuple[str, str]) -> str:
        """Why nothing is proposed now; empty: nothing speaks against it."""
        state = self.desk.state
        same = [item for item in state.proposals() if {*item.keys} & {*keys}]
        for other in same:
            if other.waits:
                return f"proposal {other.id} is not settled yet"
        if not any(state.cooling(key, self.desk.clock()) for key in keys):
            return ""
        self._did_not_help(same)
        return "it is quiet for a while"

    def _did_not_help(self, same: list[Proposal]) -> None:
        """Tell a person when what was done alone had its time, and its rule fires all the same."""
        newest = same[-1] if same else None
        if newest is None or not newest.automatic or newest.act in READS or newest.state != "done":
            return
        since = self.desk.clock() - datetime.fromisoformat(newest.changed)
        if since < EFFECT or "action-escalated on-call" in newest.told:
            return
        reason = f"{int(since.total_seconds() // 60)} min after it was done, its rule fires again"
        self.desk.record("escalated", proposal=newest.id, title=newest.title, reason=reason)
        self.desk.tell(replace(newest, reason=f"{reason}; {newest.reason}"), "action-escalated", "on-call")

    def _suppress(self, key: str, why: str) -> None:
        if key in self._told:
            self.desk.counts["suppressed"] += 1
            return
        self.desk.record("suppressed", key=key, reason=why)
        self._told.add(key)

    def _open(self, fired: Fired, view: View) -> Proposal:
        now = self.desk.clock().isoformat()
        rule, seen = fired.rule, fired.seen
        target = fired.subject.ref if rule.act == "restart-pod" else seen.workload
        title = f"{rule.act}: {seen.workload}"
        self.desk.record("fired", rule=rule.name, object=str(fired.subject.ref), evidence=seen.evidence)
        minutes = rule.cooldown_minutes
        return Proposal(
            token_hex(4), rule.name, rule.act, target, seen.workload, title, now, now, seen.evidence,
            cooldown_minutes=minutes,
        )  # fmt: skip

    def _planned(self, proposal: Proposal, move: Move) -> Proposal:
        """The proposal with what it would change, as the server says in a dry run.

        Raises:
            Denied: a prohibition forbids it, which no approval lifts.
            ApiError: the server would refuse it.
        """
        evidence = (*proposal.evidence, *move.evidence)
        proposal = replace(
            proposal, act=move.act, target=move.target, title=move.title, value=move.value, evidence=evidence
        )
        if move.advice:
            return replace(proposal, reason=f"the agent never does this itself: {move.advice}")
        gate = self.desk.gate(planning=True)
        with acting(gate):
            perform(self.desk.cluster, move.act, move.target, move.value)
        plan = gate.finish_plan(f"agent {self.desk.name}, proposal {proposal.id}")
        return replace(proposal, hash=plan.hash, diff=plan.diff)

    def _automatic(self, fired: Fired, act: Act, view: View) -> bool:
        """Whether nobody has to be asked."""

        def holds(trigger: Trigger) -> bool:
            return self.judge.holds(trigger, fired.subject, view.now)

        safety, suggests = self.desk.config.spec.safety, fired.rule.suggests
        return alone(act, safety, self.desk.policy, holds, suggests=suggests)

    def _read(self, proposal: Proposal, seen: Seen) -> Proposal:
        """What changes nothing is done at once."""
        try:
            title, evidence = read(self.desk.cluster, proposal.act, seen)
        except ClusterUnreachable:
            raise
        except KitError as error:
            return self._close(proposal, "failed", error.message)
        proposal = replace(proposal, title=title, evidence=(*proposal.evidence, *evidence), automatic=True)
        return self._close(proposal, "done", "")

    def _close(self, proposal: Proposal, state: State, reason: str) -> Proposal:
        """Write down what was settled at once; its rule is quiet for a while."""
        desk = self.desk
        proposal = desk.settle(proposal, state=state, reason=reason)
        desk.state.cool(proposal, desk.clock())
        what, event = _CLOSED[state]
        more = {"title": proposal.title, "reason": reason, "evidence": proposal.evidence}
        desk.record(what, proposal=proposal.id, **more)
        return desk.tell(proposal, event)


_CLOSED: dict[State, tuple[str, Event]] = {
    "done": ("reported", "action-executed"),
    "refused": ("refused", "action-denied"),
    "failed": ("failed", "action-failed"),
}
