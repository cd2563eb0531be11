"""Space kept free for the end of a run's record, so that a full disk can still be told."""

from __future__ import annotations

import os
from pathlib import Path

NAME = ".reserve"
BYTES = 768 * 1024  # a record and a report with room for long findings


def keep(folder: Path) -> None:
    """Take the space; really written, since a file of holes holds nothing."""
    with (folder / NAME).open("wb") as file:
        file.write(os.urandom(BYTES))
        file.flush()
        os.fsync(file.fileno())


def free(folder: Path) -> bool:
    """Give the space back; whether there was any."""
    try:
        (folder / NAME).unlink()
    except FileNotFoundError:
        return False
    return True
