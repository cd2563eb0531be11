"""The AgentConfig as an object of the cluster: what it asks for, and what is said about it in its status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from kitlib.agent.events import Notice
from kitlib.agent.permissions import access_of
from kitlib.agent.status import AgentStatus
from kitlib.errors import UsageError
from kitlib.findings import Finding, fix_text
from kitlib.redaction import redact, redact_tree
from kitlib.specs.models.agent import AgentConfig
from kitlib.specs.problems import Loc, Place
from kitlib.specs.validation import validate

LONGEST = 1000  # of a message in the status
_METADATA = ("name", "namespace", "labels", "annotations")


@dataclass(frozen=True)
class Condition:
    """One entry of `status.conditions`, as Kubernetes has them everywhere."""

    type: str
    status: bool
    reason: str
    message: str
    since: str = ""

    def after(self, before: Sequence[Condition]) -> Condition:
        """The same, with the moment at which its status became what it is."""
        for other in before:
            if other.type == self.type and other.status == self.status:
                return replace(self, since=other.since)
        return replace(self, since=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"))

    def as_dict(self, generation: int) -> dict[str, Any]:
        """As it stands in the status."""
        message = redact(self.message)
        return {
            "type": self.type,
            "status": str(self.status),
            "reason": self.reason,
            "message": message if len(message) <= LONGEST else f"{message[: LONGEST - 1]}…",
            "lastTransitionTime": self.since,
            "observedGeneration": generation,
        }


def read(body: Mapping[str, Any]) -> tuple[AgentConfig | None, str]:
    """The AgentConfig of an object, or what is wrong with it: each field, what is there, what should be.

    Args:
        body: the object, as the API server sent it.
    """
    metadata = {key: value for key, value in body["metadata"].items() if key in _METADATA}
    data = {"apiVersion": body["apiVersion"], "kind": body["kind"], "metadata": metadata}
    config, findings = validate(AgentConfig, data | {"spec": body.get("spec")}, "", _place)
    if config is None:
        return None, "; ".join(map(_said, findings))
    try:
        access_of(config)
    except UsageError as error:
        return None, f"{error.message}; {error.fix}"
    return config, ""


def status_of(
    generation: int,
    conditions: Sequence[Condition],
    status: AgentStatus | None,
    last: Notice | None,
    leader: str,
) -> dict[str, Any]:
    """`status`, whole.

    Args:
        generation: of the object that it speaks of.
        conditions: what is known of it.
        status: of its agent; none: no agent runs.
        last: the last notice.
        leader: which replica acts.
    """
    shown: dict[str, Any] = status.as_dict() if status else {"phase": "stopped", "last_error": ""}
    found = {_camel(key): value for key, value in shown.items()}
    decision = {"at": last.at, "event": last.event, "title": last.title} if last else None
    told = redact_tree(found | {"lastDecision": decision, "leader": leader, "observedGeneration": generation})
    return {**told, "conditions": [item.as_dict(generation) for item in conditions]}


def _place(loc: Loc) -> Place:
    """Where a field stands: objects have no lines."""
    return Place(0, tuple(f"{step}" for step in loc))


def _said(finding: Finding) -> str:
    path = finding.title.replace(" > ", ".")
    return f"{path}: found {finding.found}, expected {finding.expected}; {fix_text(finding.fix)}"


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
