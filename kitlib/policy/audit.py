"""The audit: one line of JSON for each thing that was asked, decided and done, each bound to the one before.

A line holds the hash of the line before it, so a change, a removal or an insertion anywhere shows. What the
chain can't show is a cut at its end; so its length and last hash are kept beside it.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kitlib.errors import KitError
from kitlib.redaction import redact_tree

START = "0" * 64


class AuditError(KitError):
    """The audit cannot be written or was tampered with; nothing may be changed then."""


@dataclass(frozen=True)
class Verified:
    """What `verify` found: how many entries hold, and what is wrong with the first that does not."""

    entries: int
    problem: str = ""

    @property
    def ok(self) -> bool:
        return not self.problem


class Audit:
    """An append-only file of entries.

    Args:
        path: the file; made, with its folder, at the first entry.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, event: str, **data: Any) -> int:
        """Append an entry, redacted, and wait until it is on disk.

        Returns:
            Its number, from 1.

        Raises:
            AuditError: it can't be written, or its end was tampered with.
        """
        try:
            with self._locked() as file:
                head = self._settled(os.fstat(file.fileno()).st_size)
                number = int(head["entries"]) + 1
                body = {"n": number, "at": _now(), "event": event, **data, "before": head["hash"]}
                line = _line(redact_tree(body))
                if os.write(file.fileno(), line) < len(line):  # the disk is full: no half line may stay
                    os.ftruncate(file.fileno(), head["bytes"])
                    raise AuditError(f"the audit {self.path} can't be written: no space left")
                os.fsync(file.fileno())
                self._save_head(number, hashlib.sha256(line).hexdigest(), head["bytes"] + len(line))
                return number
        except OSError as error:
            raise AuditError(f"the audit {self.path} can't be written: {error.strerror}") from None

    def read(self) -> Iterator[dict[str, Any]]:
        """The entries, oldest first; a damaged line ends it."""
        if not self.path.exists():
            return
        for line in self.path.read_bytes().splitlines():
            try:
                yield json.loads(line)
            except ValueError:
                return

    def verify(self) -> Verified:
        """Check the whole chain, and that its end is the one that was last written."""
        last, count, size = START, 0, 0
        for line in self.path.read_bytes().splitlines(keepends=True) if self.path.exists() else []:
            try:
                entry = json.loads(line)
            except ValueError:
                return Verified(count, f"line {count + 1} is not JSON")
            if entry.get("before") != last or entry.get("n") != count + 1:
                return Verified(count, f"line {count + 1} does not follow the line before it")
            last, count, size = hashlib.sha256(line).hexdigest(), count + 1, size + len(line)
        head = self._head()
        if head["entries"] > count or (head["entries"] == count and head["hash"] != last):
            return Verified(count, f"it ends at entry {count}; entry {head['entries']} was written last")
        if count > head["entries"] + 1:
            return Verified(count, f"it has {count - head['entries']} entries that were not written by kit")
        return Verified(count)

    @contextmanager
    def _locked(self) -> Iterator[Any]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with open(self.path, "ab", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file

    def _settled(self, size: int) -> dict[str, Any]:
        """The end that was written last, which must be the file's: else somebody else wrote to it.

        A process that was killed after its line and before its head leaves one whole line more.
        """
        head = self._head()
        if size > head["bytes"]:
            with self.path.open("rb") as file:
                file.seek(head["bytes"])
                rest = file.read()
            with suppress(ValueError):
                if rest.count(b"\n") == 1 and json.loads(rest)["before"] == head["hash"]:
                    found = hashlib.sha256(rest).hexdigest()
                    return {"entries": head["entries"] + 1, "hash": found, "bytes": size}
        if size != head["bytes"]:
            raise AuditError(
                f"the audit {self.path} is not as it was left; nothing is changed", fix="kit audit verify"
            )
        return head

    def _head(self) -> dict[str, Any]:
        path = self.path.with_suffix(".head")
        if not path.exists():
            return {"entries": 0, "hash": START, "bytes": 0}
        try:
            return dict(json.loads(path.read_text()))
        except ValueError:
            raise AuditError(f"{path} is damaged", fix="kit audit verify; nothing is changed") from None

    def _save_head(self, entries: int, last: str, size: int) -> None:
        path = self.path.with_suffix(".head")
        temporary = path.with_suffix(".head.tmp")
        with temporary.open("w") as file:
            json.dump({"entries": entries, "hash": last, "bytes": size}, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)


def _line(entry: dict[str, Any]) -> bytes:
    return (json.dumps(entry, ensure_ascii=False, default=str) + "\n").encode()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
