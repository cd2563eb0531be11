"""Processes that we started, told apart from others that later got the same id."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

import psutil

POLL_SECONDS = 0.05
CLOCK_SLACK = 2.0  # seconds by which a start time may seem to move when the clock is set


@dataclass(frozen=True)
class Mark:
    """A process by its id and start time; an id alone is given to another process some day.

    Args:
        name: what it is to us, such as `etcd`.
        pid: its id.
        started: seconds since the epoch.
    """

    name: str
    pid: int
    started: float

    @classmethod
    def of(cls, name: str, pid: int) -> Mark | None:
        """The mark of a process that runs now; None when it does not."""
        with suppress(psutil.NoSuchProcess):
            return cls(name, pid, psutil.Process(pid).create_time())
        return None

    @classmethod
    def parse(cls, text: str) -> Mark:
        """Read what `str` wrote."""
        name, pid, started = text.split()
        return cls(name, int(pid), float(started))

    def __str__(self) -> str:
        return f"{self.name} {self.pid} {self.started:.2f}"

    def process(self) -> psutil.Process | None:
        """The process, while it is alive and still the one that was marked."""
        with suppress(psutil.NoSuchProcess):
            found = psutil.Process(self.pid)
            same = abs(found.create_time() - self.started) < CLOCK_SLACK
            # A killed program's first thread is a zombie while others still hold its sockets.
            ended = found.status() == psutil.STATUS_ZOMBIE and found.num_threads() <= 1
            return found if same and not ended else None
        return None

    def send(self, number: signal.Signals) -> None:
        """Send a signal, if it is still the process that was marked."""
        found = self.process()
        if found is not None:
            with suppress(psutil.NoSuchProcess):
                found.send_signal(number)


def alive(marks: Iterable[Mark]) -> list[Mark]:
    """Those that still run."""
    return [mark for mark in marks if mark.process() is not None]


def await_end(marks: Iterable[Mark], seconds: float) -> list[Mark]:
    """Wait until all have ended; returns those that had not after `seconds`."""
    deadline = time.monotonic() + seconds
    while (left := alive(marks)) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    return left
