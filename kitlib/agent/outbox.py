"""Messages on their way to one receiver: on disk before they count as taken, gone from it only when sent.

A message is sent at least once: a process that dies between the receiver's answer and its own note of it
sends that message again.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

REMEMBERED_SECONDS = 86_400.0  # for so long a message of the same key is not sent again

Body = Mapping[str, Any]


class Outbox:
    """The messages for one receiver, in the order in which they came.

    Args:
        folder: where they are kept, one JSON file each; made when it is missing, read when it is there.

    `trouble` is why the last message could not be written to disk; it is then kept in memory only.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.trouble = ""
        self.changed = threading.Event()
        self._lock = threading.Lock()
        self._waiting: dict[str, Body] = {}
        self._number = 0
        self._load()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, name: str, body: Body) -> bool:
        """Take a message.

        Args:
            name: names the message; one of the same name that waits, or was sent within a day, is left out.
            body: plain data.

        Returns:
            Whether it was taken.
        """
        with self._lock:
            known = {key.partition("-")[2] for key in self._waiting}
            if name in known or (self.folder / f"{name}.sent").exists():
                return False
            self._number += 1
            key = f"{self._number:012d}-{name}"
            self._waiting[key] = body
            self._keep(key, body)
        self.changed.set()
        return True

    def first(self) -> tuple[str, Body] | None:
        """The oldest message and its key; None when there is none."""
        with self._lock:
            return next(iter(self._waiting.items()), None)

    def sent(self, key: str) -> None:
        """Note that a message is with its receiver."""
        with self._lock, suppress(OSError):
            (self.folder / f"{key.partition('-')[2]}.sent").touch()
        self._remove(key)

    def refuse(self, key: str, reason: str) -> None:
        """Put aside a message that the receiver will never take, with its reason, so that others go on."""
        with self._lock, suppress(OSError):
            text = json.dumps({"reason": reason, "body": self._waiting[key]})
            (self.folder / f"{key.partition('-')[2]}.refused").write_text(text)
        self._remove(key)

    def _remove(self, key: str) -> None:
        with self._lock:
            del self._waiting[key]
            with suppress(OSError):
                (self.folder / f"{key}.json").unlink(missing_ok=True)

    def _keep(self, key: str, body: Body) -> None:
        path = self.folder / f"{key}.json"
        temporary = path.with_suffix(".tmp")
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with open(temporary, "w", opener=_private) as file:
                json.dump(body, file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
            self.trouble = ""
        except OSError as error:
            self.trouble = f"messages can't be kept in {self.folder}: {error.strerror}"

    def _load(self) -> None:
        """What an earlier process left; what was sent more than a day ago is forgotten."""
        for path in sorted(self.folder.glob("*.json")):
            with suppress(OSError, ValueError):  # half a file is of a message that was never taken
                self._waiting[path.stem] = json.loads(path.read_text())
        self._number = max((int(key.partition("-")[0]) for key in self._waiting), default=0)
        for path in self.folder.glob("*.sent"):
            with suppress(OSError):
                if path.stat().st_mtime < time.time() - REMEMBERED_SECONDS:
                    path.unlink()
        if self._waiting:
            self.changed.set()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
