"""The twelve-factor audit: a verdict on each factor, and where in the files the evidence stands."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kitlib import markup
from kitlib.errors import UsageError
from kitlib.findings import Quote
from kitlib.lessons.factors import LOOKS, Look
from kitlib.specs import read
from kitlib.specs.models.architecture import Architecture
from kitlib.wording import counted

Verdict = Literal["kept", "partly kept", "not kept"]
_SIGNS: dict[Verdict, str] = {"kept": "✓", "partly kept": "◐", "not kept": "✗"}
LONGEST = 90  # characters of a line that are quoted
SPEC = "todo-app/specs/architecture.md"


@dataclass(frozen=True)
class Evidence:
    """What one look found.

    Args:
        says: what it speaks for.
        holds: whether that is so.
        quote: the line, and its file and number; or how many files hold no such line.
    """

    says: str
    holds: bool
    quote: Quote


@dataclass(frozen=True)
class Judged:
    """A factor with its verdict.

    Args:
        factor: its name.
        practice: what the architecture specification says of it; empty: nothing.
        evidence: one for each look.
    """

    factor: str
    practice: str
    evidence: tuple[Evidence, ...]

    @property
    def verdict(self) -> Verdict:
        """Kept where all of the evidence holds, not kept where none does."""
        holds = [item.holds for item in self.evidence]
        return "kept" if all(holds) else "partly kept" if any(holds) else "not kept"

    def __repr__(self) -> str:
        lines = [f"{_SIGNS[self.verdict]} {self.factor}: {self.verdict}. {self.practice}"]
        for item in self.evidence:
            sign = "+" if item.holds else "-"
            lines.append(f"  {sign} {item.says}: {item.quote.text} ({item.quote.source})")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return markup.table((), [_cells(self)])


class Audit(tuple[Judged, ...]):
    """All factors, in their order; shows itself as a table."""

    __slots__ = ()

    def factor(self, name: str) -> Judged | None:
        """A factor by its name, in any case of letters."""
        return next((item for item in self if item.factor.lower() == name.strip().lower()), None)

    def __repr__(self) -> str:
        return "\n".join(map(repr, self))

    def _repr_html_(self) -> str:
        heads = ("Factor", "Practice, as specified", "Verdict", "Evidence")
        return markup.table(heads, map(_cells, self))


def audit(root: Path) -> Audit:
    """Judge a checkout of the project.

    Args:
        root: its folder; `kitlib.app.images.checkout()` finds it.

    Raises:
        UsageError: its architecture specification can't be read or has errors.
    """
    spec = read(root / SPEC).spec
    if not isinstance(spec, Architecture):
        raise UsageError(f"{SPEC} has errors", fix="kit spec check")
    said = {item.factor: item.practice for item in spec.factors}
    return Audit(
        Judged(factor, said.get(factor, ""), tuple(_looked(root, look) for look in looks))
        for factor, looks in LOOKS.items()
    )


def _looked(root: Path, look: Look) -> Evidence:
    files = [path for path in sorted(root.glob(look.files)) if path.is_file()]
    for path in files:
        text = path.read_text(encoding="utf-8")
        if match := re.search(look.pattern, text, re.MULTILINE):
            number = text.count("\n", 0, match.end()) + 1
            line = text.splitlines()[number - 1].strip()[:LONGEST]
            place = f"{path.relative_to(root).as_posix()}:{number}"
            return Evidence(look.says, not look.absent, Quote(line, place))
    searched = f"no such line in {counted(len(files), 'file')}"
    return Evidence(look.says, look.absent and bool(files), Quote(searched, look.files))


def _cells(item: Judged) -> Sequence[str]:
    e = html.escape
    quotes = "".join(
        f"<li>{'' if q.holds else '<b>but not:</b> '}{e(q.says)}: <code>{e(q.quote.text)}</code> "
        f"<small>{e(q.quote.source)}</small></li>"
        for q in item.evidence
    )
    return (e(item.factor), e(item.practice), f"{_SIGNS[item.verdict]} {item.verdict}", f"<ul>{quotes}</ul>")
