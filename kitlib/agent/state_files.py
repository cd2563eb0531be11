"""The files of an agent's state folder, read as they are at one moment, and put back."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO

from kitlib.errors import KitError

HOLDER = ".holder"  # which process had the memory last, beside it
_LEFT_OUT = ("digest.key", HOLDER, "clusters", "locks", "lock")
_LOCK_SECONDS = 2.0


class StateLost(KitError):
    """The agent's memory can't be written, or is another replica's now; nothing may be changed then."""


def collect(folder: Path) -> dict[str, bytes]:
    """All files that are kept, as they were at one moment: whoever writes one holds a lock on it.

    Raises:
        StateLost: one of them can't be read, or is being written all the time.
    """
    with ExitStack() as held:
        opened: list[tuple[Path, IO[bytes]]] = []
        try:
            for path in _paths(folder):
                with suppress(FileNotFoundError):  # a message that was sent just now
                    opened.append((path, held.enter_context(path.open("rb"))))
            for _, file in opened:
                _lock(file)
            return {path.relative_to(folder).as_posix(): file.read() for path, file in opened}
        except OSError as error:
            raise StateLost(f"the agent's memory can't be read: {error}") from None


def _paths(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.is_file() and path.suffix != ".tmp" and not {parts[0], path.name} & set(_LEFT_OUT):
            yield path


def _lock(file: IO[bytes]) -> None:
    patience = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > patience:
                raise StateLost(f"{file.name} is being written, and can't be kept") from None
            time.sleep(0.01)


def restore(folder: Path, files: dict[str, bytes]) -> None:
    """Make a folder hold exactly these files, of those that are kept."""
    for path in list(_paths(folder)):
        path.unlink()
    for name, content in files.items():
        write(folder / name, content)


def write(path: Path, content: bytes) -> None:
    """Write a file through to the disk, readable by this user only."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open(path, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
