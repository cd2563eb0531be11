"""What an agent remembers on disk, so that a restart neither repeats nor forgets.

Each proposal is a file of its own, replaced as a whole and written through, so that a person's `approve` and
the running agent can both write. Whatever cannot be read stops the agent: it might already have been done.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from kitlib.agent.proposals import Proposal, from_dict
from kitlib.errors import KitError, UsageError
from kitlib.redaction import redact_tree
from kitlib.settings import get_settings

KEPT = timedelta(days=7)


class StateError(KitError):
    """What the agent remembers can't be read or written; it does nothing then."""


class State:
    """One agent's memory.

    Args:
        folder: where; made when needed.
        name: the agent's.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, name
        self._read: dict[str, tuple[int, Proposal]] = {}

    @property
    def budget_path(self) -> Path:
        """The file of its account of changes."""
        return self.folder / "budget.json"

    def proposals(self) -> list[Proposal]:
        """All that are kept, oldest first.

        Raises:
            StateError: one of them can't be read.
        """
        found = {}
        for path in self._folder().glob("*.json"):
            try:
                stamp = path.stat().st_mtime_ns
            except FileNotFoundError:
                continue  # pruned by another process
            known = self._read.get(path.stem)
            found[path.stem] = known if known and known[0] == stamp else (stamp, self._load(path))
        self._read = found
        return sorted((item for _, item in found.values()), key=lambda item: item.opened)

    def get(self, id: str) -> Proposal:
        """One proposal.

        Raises:
            UsageError: there is none of that id.
            StateError: it can't be read.
        """
        path = self._folder() / f"{id}.json"
        if not id.isalnum() or not path.exists():
            raise UsageError(f"the agent {self.name} has no proposal {id!r}", fix="kit agent pending")
        return self._load(path)

    def save(self, proposal: Proposal) -> Proposal:
        """Write a proposal, redacted, and wait until it is on disk."""
        self._write(self._folder() / f"{proposal.id}.json", redact_tree(proposal.as_dict()))
        return proposal

    def cooling(self, key: str, now: datetime) -> bool:
        """Whether a key is still to be left alone."""
        until = self._cooldowns().get(key)
        return until is not None and now < datetime.fromisoformat(until)

    def cool(self, proposal: Proposal, now: datetime) -> None:
        """Leave a proposal's keys alone for its time: no other rule does the same to the workload either."""
        with self.locked():
            until = (now + timedelta(minutes=proposal.cooldown_minutes)).isoformat()
            kept = {k: v for k, v in self._cooldowns().items() if datetime.fromisoformat(v) > now}
            self._write(self.folder / "cooldowns.json", kept | dict.fromkeys(proposal.keys, until))

    def prune(self, now: datetime) -> None:
        """Remove proposals that were settled a week ago; the audit has them for longer."""
        for item in self.proposals():
            if not item.waits and now - datetime.fromisoformat(item.changed) > KEPT:
                (self._folder() / f"{item.id}.json").unlink(missing_ok=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the memory while something is read and written again."""
        self._folder()
        with (self.folder / "lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _cooldowns(self) -> dict[str, str]:
        path = self.folder / "cooldowns.json"
        try:
            return dict(json.loads(path.read_text())) if path.exists() else {}
        except (OSError, ValueError) as error:
            raise StateError(f"{path} can't be read ({error}), so the agent does nothing") from None

    def _load(self, path: Path) -> Proposal:
        try:
            return from_dict(json.loads(path.read_text()))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StateError(
                f"the proposal {path} can't be read ({error}), so the agent does nothing",
                fix="look at it, and remove it once you know what became of it",
            ) from None

    def _folder(self) -> Path:
        folder = self.folder / "proposals"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder

    def _write(self, path: Path, data: Any) -> None:
        temporary = path.with_suffix(f".{os.getpid()}.tmp")
        try:
            with open(temporary, "w", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
                json.dump(data, file, ensure_ascii=False)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
            directory = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(directory)
            finally:
                os.close(directory)
        except OSError as error:
            raise StateError(f"{path} can't be written ({error.strerror}); nothing is changed") from None


def agents() -> list[str]:
    """The agents that have a memory on this machine."""
    folder = get_settings().state_dir / "agents"
    return sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []


def state_of(name: str) -> State:
    """The memory of an agent on this machine."""
    return State(get_settings().state_dir / "agents" / name, name)
