"""A time limit for a piece of Python, enforced from within."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kitlib.errors import StepTimeout


@contextmanager
def limited(title: str, seconds: float | None) -> Iterator[None]:
    """Raise StepTimeout within the body after `seconds`; None, or not in the main thread: no limit.

    Python runs the handler between two of its instructions, and it ends a blocking call; a call into C that
    never returns is ended by the run's own limit.
    """
    if seconds is None or threading.current_thread() is not threading.main_thread():
        yield
        return

    def over(_number: int, _frame: Any) -> None:
        raise StepTimeout(f"{title}: it did not end within {seconds:g} s")

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
