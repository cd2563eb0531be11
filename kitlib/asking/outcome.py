"""What became of a text: refused, suggested, read, waiting for a yes, or done."""

from __future__ import annotations

import html
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from kitlib import markup
from kitlib.asking.classify import Classification
from kitlib.asking.locating import Question
from kitlib.asking.made import Request
from kitlib.asking.proposing import Done, Proposal
from kitlib.asking.refusal import Refusal
from kitlib.asking.result import Result

if TYPE_CHECKING:
    from rich.console import RenderableType

Status = Literal[
    "read", "done", "unchanged", "suggested", "waits", "declined", "asks", "not understood", "refused"
]
_CODES: dict[Status, int] = {"waits": 4, "declined": 4, "refused": 4, "asks": 2, "not understood": 2}


@dataclass(frozen=True)
class Outcome:
    """What became of a text.

    Args:
        text: what was asked.
        status: how it ended.
        by: what read the text: `kubectl`, `grammar`, or the model.
        requests: what it came to.
        classification: what that is.
        results: what the reads found.
        proposal: the changes, with their plan.
        done: the changes that were made.
        late: what did not become ready in time.
        problem: why nothing was done.
        question: what has to be said first.
    """

    text: str
    status: Status
    by: str = ""
    requests: tuple[Request, ...] = ()
    classification: Classification | None = None
    results: tuple[Result, ...] = ()
    proposal: Proposal | None = None
    done: tuple[Done, ...] = ()
    late: tuple[str, ...] = ()
    problem: Refusal | None = None
    question: Question | None = field(default=None)

    @property
    def exit_code(self) -> int:
        """0 done, 2 not understood or left open, 4 not approved or prohibited, 5 not ready in time."""
        return 5 if self.late else _CODES.get(self.status, 0)

    def head(self) -> list[str]:
        """The kubectl commands that come nearest, each with what it does."""
        if self.proposal or self.status in ("not understood", "refused"):
            return []
        return [line for one in self.requests for line in _told(one)]

    def tail(self) -> list[str]:
        """How it ended, and what to do next."""
        told = [*map(str, self.done), *(f"not ready: {text}" for text in self.late)]
        told += str(self.problem).splitlines() if self.problem else []
        told += str(self.question).splitlines() if self.question else []
        if self.proposal and self.status == "waits":
            told.append(f"nothing was changed; to approve exactly this: --approve {self.proposal.hash}")
        if self.status == "declined":
            told.append("nothing was changed")
        if self.status == "suggested":
            told.append("nothing was run")
        return told

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        plan = self.proposal
        return {
            "text": self.text,
            "status": self.status,
            "by": self.by,
            "class": self.classification.kind if self.classification else "",
            "reason": self.classification.reason if self.classification else "",
            "requests": [
                one.model_dump(mode="json") | {"kubectl": one.lines(), "note": one.caveat()}
                for one in self.requests
            ],
            "results": [result.as_dict() for result in self.results],
            "plan": {"hash": plan.hash, "diff": plan.plan.diff, "notes": list(plan.notes)} if plan else None,
            "done": [{"id": item.id, "text": item.text} for item in self.done],
            "late": list(self.late),
            "problem": str(self.problem or ""),
            "question": {"text": self.question.text, "options": self.question.options}
            if self.question
            else None,
        }

    def json(self) -> str:
        """As JSON."""
        return json.dumps(self.as_dict(), indent=2, ensure_ascii=False)

    def __str__(self) -> str:
        plan = self.proposal.lines() if self.proposal else []
        return "\n".join([*self.head(), *map(str, self.results), *plan, *self.tail()])

    def __rich__(self) -> RenderableType:
        from rich.console import Group
        from rich.text import Text

        parts: list[RenderableType] = [Text(line, "dim") for line in self.head()]
        parts += self.results
        # What a person said yes or no to was shown before.
        shown = self.proposal if self.status in ("waits", "unchanged") else None
        parts += [Text(line) for line in (shown.lines() if shown else [])]
        return Group(*parts, *(Text(line) for line in self.tail()))

    def __repr__(self) -> str:
        return f"<Outcome: {self.status}, {self.text!r}>"

    def _repr_html_(self) -> str:
        head = "".join(f"<div><small><code>{html.escape(line)}</code></small></div>" for line in self.head())
        found = "".join(result._repr_html_() for result in self.results)
        plan = self.proposal._repr_html_() if self.proposal else ""
        tail = "".join(f"<div>{html.escape(line)}</div>" for line in self.tail())
        return markup.verbatim(head + found + plan + tail)


def _told(request: Request) -> list[str]:
    told = [f"$ {line}" for line in request.lines()]
    return [
        *told,
        f"  {request.explanation()}",
        *([f"  note: {request.caveat()}"] if request.caveat() else []),
    ]
