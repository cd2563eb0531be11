"""How a check ended: what is there, what should be, and the command that shows it."""

from __future__ import annotations

import html
import json
from dataclasses import asdict, dataclass
from typing import Any, Literal

from kitlib import markup

Outcome = Literal["not attempted", "incorrect", "error", "unreachable cluster", "correct"]
_SIGNS: dict[Outcome, tuple[str, str]] = {
    "not attempted": ("○", "#5d6d7e"),
    "incorrect": ("✗", "#c0392b"),
    "error": ("!", "#b9770e"),
    "unreachable cluster": ("?", "#b9770e"),
    "correct": ("✓", "#1e8449"),
}
BLANK = "____"


class Blank:
    """What is still to be filled: the value of `____` in a notebook."""

    def __repr__(self) -> str:
        return BLANK


____ = Blank()


def blank(answer: Any) -> bool:
    """Whether something in an answer is still to be filled."""
    if isinstance(answer, str):
        return BLANK in answer
    if isinstance(answer, dict):
        return any(blank(item) for pair in answer.items() for item in pair)
    return any(map(blank, answer)) if isinstance(answer, list | tuple) else isinstance(answer, Blank)


@dataclass(frozen=True)
class Verdict:
    """What an exercise's own look at the cluster says.

    Args:
        outcome: of the five, those that a look can give.
        observed: what is there.
        message: for an answer that is wrong in a way that can be told, what is wrong about it.
    """

    outcome: Literal["not attempted", "incorrect", "correct"]
    observed: str
    message: str = ""


def written(value: Any) -> str:
    """A value as manifests have it, not as Python writes it."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)


def right(observed: Any) -> Verdict:
    """It is as the exercise wants it."""
    return Verdict("correct", written(observed))


def wrong(observed: Any, message: str = "") -> Verdict:
    """It is not, and `message` says what about it."""
    return Verdict("incorrect", written(observed), message)


def nothing(observed: Any) -> Verdict:
    """Nothing was done yet."""
    return Verdict("not attempted", written(observed))


@dataclass(frozen=True)
class Result:
    """The outcome of a check; shows itself in a notebook, in a terminal, and as JSON.

    Args:
        exercise: its id, such as `03-2`.
        title: what it is about.
        outcome: one of five.
        observed: what the cluster, or the answer, has.
        expected: what it should have.
        command: the kubectl command that shows it.
        message: what to think about next.
    """

    exercise: str
    title: str
    outcome: Outcome
    observed: str = ""
    expected: str = ""
    command: str = ""
    message: str = ""

    @property
    def correct(self) -> bool:
        """Whether the exercise is solved."""
        return self.outcome == "correct"

    def json(self) -> str:
        """The result as JSON."""
        return json.dumps(asdict(self), ensure_ascii=False)

    def _lines(self) -> list[tuple[str, str]]:
        rows = [("observed", self.observed)]
        if not self.correct:
            rows.append(("expected", self.expected))
        return [(name, text) for name, text in [*rows, ("look", self.command)] if text]

    def __repr__(self) -> str:
        sign, _ = _SIGNS[self.outcome]
        head = f"{sign} {self.exercise} {self.title}: {self.outcome}"
        lines = [f"  {name + ':':<10}{text}" for name, text in self._lines()]
        return "\n".join([head, *([f"  {self.message}"] if self.message else []), *lines])

    def _repr_html_(self) -> str:
        sign, colour = _SIGNS[self.outcome]
        e = html.escape
        said = f"<p style='margin:.3em 0;white-space:pre-line'>{e(self.message)}</p>" if self.message else ""
        rows = "".join(
            f"<tr><th scope='row' style='text-align:left'>{name}</th>"
            f"<td style='text-align:left'><code>{e(text)}</code></td></tr>"
            for name, text in self._lines()
        )
        return markup.verbatim(
            f"<div role='status' style='border-left:4px solid {colour};padding:.2em .8em;margin:.6em 0'>"
            f"<b style='color:{colour}'>{sign} {e(self.outcome)}</b> "
            f"{e(self.exercise)} {e(self.title)}{said}<table>{rows}</table></div>"
        )
