"""HTML that a notebook shows as it is meant.

JupyterLab sets the cells of a table at the right, which is for numbers, and typesets what stands between two
`$` as a formula, such as in `pg_isready -U $USER -d $DB` (docs.mathjax.org, `ignoreHtmlClass`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas

_LEFT = "style='text-align:left;vertical-align:top'"


def verbatim(html: str) -> str:
    """HTML in which a `$` is a `$`."""
    return f"<div class='mathjax_ignore'>{html}</div>"


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table.

    Args:
        heads: the titles of its columns; none: it has no head.
        rows: their cells, each of them HTML.
    """
    titles = "".join(f"<th scope='col' {_LEFT}>{title}</th>" for title in heads)
    head = f"<thead><tr>{titles}</tr></thead>" if titles else ""
    body = "".join(f"<tr>{''.join(f'<td {_LEFT}>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return verbatim(f"<table>{head}<tbody>{body}</tbody></table>")


def frame(content: pandas.DataFrame) -> str:
    """A DataFrame as a table; without its index when that only counts."""
    import pandas

    counts = isinstance(content.index, pandas.RangeIndex)
    text = str(content.to_html(index=not counts, border=0))
    return verbatim(text.replace("<td>", f"<td {_LEFT}>").replace("<th>", f"<th {_LEFT}>"))
