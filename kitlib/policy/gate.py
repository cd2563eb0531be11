"""The gate: every change of a cluster passes it, as an action, and leaves an entry in the audit.

`Cluster` hands its mutations to the gate of whoever acts. A person's are recorded and made. A runbook's are
collected while it plans, and later made only if they are those of the approved plan. A program's own are held
against the prohibitions, the approvals it needs, and its budget.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from kitlib.errors import ClusterUnreachable, KitError, NotApproved, NotFound
from kitlib.policy import preimages
from kitlib.policy.action import Action, Actor, Verb, affected_pods, changes, keyed_digest, version_of
from kitlib.policy.approval import Approvals, Plan
from kitlib.policy.audit import Audit
from kitlib.policy.budget import Budget
from kitlib.policy.following import Following, asked_of
from kitlib.policy.rules import prohibition
from kitlib.settings import get_settings

Body = Mapping[str, Any]


class Denied(KitError):
    """The policy forbids the action; no approval lifts that."""

    exit_code = 4


class Reader(Protocol):
    """What the gate needs of a Cluster: to look at an object."""

    @property
    def server(self) -> str:
        """The API server's address."""

    def find(self, kind: str, name: str, *, namespace: str | None = None) -> Body | None:
        """The object, or None."""


@dataclass(frozen=True)
class Mutation:
    """A change that a Cluster's verb is about to send.

    Args:
        verb, api_version, kind, namespace, name: what to which object.
        fetch: the object as it is; None when there is none.
        send: sends it and returns the server's answer; with True as a dry run. The answer to a delete is
            not the object.
        body: what is sent.
        wanted: the object as it was asked for, where the server can't check it before its namespace exists.
    """

    verb: Verb
    api_version: str
    kind: str
    namespace: str
    name: str
    fetch: Callable[[], Body | None]
    send: Callable[[bool], Body]
    body: Any = field(default=None, repr=False)
    wanted: Body | None = None


@dataclass(frozen=True)
class Decision:
    """What the gate says to an action, and why."""

    kind: Literal["allow", "needs approval", "deny"]
    reason: str


ChangeState = Literal["begun", "done", "refused"]


@dataclass(frozen=True)
class Change:
    """A change on its way: `begun` before it is sent, then `done`, or `refused` by the server.

    Args:
        state: how far it is; one that stays `begun` may have been made.
        id: of its pre-image.
        text: what it does to which object.
        planned: its number in the approved plan; None without a plan.
    """

    state: ChangeState
    id: str
    text: str
    planned: int | None


@dataclass
class Gate:
    """The gate of one actor.

    Args:
        actor: who acts.
        approvals, audit: where plans, approvals and entries are kept.
        budget: what the actor may do in an hour; none: unlimited.
        needs_approval: verbs that need a person's yes, for agents and models; `*`: all.
        planning: collect the actions instead of making them.
        read_only: refuse every action, whoever acts and whatever was approved.
        following: the approved plan; only its actions are made.
        tell: called before and after each change; a KitError of it before a change prevents that.
    """

    actor: Actor
    approvals: Approvals
    audit: Audit
    budget: Budget | None = None
    needs_approval: tuple[str, ...] = ("*",)
    planning: bool = False
    read_only: bool = False
    following: Following | None = None
    tell: Callable[[Change], None] | None = None
    planned: list[Action] = field(default_factory=list)

    def carry_out(self, mutations: Sequence[Mutation], cluster: Reader) -> list[Body]:
        """Decide on all mutations, then make them in order, or none.

        Returns:
            The server's answers; those of dry runs while planning; the object as it is where an earlier
            execution of a resumed run made the change.

        Raises:
            Denied, NotApproved: nothing was done.
            AuditError: it can't be recorded, so it is not done.
            ApiError: the server refused one; those before it are done, and the audit says so.
        """
        if self.actor.kind == "person" and not self.read_only:
            return [self._make(one, one.fetch(), None) for one in mutations]
        settled = [self.following.settled(one) if self.following else None for one in mutations]
        previews = [
            None if answer is not None else _preview(one, self.actor, cluster.server)
            for one, answer in zip(mutations, settled, strict=True)
        ]
        if self.following and any(previews):
            self.following.refuse_drift(cluster)
        for preview in filter(None, previews):
            self._admit(preview.action)
        if self.planning:
            self.planned += [preview.action for preview in filter(None, previews)]
        return [self._settle(*one) for one in zip(mutations, previews, settled, strict=True)]

    def decide(self, action: Action) -> Decision:
        """What the gate says to an action; nothing is spent or done."""
        if self.read_only:
            return Decision("deny", "only reading is allowed here")
        if self.actor.kind == "person":
            return Decision("allow", "a person asked for it")
        if self.actor.kind in ("agent", "model") and (broken := prohibition(action)):
            return Decision("deny", str(broken))
        if self.planning:
            return Decision("allow", "it is only planned")
        if self.following:
            plan = self.following.plan
            if self.following.number(action) is None:
                return Decision("needs approval", f"it is not in the approved plan {plan.hash}")
            return Decision("allow", f"it is in the approved plan {plan.hash}")
        if self.actor.kind in ("agent", "model") and not {"*", action.verb} & set(self.needs_approval):
            return Decision("allow", f"{action.verb} needs no approval")
        try:
            given = self.approvals.approval(action.hash)
        except NotApproved as error:
            return Decision("needs approval", error.message)
        return Decision("allow", f"approved by {given.by}")

    def finish_plan(self, subject: str, decisions: Mapping[str, Any] | None = None) -> Plan:
        """Store what was planned, for somebody to approve."""
        return self.approvals.save_plan(self.planned, subject, decisions)

    def _admit(self, action: Action) -> None:
        decision = self.decide(action)
        if decision.kind == "allow":
            return
        self.audit.write(decision.kind, action=action.as_dict(), reason=decision.reason)
        if decision.kind == "deny":
            refused = "is refused" if self.read_only else f"is never done for a {self.actor.kind}"
            raise Denied(f"{action} {refused}: {decision.reason}")
        fix = "make the plan again" if self.following else f"kit approve {action.hash} after looking at it"
        raise NotApproved(f"{action} needs an approval: {decision.reason}", fix=fix)

    def _settle(self, mutation: Mutation, preview: _Preview | None, settled: Body | None) -> Body:
        """The answer to one mutation, which is made now unless it is only planned or was made before."""
        if preview is None:
            return settled or {}
        if self.planning:
            return preview.after or preview.before or {}
        return self._make(mutation, preview.before, preview.action)

    def _make(self, mutation: Mutation, before: Body | None, action: Action | None) -> Body:
        if action and self.budget and (refusal := self.budget.spend(pods=action.pods)):
            self.audit.write("deny", action=action.as_dict(), reason=refusal)
            raise Denied(f"{action}: {refusal}")
        planned = self.following.take(action) if self.following and action else None
        kept = preimages.keep(mutation, before, self.actor)
        shown = action.as_dict() if action else {"verb": mutation.verb, "object": _ref(mutation)}
        number = self.audit.write("begin", id=kept.id, actor=str(self.actor), action=shown)
        try:
            self._tell("begun", kept, planned)
            answer = mutation.send(False)
        except KitError as error:
            self.audit.write("end", of=number, result="failed", message=error.message)
            if not isinstance(error, ClusterUnreachable):  # then nobody knows whether it was made
                self._tell("refused", kept, planned)
                if self.following and planned is not None:
                    self.following.give_back(planned)
            raise
        preimages.complete(kept, None if mutation.verb in ("delete", "evict") else answer)
        self.audit.write("end", of=number, result="done", version=version_of(answer)[1])
        self._tell("done", kept, planned)
        return answer

    def _tell(self, state: ChangeState, kept: preimages.Preimage, planned: int | None) -> None:
        if self.tell:
            self.tell(Change(state, kept.id, str(kept), planned))


@dataclass(frozen=True)
class _Preview:
    before: Body | None
    after: Body | None
    action: Action


def _preview(mutation: Mutation, actor: Actor, server: str) -> _Preview:
    """What a mutation would change, as the server says in a dry run."""
    before, validated = mutation.fetch(), True
    try:
        answer: Body | None = mutation.send(True)
    except NotFound:
        if before is not None or mutation.wanted is None:
            raise
        answer, validated = mutation.wanted, False  # its namespace, or its kind, is itself still to be made
    after = None if mutation.verb in ("delete", "evict") else answer
    uid, version = version_of(before)
    action = Action(
        mutation.verb,
        mutation.api_version,
        mutation.kind,
        mutation.namespace,
        mutation.name,
        actor,
        server,
        uid,
        version,
        changes(before, after),
        1 if mutation.verb == "evict" else affected_pods(before, after),
        validated,
        keyed_digest(asked_of(mutation)),
    )
    return _Preview(before, after, action)


def _ref(mutation: Mutation) -> str:
    where = f" -n {mutation.namespace}" if mutation.namespace else ""
    return f"{mutation.kind}/{mutation.name}{where}"


def person(through: str = "") -> Gate:
    """The gate of a person: everything is recorded, nothing refused.

    Args:
        through: what acts in the person's name, such as a runbook whose change was approved.
    """
    folder = get_settings().state_dir
    return Gate(Actor("person", through), Approvals(folder / "approvals"), Audit(folder / "audit.jsonl"))
