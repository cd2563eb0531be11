"""Progress on standard error: what is being done, for how long, and how it ended.

On a terminal a spinner turns; in a log each stage is a line when it starts and a line when it ends, with a
line in between every 20 seconds, so that CI shows life.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

HEARTBEAT_SECONDS = 20.0


class Stage:
    """One piece of work in progress; call `update` with what it waits for."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.detail = ""
        self.started = time.monotonic()

    def update(self, detail: str) -> None:
        """Say what the stage is doing now; one line, cut to 90 characters."""
        self.detail = " ".join(detail.split())[:90]

    @property
    def elapsed(self) -> float:
        """Seconds since the stage began."""
        return time.monotonic() - self.started


@contextmanager
def stage(title: str) -> Iterator[Stage]:
    """Show `title` while the body runs, then how long it took; a failure is marked and re-raised."""
    current = Stage(title)
    show = _spin if sys.stderr.isatty() else _log
    stop = threading.Event()
    painter = threading.Thread(target=show, args=(current, stop), daemon=True)
    painter.start()
    mark = "✗"
    try:
        yield current
        mark = "✓"
    finally:
        stop.set()
        painter.join()
        clear = "\r\033[K" if sys.stderr.isatty() else ""
        say(f"{clear}{mark} {title}  {current.elapsed:.1f} s")


def say(text: str) -> None:
    """One line on standard error."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201


def _spin(current: Stage, stop: threading.Event) -> None:
    frames = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
    turn = 0
    while not stop.wait(0.12):
        turn += 1
        line = f"{frames[turn % len(frames)]} {current.title}  {current.elapsed:.0f} s  {current.detail}"
        print(f"\r\033[K{line[:118]}", end="", file=sys.stderr, flush=True)  # noqa: T201


def _log(current: Stage, stop: threading.Event) -> None:
    say(f"→ {current.title}")
    while not stop.wait(HEARTBEAT_SECONDS):
        say(f"  … {current.elapsed:.0f} s  {current.detail}")
