"""Progress: what is being done, for how long, and how it ended.

On a terminal a spinner turns on standard error; in a log each stage is a line when it starts and a line when
it ends, with a line in between every 20 seconds, so that CI shows life. In a notebook it is one line under
the cell that follows the work: JupyterLab paints standard error red, as it does an error.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

HEARTBEAT_SECONDS = 20.0
METADATA = {"kit": "progress"}  # of a notebook's output that is progress, and no result
_FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"


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
    line = _line(current)
    stop = threading.Event()
    painter = threading.Thread(target=_follow, args=(line, stop), daemon=True)
    painter.start()
    mark = "✗"
    try:
        yield current
        mark = "✓"
    finally:
        stop.set()
        painter.join()
        line.end(f"{mark} {title}  {current.elapsed:.1f} s")


def say(text: str) -> None:
    """One line on standard error; in a notebook, under the cell."""
    if _in_notebook():
        _show(text)
    else:
        print(text, file=sys.stderr, flush=True)  # noqa: T201


class _Line(Protocol):
    """How a stage is shown: `go_on` every so many seconds, `end` once."""

    every: float

    def go_on(self) -> None: ...

    def end(self, text: str) -> None: ...


class _OnTerminal:
    every = 0.12

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._turn = 0

    def go_on(self) -> None:
        self._turn += 1
        line = f"{_FRAMES[self._turn % len(_FRAMES)]} {_going_on(self._stage)}"
        print(f"\r\033[K{line[:118]}", end="", file=sys.stderr, flush=True)  # noqa: T201

    def end(self, text: str) -> None:
        say(f"\r\033[K{text}")


class _InLog:
    every = HEARTBEAT_SECONDS

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        say(f"→ {stage.title}")

    def go_on(self) -> None:
        say(f"  … {self._stage.elapsed:.0f} s  {self._stage.detail}")

    def end(self, text: str) -> None:
        say(text)


class _UnderCell:
    every = 1.0

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._shown = _show(f"→ {stage.title}")

    def go_on(self) -> None:
        self._update(f"→ {_going_on(self._stage)}")

    def end(self, text: str) -> None:
        self._update(text)

    def _update(self, text: str) -> None:
        self._shown.update({"text/plain": text}, raw=True, metadata=METADATA)


def _line(stage: Stage) -> _Line:
    if _in_notebook():
        return _UnderCell(stage)
    return _OnTerminal(stage) if sys.stderr.isatty() else _InLog(stage)


def _follow(line: _Line, stop: threading.Event) -> None:
    while not stop.wait(line.every):
        line.go_on()


def _going_on(stage: Stage) -> str:
    return f"{stage.title}  {stage.elapsed:.0f} s  {stage.detail}".rstrip()


def _in_notebook() -> bool:
    """Whether this process is a notebook's kernel; what hasn't imported IPython is none."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")


def _show(text: str) -> Any:
    from IPython.display import display

    return display({"text/plain": text}, raw=True, metadata=METADATA, display_id=True)
