"""How much a program may change in an hour: kept on disk, so that a restart buys nothing."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

HOUR = 3600.0


@dataclass(frozen=True)
class Limits:
    """What one actor may do.

    Args:
        actions_per_hour: in any 60 minutes.
        pods: how many pods one action may end or start: its blast radius.
        nodes: how many nodes may be cordoned or drained in any 60 minutes.
    """

    actions_per_hour: int = 10
    pods: int = 20
    nodes: int = 1


class Budget:
    """The account of one actor.

    Args:
        path: its file; made at the first action.
        limits: what it may do.
    """

    def __init__(self, path: Path, limits: Limits) -> None:
        self.path = path
        self.limits = limits

    def spend(self, *, pods: int, nodes: int = 0, now: float | None = None) -> str:
        """Take one action from the account.

        Args:
            pods, nodes: how many the action touches.
            now: seconds since the epoch; none: the clock's.

        Returns:
            Why it is refused; empty when it was taken. Whatever can't be read counts as spent.
        """
        moment = time.time() if now is None else now
        if pods > self.limits.pods:
            return f"it touches {pods} pods, and {self.limits.pods} at once is the limit"
        try:
            with self._open() as file:
                spent = self._recent(file, moment)
                if self.limits.actions_per_hour <= 0:
                    return "no action an hour is the limit"
                if len(spent) >= self.limits.actions_per_hour:
                    wait = int(max(0.0, spent[-self.limits.actions_per_hour][0] + HOUR - moment)) // 60 + 1
                    limit = self.limits.actions_per_hour
                    return f"{limit} actions were done within the last hour, the limit; next in {wait} min"
                if nodes and sum(entry[1] for entry in spent) + nodes > self.limits.nodes:
                    return f"it touches {nodes} nodes, and {self.limits.nodes} in an hour is the limit"
                self._save(file, [*spent, (moment, nodes)])
        except (OSError, ValueError, TypeError) as error:
            return f"the account {self.path} can't be used ({error}), so it counts as spent"
        return ""

    def left(self, now: float | None = None) -> int:
        """How many actions may still be taken now; 0 when the account can't be read."""
        try:
            with self._open() as file:
                spent = len(self._recent(file, time.time() if now is None else now))
        except (OSError, ValueError, TypeError):
            return 0
        return max(0, self.limits.actions_per_hour - spent)

    @contextmanager
    def _open(self) -> Iterator[IO[str]]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            yield file

    def _recent(self, file: IO[str], now: float) -> list[tuple[float, int]]:
        text = file.read()
        entries = [(float(at), int(nodes)) for at, nodes in json.loads(text)] if text else []
        return [entry for entry in entries if entry[0] > now - HOUR]  # of the future too: a clock set back

    def _save(self, file: IO[str], entries: list[tuple[float, int]]) -> None:
        file.seek(0)
        file.truncate()
        file.write(json.dumps(entries))
        file.flush()
        os.fsync(file.fileno())
