"""Work that one process at a time may do on a machine, such as a build that takes minutes."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kitlib.progress import stage


@contextmanager
def turn(lock: Path, what: str) -> Iterator[None]:
    """Hold a lock; whoever had to wait for it should look again for what it came for.

    Args:
        lock: the file that stands for the work. The system frees it when this process dies.
        what: the work, as the progress says while it waits: `another build`.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with stage(f"wait for {what} on this machine"):
                fcntl.flock(file, fcntl.LOCK_EX)
        yield
