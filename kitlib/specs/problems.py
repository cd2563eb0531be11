"""What can be wrong with a specification, as findings that name the file, the line and the field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kitlib.findings import Finding, Fix, Severity

Loc = tuple[str | int, ...]
"""The path of a field in a model: ("services", 0, "resources", "cpu_request")."""

LONGEST = 80
_WHY = {
    "spec-syntax": "Nothing can be read from a file that is not in its format.",
    "spec-kind": "The kind decides what has to stand in a specification.",
    "spec-unknown": "Nothing reads it, so whatever it says would have no effect.",
    "spec-missing": "Artifacts are made from it.",
    "spec-duplicate": "It is not known which one holds.",
    "spec-value": "Artifacts are made from the value, so it has to be one that the tools take.",
    "spec-placeholder": "The brackets of a template stand for what only its author knows.",
}


@dataclass(frozen=True)
class Place:
    """Where something stands: the line, and the names of the parts that lead to it."""

    line: int
    words: tuple[str, ...]

    def inner(self, name: str, line: int) -> Place:
        """A place within this one."""
        return Place(line, (*self.words, name))


def problem(
    id: str,
    where: str,
    words: Sequence[str],
    *,
    found: str,
    expected: str,
    fix: str,
    why: str = "",
    severity: Severity = "error",
) -> Finding:
    """A finding about a specification.

    Args:
        id: which rule was broken.
        where: `file:line`.
        words: the field's path in the document's own words.
        found: what is there; shortened when it is long.
        expected: what should be there.
        fix: what to write.
        why: what goes wrong otherwise; the rule's own reason by default.
        severity: error, warning or info.
    """
    title = " > ".join(short(word, 40) or "(no name)" for word in words) or "the document"
    found, expected = short(found) or "nothing", expected or "nothing"
    return Finding(severity, id, title, where, found, expected, why or _WHY[id], Fix(fix))


def short(text: str, longest: int = LONGEST) -> str:
    """A text in one line, cut where it gets too long."""
    line = "".join(sign if sign.isprintable() else "\ufffd" for sign in " ".join(text.split()))
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def instead(nearest: str | None, expected: str) -> str:
    """The fix of a wrong value: the valid one that is most like it, else what is expected."""
    return f"write {nearest}" if nearest else f"write {expected}"
