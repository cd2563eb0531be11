"""A file in a notebook: its text under its name, folded when it is long."""

from __future__ import annotations

import html
from dataclasses import dataclass
from pathlib import Path

from kitlib import markup
from kitlib.wording import counted

LONG = 60  # lines; more would push the text that explains them out of sight


@dataclass(frozen=True)
class Listing:
    """A text and what it is called; in a terminal the text alone.

    Args:
        name: such as its path in the checkout.
        text: all of it.
    """

    name: str
    text: str

    @classmethod
    def of(cls, folder: Path, path: str) -> Listing:
        """A file.

        Args:
            folder: such as the checkout.
            path: of the file in that folder, and its name.
        """
        return cls(path, (folder / path).read_text())

    def __repr__(self) -> str:
        return self.text.rstrip()

    def _repr_html_(self) -> str:
        lines = len(self.text.splitlines())
        name, text = html.escape(self.name), html.escape(self.text)
        opened = "" if lines > LONG else " open"
        size = counted(lines, "line")
        return markup.verbatim(
            f"<details{opened}><summary><b>{name}</b>, {size}</summary><pre>{text}</pre></details>"
        )
