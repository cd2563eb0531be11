"""Where records of runs in the cluster are kept, whatever it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Stored:
    """The records that one pod left: the names of their folders."""

    pod: str
    runs: tuple[str, ...]


class Records(Protocol):
    """A volume or a bucket with the files of pods."""

    def stored(self) -> list[Stored]:
        """What there is, oldest first."""

    def fetch(self, pod: str, place: Path) -> None:
        """Bring the `runs/` and `state/` of one pod into a folder.

        Raises:
            NotFound: it left nothing.
        """
