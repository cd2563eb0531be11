"""Which cell of which notebook covers each heading of the text that the course is built on."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from pathlib import Path

import yaml

from kitlib import markup
from kitlib.app.images import checkout

HEADINGS = Path(__file__).with_name("coverage.yaml")


@dataclass(frozen=True)
class Row:
    """One heading.

    Args:
        section: the title that it stands under.
        heading: itself.
        notebook: the name of the notebook's file; empty: there is none of that lesson.
        cell: the first cell that covers it; empty: none does.
    """

    section: str
    heading: str
    notebook: str
    cell: str

    @property
    def covered(self) -> bool:
        """Whether a cell covers it."""
        return bool(self.cell)


class Coverage(tuple[Row, ...]):
    """The rows; shows itself as a table."""

    __slots__ = ()

    @property
    def missing(self) -> tuple[Row, ...]:
        """The headings that no cell covers."""
        return tuple(row for row in self if not row.covered)

    def __repr__(self) -> str:
        lines = [f"{row.heading:<42}{row.notebook or '-':<38}{row.cell or 'MISSING'}" for row in self]
        return "\n".join([*lines, f"{len(self) - len(self.missing)} of {len(self)} headings covered"])

    def _repr_html_(self) -> str:
        cells = ((row.section, row.heading, row.notebook or "-", row.cell or "MISSING") for row in self)
        return markup.table(
            ("section", "heading", "notebook", "cell"), (map(html.escape, texts) for texts in cells)
        )


def coverage(folder: Path | None = None) -> Coverage:
    """The table, made from the notebooks as they are.

    Args:
        folder: where the notebooks are; none: the checkout's own.

    Raises:
        UsageError: kit runs outside a checkout; or a notebook is none.
    """
    folder = folder or checkout() / "notebooks"
    rows = []
    for section in yaml.safe_load(HEADINGS.read_text(encoding="utf-8")):
        path = next(iter(sorted(folder.glob(f"{section['lesson']}-*.ipynb"))), None)
        cells = _cells(path) if path else []
        for item in section["headings"]:
            pattern = re.compile(item["says"], re.IGNORECASE | re.MULTILINE)
            cell = next((name for name, source in cells if pattern.search(source)), "")
            rows.append(Row(section["title"], item["heading"], path.name if path else "", cell))
    return Coverage(rows)


def _cells(path: Path) -> list[tuple[str, str]]:
    """The id and the source of every cell."""
    from kitlib.notebooks.refresh import read

    return [(str(cell.get("id") or index), cell.source) for index, cell in enumerate(read(path).cells)]
