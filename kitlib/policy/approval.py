"""Plans and their approvals: what would be done, named by a hash, and who said yes to exactly that.

A plan is stored when it is made, and an approval when it is given, so that both may come from other processes
than the one that acts. Each ends by itself: a plan after a day, an approval after a quarter of an hour.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from kitlib.errors import NotApproved
from kitlib.policy.action import Action, digest

PLAN_LIFE = timedelta(hours=24)
APPROVAL_LIFE = timedelta(minutes=15)  # the seed's escalation: no answer in 15 minutes is none


@dataclass(frozen=True)
class PlannedAction:
    """An action as a plan remembers it: its hashes and its redacted diff, not its values."""

    text: str
    verb: str
    api_version: str
    kind: str
    namespace: str
    name: str
    uid: str
    version: str
    intent: str
    hash: str
    pods: int
    diff: tuple[str, ...]
    validated: bool
    asked: str

    @classmethod
    def of(cls, action: Action) -> PlannedAction:
        """What is kept of an action."""
        own = [item.name for item in fields(cls) if item.name not in ("text", "diff")]
        return cls(str(action), diff=tuple(action.diff()), **{key: getattr(action, key) for key in own})


@dataclass(frozen=True)
class Plan:
    """Everything that would be done, in order.

    Args:
        actions: the changes.
        subject: what they are for, such as the runbook and its parameters; part of the hash.
        made: when, ISO 8601 in UTC.
        decisions: what was decided on the way, by name; whoever carries it out does not decide anew.
    """

    actions: tuple[PlannedAction, ...]
    subject: str
    made: str
    decisions: Mapping[str, Any] = field(default_factory=dict)

    @property
    def hash(self) -> str:
        """Names exactly these changes, of these objects as they were seen, for this subject."""
        return digest(self.subject, [action.hash for action in self.actions], dict(self.decisions))

    @property
    def diff(self) -> str:
        """All changes for a person."""
        blocks = []
        for action in self.actions:
            note = "" if action.validated else "  (the server could not check it yet)"
            blocks.append("\n".join([f"{action.text}{note}", *(f"  {line}" for line in action.diff)]))
        return "\n".join(blocks)


@dataclass(frozen=True)
class Approval:
    """A yes to one hash."""

    hash: str
    by: str
    at: str
    expires: str

    def problem(self, now: datetime | None = None) -> str:
        """Why it is not valid now; empty when it is."""
        moment = now or datetime.now(UTC)
        if moment >= datetime.fromisoformat(self.expires):
            return f"the approval of {self.hash} by {self.by} expired at {self.expires}"
        if moment < datetime.fromisoformat(self.at) - timedelta(minutes=1):
            return f"the approval of {self.hash} is dated in the future: {self.at}"
        return ""


class Approvals:
    """The stored plans and approvals.

    Args:
        folder: where; made when needed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save_plan(
        self, actions: Sequence[Action], subject: str, decisions: Mapping[str, Any] | None = None
    ) -> Plan:
        """Store a plan under its hash."""
        made = datetime.now(UTC).isoformat()
        plan = Plan(tuple(map(PlannedAction.of, actions)), subject, made, dict(decisions or {}))
        self._write(f"plan-{plan.hash}.json", asdict(plan))
        return plan

    def knows(self, hash: str) -> bool:
        """Whether a plan of that hash is stored here."""
        return (self.folder / f"plan-{hash}.json").exists()

    def plan(self, hash: str) -> Plan:
        """A stored plan.

        Raises:
            NotApproved: there is none of that hash, it is too old, or its file was edited.
        """
        data = self._read(f"plan-{hash}.json")
        if data is None:
            raise NotApproved(
                f"no plan {hash} is stored here", fix="make the plan again, then approve its hash"
            )
        actions = tuple(PlannedAction(**{**item, "diff": tuple(item["diff"])}) for item in data["actions"])
        plan = Plan(actions, data["subject"], data["made"], data["decisions"])
        if plan.hash != hash:
            raise NotApproved(f"the stored plan {hash} was edited", fix="make the plan again")
        if datetime.now(UTC) - datetime.fromisoformat(plan.made) > PLAN_LIFE:
            raise NotApproved(
                f"the plan {hash} of {plan.made} is older than a day", fix="make the plan again"
            )
        return plan

    def approve(self, hash: str, by: str, life: timedelta = APPROVAL_LIFE) -> Approval:
        """Store a yes to a hash."""
        now = datetime.now(UTC)
        given = Approval(hash, by, now.isoformat(), (now + life).isoformat())
        self._write(f"approval-{hash}.json", asdict(given))
        return given

    def approval(self, hash: str) -> Approval:
        """The valid approval of a hash.

        Raises:
            NotApproved: nobody approved it, or the approval expired.
        """
        data = self._read(f"approval-{hash}.json")
        if data is None:
            raise NotApproved(f"nobody approved {hash}", fix="look at the change, then approve its hash")
        given = Approval(**data)
        if problem := given.problem():
            raise NotApproved(problem, fix="look at the change again, then approve its hash")
        return given

    def _write(self, name: str, data: dict[str, Any]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = self.folder / f"{name}.{os.getpid()}.tmp"
        temporary.write_text(json.dumps(data, indent=2))
        os.replace(temporary, self.folder / name)

    def _read(self, name: str) -> dict[str, Any] | None:
        try:
            return dict(json.loads((self.folder / name).read_text()))
        except FileNotFoundError:
            return None
        except ValueError:
            raise NotApproved(f"{self.folder / name} is damaged", fix="make the plan again") from None
