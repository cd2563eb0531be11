"""`ask`: from a text to what became of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from kitlib.ai.endpoints import endpoints
from kitlib.asking import grammar, kubectl
from kitlib.asking.cascades import forbidden
from kitlib.asking.classify import Classification, classify
from kitlib.asking.locating import question, settled
from kitlib.asking.made import Request
from kitlib.asking.model import translate
from kitlib.asking.outcome import Outcome
from kitlib.asking.proposing import Proposal, carry_out, gate, propose, say_yes
from kitlib.asking.reading import look
from kitlib.asking.reads import Read
from kitlib.asking.refusal import Refusal
from kitlib.asking.request import WORKLOADS
from kitlib.asking.writes import Write
from kitlib.cluster import Cluster
from kitlib.errors import NotApproved
from kitlib.policy import Actor, Denied, acting, current
from kitlib.settings import get_settings

Mode = Literal["suggest", "read-only", "confirm"]
WAIT_SECONDS = 180.0


@dataclass(frozen=True)
class Verdict:
    """What a person says to a proposal; `line` is the kubectl line that they would rather have."""

    answer: Literal["yes", "no", "edit"]
    line: str = ""


Decide = Callable[[Proposal], Verdict]


@dataclass(frozen=True)
class _Asked:
    """A text on its way."""

    text: str
    mode: Mode
    decide: Decide | None
    approved: str
    wait_seconds: float
    actor: Actor


def ask(
    text: str,
    cluster: Cluster | None = None,
    *,
    namespace: str = "",
    mode: Mode = "confirm",
    model: bool = True,
    decide: Decide | None = None,
    approve: str = "",
    wait_seconds: float = WAIT_SECONDS,
) -> Outcome:
    """Do what a text asks for: read at once, change only what is approved.

    Args:
        text: plain language, or a kubectl command line, which is read and never run.
        cluster: none: the one that the settings name.
        namespace: where it is about when it does not say.
        mode: `suggest`: nothing is run; `read-only`: every change is refused; `confirm`: changes need a yes.
        model: ask the model that is set when the grammar does not understand.
        decide: asked about a plan of changes; none: the plan waits, and nothing is changed.
        approve: the hash of the plan that was approved beforehand.
        wait_seconds: how long to wait for each rollout; 0: not at all.

    Raises:
        NotApproved: a plan was approved that is not this one, or an object changed meanwhile.
        ClusterError: see kitlib.errors.
        UsageError: it is not clear which object is meant.
    """
    requests, by = _understood(text, namespace, cluster, mode=mode, model=model)
    if isinstance(requests, Refusal):
        return Outcome(text, "not understood", by, classification=classify(requests), problem=requests)
    actor = Actor("model" if by not in ("kubectl", "grammar") else "agent", f"kit ask, by {by}")
    asked = _Asked(text, mode, decide, approve, wait_seconds, actor)
    if mode == "suggest":
        found = classify(requests, None, namespace or "default")
        status: Literal["suggested", "refused"] = (
            "suggested" if found.kind in ("read", "write") else "refused"
        )
        problem = None if status == "suggested" else _prohibited(found)
        return Outcome(text, status, by, tuple(requests), found, problem=problem)
    where = _bound(cluster, namespace)
    with acting(gate(actor, read_only=True)):
        requests = requests if by == "kubectl" else [settled(where, request) for request in requests]
    return _carried(where, asked, by, requests)


def _understood(
    text: str, namespace: str, cluster: Cluster | None, *, mode: Mode, model: bool
) -> tuple[list[Request] | Refusal, str]:
    """The requests of a text, and what read it: a kubectl line as such, else the grammar, else a model."""
    if kubectl.looks_like_a_command(text):
        return kubectl.parse(text), "kubectl"
    found = grammar.understand(text, namespace)
    settings = get_settings()
    if isinstance(found, list) or not model or not endpoints(settings):
        return found, "grammar"
    names = [] if mode == "suggest" else _names(_bound(cluster, namespace))
    return translate(text, names, namespace, settings)


def _carried(cluster: Cluster, asked: _Asked, by: str, requests: Sequence[Request]) -> Outcome:
    """What becomes of requests: refused, a question, or carried out."""
    base = Outcome(asked.text, "read", by, tuple(requests))
    reader = gate(asked.actor, read_only=True)
    with acting(reader):
        found = classify(requests, cluster, cluster.namespace)
        if found.kind == "write" and (broken := forbidden(cluster, requests)):
            found = Classification("prohibited", str(broken))
        base = replace(base, classification=found)
        if found.kind not in ("read", "write"):
            reader.audit.write("deny", asked=asked.text, requests=_lines(requests), reason=found.reason)
            return replace(base, status="refused", problem=_prohibited(found))
        if (open_point := question(cluster, requests)) is not None:
            return replace(base, status="asks", question=open_point)
        base = replace(base, results=tuple(look(cluster, one) for one in requests if isinstance(one, Read)))
    writes = [one for one in requests if isinstance(one, Write)]
    return _changed(cluster, asked, base, writes) if writes else base


def _changed(cluster: Cluster, asked: _Asked, base: Outcome, writes: list[Write]) -> Outcome:
    """The changes: planned, decided on, and made or not."""
    try:
        proposal = propose(cluster, writes, asked.actor, read_only=asked.mode == "read-only")
    except Denied as error:
        return replace(base, status="refused", problem=Refusal(error.message, error.fix))
    base = replace(base, proposal=proposal)
    if proposal.empty:
        return replace(base, status="unchanged")
    verdict = _verdict(asked, proposal)
    if verdict is None:
        return replace(base, status="waits")
    if verdict.answer == "edit":
        return _edited(cluster, asked, verdict.line)
    if verdict.answer == "no":
        current().audit.write("declined", plan=proposal.hash, requests=_lines(writes))
        return replace(base, status="declined")
    done, late = carry_out(cluster, proposal, asked.actor, wait_seconds=asked.wait_seconds)
    return replace(base, status="done", done=tuple(done), late=tuple(late))


def _verdict(asked: _Asked, proposal: Proposal) -> Verdict | None:
    """What is said to a plan: by a hash given beforehand, by `kit approve`, or by whoever is asked.

    Raises:
        NotApproved: the hash that was given is another plan's.
    """
    if asked.approved:
        if asked.approved != proposal.hash:
            raise NotApproved(
                f"approved was the plan {asked.approved}, but it would now be {proposal.hash}",
                fix="look at the new plan, then approve its hash",
            )
        say_yes(proposal)
        return Verdict("yes")
    if asked.decide is None:
        try:
            current().approvals.approval(proposal.hash)
        except NotApproved:
            return None
        return Verdict("yes")
    verdict = asked.decide(proposal)
    if verdict.answer == "yes":
        say_yes(proposal)
    return verdict


def _edited(cluster: Cluster, asked: _Asked, line: str) -> Outcome:
    """A line that a person wrote instead: it takes the whole way again, under the person's eyes."""
    requests = kubectl.parse(line)
    again = replace(asked, text=line, approved="")
    if isinstance(requests, Refusal):
        return Outcome(line, "not understood", "kubectl", classification=classify(requests), problem=requests)
    return _carried(cluster, again, "kubectl", requests)


def _names(cluster: Cluster) -> list[str]:
    """The namespaces and workloads that a model may be told, by their names and nothing else."""
    with acting(gate(Actor("agent", "kit ask"), read_only=True)):
        spaces = [f"Namespace/{item.name}" for item in cluster.list("Namespace")]
        found = [item for kind in WORKLOADS for item in cluster.list(kind, everywhere=True)]
    return [*spaces, *(f"{item.kind}/{item.name} -n {item.namespace}" for item in found)]


def _bound(cluster: Cluster | None, namespace: str) -> Cluster:
    from kitlib.cluster.connect import connect

    where = cluster or connect()
    return where.within(namespace) if namespace else where


def _prohibited(found: Classification) -> Refusal:
    if found.kind == "unknown":
        return Refusal(found.reason)
    return Refusal(f"prohibited, and no approval lifts that: {found.reason}")


def _lines(requests: Sequence[Request]) -> list[str]:
    return [line for request in requests for line in request.lines()]
