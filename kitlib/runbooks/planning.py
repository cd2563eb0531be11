"""The gate of a run, and the plan that its first execution leaves."""

from __future__ import annotations

import getpass
import html
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kitlib import markup, policy
from kitlib.errors import NotApproved
from kitlib.policy.approval import Plan
from kitlib.policy.following import Following
from kitlib.runbooks import record
from kitlib.runbooks.catalogue import APPROVE


@dataclass(frozen=True)
class PlanShown:
    """A plan as a person sees it: what would be done, the fields that change, and the hash to approve."""

    plan: Plan
    text: str

    def as_dict(self) -> dict[str, Any]:
        """What the record keeps; nothing secret is in it."""
        actions = [
            {"text": action.text, "diff": list(action.diff), "pods": action.pods, "hash": action.hash}
            for action in self.plan.actions
        ]
        return {"hash": self.plan.hash, "made": self.plan.made, "diff": self.plan.diff, "actions": actions}

    def __repr__(self) -> str:
        if not self.plan.actions:
            return f"{self.text}\nnothing would be changed"
        return f"{self.text}\n{self.plan.diff}\nplan {self.plan.hash}"

    def _repr_html_(self) -> str:
        e = html.escape
        if not self.plan.actions:
            return markup.verbatim(f"<p>{e(self.text)}<br>Nothing would be changed.</p>")
        return markup.verbatim(
            f"<p>{e(self.text)}</p><pre>{e(self.plan.diff)}</pre>"
            f"<p>plan <code>{self.plan.hash}</code>: run again with <code>{APPROVE}</code> set to it</p>"
        )


def subject(runbook: str, parameters: dict[str, Any]) -> str:
    """What a plan is for: a runbook and the values of its parameters."""
    given = {name: value for name, value in parameters.items() if name != APPROVE}
    return f"{runbook} {json.dumps(given, sort_keys=True, default=str)}"


def subject_of(folder: Path | None, parameters: dict[str, Any]) -> str:
    """The subject of a recorded run, or of a notebook that plain papermill or a person executes."""
    if folder is None:
        return subject("notebook", parameters)
    found = record.read(folder)
    return subject(found["runbook"], found["parameters"])


def gate_of(folder: Path | None, approve: str | None, subject: str) -> policy.Gate:
    """The gate of a run: one that only plans, or one that carries out an approved plan.

    Raises:
        NotApproved: as `kitlib.runbooks.start`.
    """
    gate = policy.person()
    gate.actor = policy.Actor("runbook", f"run {folder.name}" if folder else "notebook")
    if approve is None:
        return gate
    if not approve:
        gate.planning = True
        return gate
    plan = gate.approvals.plan(approve)
    if plan.subject != subject:
        raise NotApproved(
            f"the plan {approve} was made for other parameters: {plan.subject}, now {subject}",
            fix="make the plan again",
        )
    if folder is None:  # whoever passes the hash to papermill approves by that
        gate.approvals.approve(approve, getpass.getuser())
    gate.approvals.approval(approve)
    actions = record.read(folder)["actions"] if folder else []
    done, begun = (
        {item["planned"]: item["id"] for item in actions if item["state"] == state}
        for state in ("done", "begun")
    )
    gate.following = Following(plan, done, begun)
    return gate
