"""Changes are planned together, shown, approved once, and carried out exactly as they were approved."""

from __future__ import annotations

import getpass
import html
import json
from collections.abc import Sequence
from dataclasses import dataclass

from kitlib.asking.performing import Touched, notes, perform
from kitlib.asking.writes import Write
from kitlib.cluster import Cluster
from kitlib.errors import UsageError, WaitTimeout
from kitlib.policy import Actor, Change, Following, Gate, acting, current
from kitlib.policy.approval import Plan
from kitlib.progress import stage


@dataclass(frozen=True)
class Proposal:
    """Changes that wait for a yes.

    Args:
        requests: what was asked for.
        plan: what it comes to on the server, with its hash.
        notes: what a person should know before.
        target: the context and the namespace.
    """

    requests: tuple[Write, ...]
    plan: Plan
    notes: tuple[str, ...]
    target: str

    @property
    def hash(self) -> str:
        """Names exactly these changes, of these objects as they are now."""
        return self.plan.hash

    @property
    def empty(self) -> bool:
        """Whether everything is already as it was asked to be."""
        return not any(action.diff for action in self.plan.actions)

    def lines(self) -> list[str]:
        """The proposal for a person."""
        told = [f"on {self.target}:"]
        for request in self.requests:
            told += [*(f"  $ {line}" for line in request.lines()), f"    {request.explanation()}"]
            told += [f"    note: {request.caveat()}"] if request.caveat() else []
        told += [f"  note: {note}" for note in self.notes]
        if self.empty:
            return [*told, "it is so already; nothing would change"]
        pods = sum(action.pods for action in self.plan.actions)
        told += ["", *self.plan.diff.splitlines(), ""]
        return [*told, f"ends or starts up to {pods} pods" if pods else "touches no pod", f"plan {self.hash}"]

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(chr(10).join(self.lines()))}</pre>"


@dataclass(frozen=True)
class Done:
    """A change that was made.

    Args:
        id: what `kit undo` takes.
        text: what was done to which object.
    """

    id: str
    text: str

    def __str__(self) -> str:
        return f"{self.text}: done; to take it back: kit undo {self.id}"


def gate(actor: Actor, *, planning: bool = False, read_only: bool = False) -> Gate:
    """A gate for `kit ask`, with the approvals and the audit of the person who asks.

    Raises:
        UsageError: no person acts here but a program, whose gate must not be left.
    """
    mine = current()
    if mine.actor.kind != "person":
        raise UsageError(f"kit ask works for a person, and here a {mine.actor.kind} acts")
    return Gate(actor, mine.approvals, mine.audit, planning=planning, read_only=read_only)


def propose(
    cluster: Cluster, requests: Sequence[Write], actor: Actor, *, read_only: bool = False
) -> Proposal:
    """Plan changes by dry runs on the server; nothing is changed.

    Raises:
        Denied: a change is prohibited, or only reading is allowed.
        KitError: an object is not there, or the API server refuses a change.
    """
    planner = gate(actor, planning=True, read_only=read_only)
    with acting(planner):
        for request in requests:
            perform(cluster, request)
    told = tuple(note for request in requests for note in notes(cluster, request))
    plan = planner.finish_plan(_subject(cluster, requests))
    return Proposal(tuple(requests), plan, told, f"{cluster.context}, namespace {cluster.namespace}")


def say_yes(proposal: Proposal) -> None:
    """Note that the person at the keyboard said yes to exactly this."""
    current().approvals.approve(proposal.hash, getpass.getuser())


def carry_out(
    cluster: Cluster, proposal: Proposal, actor: Actor, *, wait_seconds: float
) -> tuple[list[Done], list[str]]:
    """Do what was approved, and wait until it is rolled out.

    Args:
        cluster: where it was planned.
        proposal: what was approved.
        actor: who acts.
        wait_seconds: how long to wait for each workload; 0: not at all.

    Returns:
        What was done, and what did not become ready in time.

    Raises:
        NotApproved: nobody approved it, or an object changed since it was planned; nothing was done.
        Denied: a change is prohibited.
        ApiError: the server refused a change; those before it are done, and the audit says so.
    """
    doer = gate(actor)
    doer.approvals.approval(proposal.hash)
    doer.following = Following(doer.approvals.plan(proposal.hash))
    done: list[Done] = []

    def tell(change: Change) -> None:
        if change.state == "done":
            done.append(Done(change.id, change.text))

    doer.tell = tell
    with acting(doer):
        touched = [item for request in proposal.requests for item in perform(cluster, request)]
    return done, _wait(cluster, list(dict.fromkeys(touched)), wait_seconds)


def _wait(cluster: Cluster, touched: list[Touched], seconds: float) -> list[str]:
    late: list[str] = []
    for item in touched if seconds else ():
        with stage(f"rollout of {item.kind}/{item.name}") as progress:
            try:
                cluster.wait(
                    item.kind, item.name, namespace=item.namespace, timeout=seconds, progress=progress
                )
            except WaitTimeout as error:
                late.append(error.message)
    return late


def _subject(cluster: Cluster, requests: Sequence[Write]) -> str:
    """What a plan is for: part of its hash, so that it serves for nothing else."""
    asked = [request.model_dump(mode="json") for request in requests]
    return f"kit ask in {cluster.namespace}: {json.dumps(asked, sort_keys=True)}"
