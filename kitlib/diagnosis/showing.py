"""A diagnosis in a terminal: cause by cause, readable in eighty columns at three in the morning."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from kitlib.diagnosis.ranking import SYMPTOM
from kitlib.findings import Ref

if TYPE_CHECKING:
    from kitlib.diagnosis.examination import Diagnosis, RootCause

_COLOURS = {"error": "bold red", "warning": "bold yellow", "info": "bold blue"}
MOST_QUOTES, MOST_EXPLAINED = 3, 8


def shown(found: Diagnosis) -> RenderableType:
    """All of it, to be printed with rich; text from the cluster is never read as markup."""
    parts: list[RenderableType] = [Text(found.summary, style="bold")]
    for number, cause in enumerate(found.causes, 1):
        parts += [Text(), _heading(number, cause), Padding(_body(cause), (0, 0, 0, 2))]
    for cause, silence in found.silenced:
        parts.append(Text(f"silent until {silence.until}: {cause.finding.title} ({silence.reason})", "dim"))
    parts += [Text(f"note: {note}", "dim") for note in found.notes]
    return Group(*parts)


def _heading(number: int, cause: RootCause) -> Text:
    finding = cause.finding
    return Text.assemble(
        (f"{number}. {finding.severity}: ", _COLOURS[finding.severity]), (finding.title, "bold")
    )


def _body(cause: RootCause) -> Table:
    grid = Table.grid(padding=(0, 1), expand=False)
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, text in _rows(cause):
        grid.add_row(label, Text(text))
    return grid


def _rows(cause: RootCause) -> Iterator[tuple[str, str]]:
    finding = cause.finding
    yield "object", str(finding.object)
    if finding.field:
        yield "field", finding.field
    yield "found", finding.found
    yield "expected", finding.expected
    yield "why", finding.why
    quotes = [quote for quote in finding.evidence if quote.source != SYMPTOM][:MOST_QUOTES]
    for label, quote in zip(_once("evidence"), quotes, strict=False):
        yield label, f"{quote.source}: {quote.text}"
    for label, line in zip(_once("explains"), _explained(cause), strict=False):
        yield label, line
    if finding.fix is not None:
        yield "fix", finding.fix.summary
        if finding.fix.command:
            yield "", finding.fix.command
        if finding.fix.checked:
            yield "", f"as a dry run, the API server says: {finding.fix.checked}"
    yield "key", f"{cause.key} ({finding.id})"


def _explained(cause: RootCause) -> list[str]:
    """What it explains: one line for each object, the first symptom of it."""
    first: dict[Ref, str] = {}
    for symptom in cause.symptoms:
        first.setdefault(symptom.object, symptom.title)
    lines = [f"{where}: {title}" for where, title in first.items()]
    lines += [str(one) for one in cause.affected if one not in first]
    more = len(lines) - MOST_EXPLAINED
    return lines[:MOST_EXPLAINED] + ([f"and {more} more"] if more > 0 else [])


def _once(label: str) -> Iterator[str]:
    """A label, and nothing beside the lines after the first."""
    yield label
    while True:
        yield ""
