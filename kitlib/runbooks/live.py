"""What a run shows while it goes on, and how a signal reaches it."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import Any

from kitlib.progress import Stage, stage


class Signalled(BaseException):
    """SIGINT or SIGTERM arrived."""


class ShownSteps:
    """Shows the step that runs, for how long, what it waits for, and how it ended.

    Args:
        quiet: show nothing, where several runs go on side by side.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._current = contextlib.ExitStack()
        self._stage: Stage | None = None

    def __enter__(self) -> ShownSteps:
        self._begin("start the kernel")
        return self

    def __exit__(self, *failure: Any) -> None:
        self._current.__exit__(*failure)

    def on(self, event: dict[str, Any]) -> None:
        """Show an event of the journal."""
        if event["event"] == "step":
            self._current.close()
            self._begin(event["title"])
        elif event["event"] == "detail" and self._stage:
            self._stage.update(event["text"])
        elif event["event"] == "step-end" and event["status"] == "failed":
            failure = RuntimeError(event["error"])
            with contextlib.suppress(RuntimeError):
                self._current.__exit__(RuntimeError, failure, None)
        elif event["event"] == "step-end":
            self._current.close()

    def _begin(self, title: str) -> None:
        if not self._quiet:
            self._stage = self._current.enter_context(stage(title))


@contextlib.contextmanager
def signals() -> Iterator[None]:
    """SIGINT and SIGTERM end the run with a true record, not the process; elsewhere than in the main thread
    Python has no say in signals."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def arrived(number: int, _frame: Any) -> None:
        raise Signalled(signal.Signals(number).name)

    before = {number: signal.signal(number, arrived) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
