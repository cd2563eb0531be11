"""Findings: what is wrong, where, what was found, what was expected, why it matters, and what mends it."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from kitlib import markup

if TYPE_CHECKING:
    import pandas
    from rich.table import Table

Severity = Literal["error", "warning", "info"]
_COLOURS = {"error": "#c0392b", "warning": "#b9770e", "info": "#2471a3"}


@dataclass(frozen=True)
class Ref:
    """An object of the cluster, named; shows itself as `Kind/name -n namespace`."""

    kind: str
    name: str
    namespace: str = ""

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}" + (f" -n {self.namespace}" if self.namespace else "")


@dataclass(frozen=True)
class Quote:
    """A piece of evidence: the text as it was read, and where it came from."""

    text: str
    source: str


@dataclass(frozen=True)
class Edit:
    """Replace a text inside one value of an object, which itself is never shown.

    Args:
        key: the key in a Secret or ConfigMap, or the variable's name in a container.
        found: the text to replace; it occurs in the value.
        expected: what takes its place.
        container: for a workload: which container's literal variable.
    """

    key: str
    found: str
    expected: str
    container: str = ""


@dataclass(frozen=True)
class Fix:
    """What mends a finding.

    Args:
        summary: one sentence for a person.
        target: the object to change; none: nothing can be changed automatically.
        patch: a JSON patch of the target.
        edits: replacements inside values of the target, for values that must not be shown.
        command: what a person can type instead.
        checked: what the API server said to it as a dry run, `accepted` or `refused: …`; empty: not asked.
    """

    summary: str
    target: Ref | None = None
    patch: tuple[dict[str, Any], ...] = ()
    edits: tuple[Edit, ...] = ()
    command: str = ""
    checked: str = ""

    @property
    def automatic(self) -> bool:
        """Whether a runbook can make this change, once it is approved."""
        return self.target is not None and bool(self.patch or self.edits)


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Args:
        severity: error, warning or info.
        id: names the rule, such as `image-pull`.
        title: one line for a person.
        object: what it was found on: an object of the cluster, or `file:line`.
        found: what is there.
        expected: what should be.
        why: why that is wrong, and who says so.
        fix: what mends it; none: nothing is known.
        evidence: quotes, each with its source.
        field: where in the object, such as `spec.template.spec.containers[web].image`; empty: all of it.
    """

    severity: Severity
    id: str
    title: str
    object: Ref | str
    found: str
    expected: str
    why: str
    fix: Fix | None = None
    evidence: tuple[Quote, ...] = ()
    field: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The finding as plain data, for JSON; `object` is text."""
        return asdict(self) | {"object": str(self.object)}

    def _repr_html_(self) -> str:
        return Findings([self])._repr_html_()


class Findings(list[Finding]):
    """Findings, gravest first as the rules gave them; shows itself as a table wherever it is."""

    def frame(self) -> pandas.DataFrame:
        """One row per finding."""
        import pandas

        columns = ["severity", "id", "title", "object", "found", "expected", "why", "fix"]
        return pandas.DataFrame([_row(item) for item in self], columns=columns)

    def json(self) -> str:
        """The findings as a JSON list."""
        return json.dumps([item.as_dict() for item in self], indent=2, ensure_ascii=False)

    def table(self) -> Table:
        """The findings for a terminal, with their evidence; print it with rich."""
        from rich.table import Table
        from rich.text import Text

        table = Table(show_lines=True)
        for title in ("severity", "what", "found → expected", "fix"):
            table.add_column(title, overflow="fold")
        for item in self:
            quotes = "".join(f"\n  {quote.source}: {quote.text[:200]}" for quote in item.evidence)
            table.add_row(
                Text(item.severity),
                Text(f"{item.title}\n{item.object}{quotes}"),
                Text(f"{item.found}\n→ {item.expected}"),
                Text(fix_text(item.fix)),
            )
        return table

    def _repr_html_(self) -> str:
        if not self:
            return "<p>✓ no findings</p>"
        return "".join(_card(item) for item in self)


def fix_text(fix: Fix | None) -> str:
    """A fix in one or two lines; says so when none is known."""
    if fix is None:
        return "no fix is known"
    return fix.summary + (f"\n{fix.command}" if fix.command else "")


def quotes(texts: Sequence[tuple[str, str]]) -> tuple[Quote, ...]:
    """Quotes from (text, source) pairs, without empty ones and repetitions."""
    return tuple(dict.fromkeys(Quote(text.strip(), source) for text, source in texts if text.strip()))


def _row(item: Finding) -> dict[str, str]:
    row = {key: str(getattr(item, key)) for key in ("severity", "id", "title", "object", "found", "expected")}
    return row | {"why": item.why, "fix": fix_text(item.fix)}


def _card(item: Finding) -> str:
    e = html.escape
    colour = _COLOURS[item.severity]
    why = re.sub(r"https?://[^\s)]+", r"<a href='\g<0>'>\g<0></a>", e(item.why))
    lines = "".join(f"<li><code>{e(q.text)}</code> <small>{e(q.source)}</small></li>" for q in item.evidence)
    return markup.verbatim(
        f'<div style="border-left:4px solid {colour};padding:.2em .8em;margin:.6em 0">'
        f'<b style="color:{colour}">{item.severity}</b> <b>{e(item.title)}</b> '
        f"<small>{e(str(item.object))}</small><br>found <code>{e(item.found)}</code>, "
        f"expected <code>{e(item.expected)}</code><br>{why}<br>"
        f"<b>Fix:</b> {e(fix_text(item.fix))}<ul>{lines}</ul></div>"
    )
