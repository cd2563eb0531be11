"""What a read found: a table, a text or a diagnosis that shows itself wherever it is."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kitlib import markup
from kitlib.asking.made import Request

if TYPE_CHECKING:
    from rich.console import RenderableType

    from kitlib.diagnosis.examination import Diagnosis


@dataclass(frozen=True)
class Result:
    """What one request found.

    Args:
        request: which.
        columns, rows: a table; without columns there is none.
        text: what is no table, such as a log.
        notes: what has to be known about it, in sentences.
        diagnosis: the causes, where they were asked for.
    """

    request: Request
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    text: str = ""
    notes: tuple[str, ...] = ()
    diagnosis: Diagnosis | None = field(default=None, repr=False)

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for JSON: each row by its columns."""
        rows = [dict(zip(self.columns, row, strict=True)) for row in self.rows]
        told = {"kubectl": self.request.lines(), "rows": rows, "text": self.text, "notes": list(self.notes)}
        return told | ({"diagnosis": self.diagnosis.as_dict()} if self.diagnosis else {})

    def __str__(self) -> str:
        widths = [max(len(row[n]) for row in (self.columns, *self.rows)) for n in range(len(self.columns))]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in ((self.columns, *self.rows) if self.rows else ())
        ]
        told = [self.text] if self.text else []
        told += [str(self.diagnosis.summary)] if self.diagnosis else []
        return "\n".join([*lines, *told, *self.notes])

    def __rich__(self) -> RenderableType:
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        parts: list[RenderableType] = []
        if self.rows:
            table = Table(box=None, pad_edge=False)
            for column in self.columns:
                table.add_column(Text(column), overflow="fold")
            for row in self.rows:
                table.add_row(*map(Text, row))
            parts.append(table)
        parts += [Text(self.text)] if self.text else []
        parts += [self.diagnosis] if self.diagnosis else []
        return Group(*parts, *(Text(note, "dim") for note in self.notes))

    def _repr_html_(self) -> str:
        heads, rows = map(html.escape, self.columns), (map(html.escape, row) for row in self.rows)
        table = markup.table(heads, rows) if self.rows else ""
        text = f"<pre>{html.escape(self.text)}</pre>" if self.text else ""
        causes = self.diagnosis._repr_html_() if self.diagnosis else ""
        notes = "".join(f"<p><small>{html.escape(note)}</small></p>" for note in self.notes)
        return markup.verbatim(table + text + causes + notes)
