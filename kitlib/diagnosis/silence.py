"""Known issues that are not to be reported: each with a reason and an end (kitlib.settings.Silence)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from kitlib.settings import Silence

if TYPE_CHECKING:
    from kitlib.diagnosis.examination import RootCause


def split(
    causes: Iterable[RootCause], silences: Iterable[Silence], at: datetime
) -> tuple[list[RootCause], list[tuple[RootCause, Silence]], list[str]]:
    """(to report, silenced, notes about silences that have ended and would still fit)."""
    reported: list[RootCause] = []
    silenced: list[tuple[RootCause, Silence]] = []
    notes: list[str] = []
    for cause in causes:
        fitting = [silence for silence in silences if _fits(silence, cause)]
        valid = [silence for silence in fitting if at.date() <= silence.until]
        if valid:
            silenced.append((cause, valid[0]))
            continue
        reported.append(cause)
        notes += [f"{cause.key} was silent until {s.until}: {s.reason}" for s in fitting]
    return reported, silenced, notes


def _fits(silence: Silence, cause: RootCause) -> bool:
    if silence.key:
        return cause.key == silence.key
    finding = cause.finding
    return fnmatchcase(finding.id, silence.rule) and fnmatchcase(str(finding.object), silence.object)
