"""Who says yes to a plan: a hash given beforehand, a policy, or whoever is asked; silence is a no."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Any

from kitlib import policy
from kitlib.errors import NotApproved
from kitlib.policy.approval import Plan, PlannedAction
from kitlib.runbooks.executing import Ended
from kitlib.runbooks.preflight import Prepared
from kitlib.settings import Unattended, get_settings


@dataclass(frozen=True)
class PlannedChange:
    """What a run would do, for whoever is asked.

    Args:
        summary: one sentence.
        diff: each action and the fields it changes; no secret value is in it.
        hash: names exactly these actions, on these objects as they are now.
        actions: the same, one by one.
        target: context and namespace.
        explained: the change in the runbook's own words, such as which part of a hidden value is replaced.
    """

    summary: str
    diff: str
    hash: str
    actions: tuple[PlannedAction, ...]
    target: str
    explained: str = ""

    def __str__(self) -> str:
        lines = [f"{self.target}: {self.summary}", self.explained, self.diff, f"plan {self.hash}"]
        return "\n".join(line for line in lines if line)


Approve = Callable[[PlannedChange], bool]


@dataclass(frozen=True)
class Approver:
    """Whom to ask, and who that is, for the record."""

    ask: Approve
    name: str


@dataclass(frozen=True)
class Answer:
    """Whether a plan is approved, by whom, and why not."""

    approved: bool
    by: str
    reason: str = ""


def answer(
    prepared: Prepared, plan: Plan, found: Mapping[str, Any], approver: Approver, given: str
) -> Answer:
    """The answer to a plan.

    Args:
        prepared: the run.
        plan: what it would do.
        found: the run's record so far.
        approver: who is asked last.
        given: the hash that the caller approved beforehand; empty: none.
    """
    if given:
        if given == plan.hash:
            return Answer(True, f"{getpass.getuser()}, by its hash")
        return Answer(False, "", f"approved was the plan {given}, but it would now be {plan.hash}")
    if rule := _unattended(prepared, get_settings().unattended):
        return Answer(True, f"the policy for {rule.runbook} in {', '.join(rule.namespaces)}")
    try:
        stored = policy.current().approvals.approval(plan.hash)
        return Answer(True, f"{stored.by}, with kit approve")
    except NotApproved as error:
        expired = error.message if "expired" in error.message else ""
    where = f"{prepared.cluster.context}, namespace {prepared.cluster.namespace}"
    explained = (found["change"] or {}).get("diff", "")
    shown = PlannedChange(found["result"], plan.diff, plan.hash, plan.actions, where, explained)
    if approver.ask(shown):
        return Answer(True, approver.name)
    return Answer(False, approver.name, expired)


def refuse_over_budget(prepared: Prepared, plan: Plan) -> None:
    """Refuse a plan that does more than the runbook declares.

    Raises:
        Ended: too many actions, or too many pods at once.
    """
    budget = prepared.runbook.declared.budget
    most = max((action.pods for action in plan.actions), default=0)
    for found, limit, what in ((len(plan.actions), budget.actions, "changes"), (most, budget.pods, "pods")):
        if found > limit:
            raise Ended("failed", f"it would touch {found} {what}; {limit} is its declared budget", 3)


def _unattended(prepared: Prepared, rules: Sequence[Unattended]) -> Unattended | None:
    """The policy by which this runbook needs no approval here; None when a person has to say yes."""
    cluster = prepared.cluster
    for rule in rules:
        if (
            rule.runbook == prepared.runbook.name
            and any(fnmatch(cluster.namespace, pattern) for pattern in rule.namespaces)
            and any(fnmatch(cluster.context, pattern) for pattern in rule.contexts)
        ):
            return rule
    return None
