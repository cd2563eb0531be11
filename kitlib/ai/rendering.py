"""An answer for a notebook and for a terminal. A model's words are text in both, never markup."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from kitlib import markup
from kitlib.ai.answer import Answer

if TYPE_CHECKING:
    from rich.table import Table

_NOTE = "A model wrote this. Its citations were checked to exist; whether it is right was not."


def table(answer: Answer) -> Table:
    """Two columns: what it is, and what the model says."""
    from rich.table import Table
    from rich.text import Text

    shown = Table(show_header=False, show_lines=True)
    shown.add_column(overflow="fold", no_wrap=True)
    shown.add_column(overflow="fold")
    for name, text in _rows(answer):
        shown.add_row(Text(name), Text(text))
    return shown


def page(answer: Answer) -> str:
    """The answer as HTML, with each claim's evidence beneath it."""
    colour = "#7d3c98" if answer.problem is None else "#b9770e"
    rows = "".join(
        f"<tr><th style='text-align:left;vertical-align:top'>{escape(name)}</th>"
        f"<td style='text-align:left;white-space:pre-wrap'>{escape(text)}</td></tr>"
        for name, text in _rows(answer)
    )
    return markup.verbatim(
        f'<div style="border-left:4px solid {colour};padding:.2em .8em"><table>{rows}</table></div>'
    )


def _rows(answer: Answer) -> list[tuple[str, str]]:
    rows = [("workload", answer.subject), ("the model says", _said(answer))]
    for claim in answer.claims:
        cited = "".join(f"\n  {answer.line(number)}" for number in claim.citations)
        rows.append(("because", claim.text + cited))
    if answer.proposals:
        rows.append(("it proposes", "\n".join(map(str, answer.proposals)) + "\n(nothing was done)"))
    if answer.dropped:
        rows.append(("left out", "\n".join(answer.dropped)))
    if answer.failed and not answer.problem:
        rows.append(("asked before", "\n".join(answer.failed)))
    if answer.model:
        rows.append(("asked", _asked(answer)))
    return rows if answer.problem else [*rows, ("note", _NOTE)]


def _said(answer: Answer) -> str:
    if answer.problem:
        return f"nothing that holds: {answer.problem}\nWhat the rules found stands."
    if answer.verdict == "cause":
        return f"{answer.cause}\n(confidence: {answer.confidence})"
    return "The evidence is not enough to name a cause."


def _asked(answer: Answer) -> str:
    usage = "from the cache, nothing was sent" if answer.cached else str(answer.usage)
    hidden = ", ".join(f"{count} {sort}" for sort, count in sorted(answer.redacted.items())) or "nothing"
    cut = (
        f"; {answer.cut} lines of evidence were left out, the question would be too long"
        if answer.cut
        else ""
    )
    return f"{answer.model}\n{usage}\n{len(answer.evidence)} lines of evidence{cut}\nhidden: {hidden}"
