"""How long something has held without a gap: five minutes of a condition need samples over five minutes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

GAP = timedelta(seconds=90)  # metrics-server measures every 15 to 60 seconds; one may be missed
Key = tuple[str, ...]  # what is observed, and of which object, by its uid


@dataclass
class _Run:
    since: datetime
    last: datetime


class Windows:
    """The runs of samples in which a condition held.

    Args:
        gap: the longest time between two samples of one run.
    """

    def __init__(self, gap: timedelta = GAP) -> None:
        self.gap = gap
        self._runs: dict[Key, _Run] = {}

    def sample(self, key: Key, at: datetime, holds: bool) -> None:
        """Take a sample.

        Args:
            at: when it was measured; one that is no newer than the last is the same sample again.
            holds: whether the condition held; where nobody knows, no sample is taken.
        """
        run = self._runs.get(key)
        if run is not None and at <= run.last:
            return
        if not holds:
            self._runs.pop(key, None)
        elif run is None or at - run.last > self.gap:
            self._runs[key] = _Run(at, at)
        else:
            run.last = at

    def held(self, key: Key, now: datetime) -> timedelta | None:
        """How long it has held up to the last sample; None when it does not, or the last is too old."""
        run = self._runs.get(key)
        if run is None or now - run.last > self.gap:
            return None
        return run.last - run.since

    def prune(self, now: datetime) -> None:
        """Forget the runs that ended: of pods that are gone."""
        self._runs = {key: run for key, run in self._runs.items() if now - run.last <= self.gap}

    def __len__(self) -> int:
        return len(self._runs)
