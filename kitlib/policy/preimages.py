"""What objects were before they were changed, kept for a day, so that a change can be undone.

A Secret's content is never written to a disk, nor that of an object in which a value of a Secret stands; such
changes are recorded, but not undone from here.
"""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kitlib.errors import UsageError
from kitlib.policy.action import Actor, version_of
from kitlib.redaction import holds_secret
from kitlib.settings import get_settings

if TYPE_CHECKING:
    from kitlib.policy.gate import Mutation

PRUNE_SECONDS = 3600.0
LIFE = timedelta(hours=24)  # the seed's AI operations specification: rollback capability for 24 hours


@dataclass(frozen=True)
class Preimage:
    """One change that was made.

    Args:
        id: what `kit undo` takes.
        at: when, ISO 8601 in UTC.
        actor: who made it.
        verb, api_version, kind, namespace, name: what was done to which object.
        before: the object as it was; None when it did not exist, or its content is not kept.
        after: the object as it was left; None when it was deleted, or its content is not kept.
        uid, version: of the object as it was left; empty when it was deleted.
        complete: whether the server took the change.
        content: whether `before` and `after` are kept.
    """

    id: str
    at: str
    actor: str
    verb: str
    api_version: str
    kind: str
    namespace: str
    name: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None = None
    uid: str = ""
    version: str = ""
    complete: bool = False
    content: bool = True

    def __str__(self) -> str:
        where = f" -n {self.namespace}" if self.namespace else ""
        return f"{self.verb} {self.kind}/{self.name}{where}"


def keep(mutation: Mutation, before: Mapping[str, Any] | None, actor: Actor) -> Preimage:
    """Store what an object is, before it is changed."""
    _prune()
    names = {key: getattr(mutation, key) for key in ("verb", "api_version", "kind", "namespace", "name")}
    shown = _stored(before)
    keeps = mutation.kind != "Secret" and (before is None or shown is not None)
    kept = Preimage(secrets.token_hex(4), _now(), str(actor), before=shown, content=keeps, **names)
    _write(kept)
    return kept


def complete(kept: Preimage, after: Mapping[str, Any] | None) -> None:
    """Add what became of it."""
    uid, version = version_of(after)
    shown = _stored(after)
    keeps = kept.content and (after is None or shown is not None)
    before, shown = (kept.before, shown) if keeps else (None, None)
    _write(replace(kept, before=before, after=shown, uid=uid, version=version, complete=True, content=keeps))


def load(id: str) -> Preimage:
    """A stored change.

    Raises:
        UsageError: there is none of that id, or it is older than a day.
    """
    path = _folder() / f"{id}.json"
    if not id.isalnum() or not path.exists():
        raise UsageError(f"no change {id!r} is kept; changes are kept for 24 hours", fix="kit audit show")
    found = Preimage(**json.loads(path.read_text()))
    if _old(found):
        raise UsageError(f"the change {id} was made at {found.at}, and is kept for 24 hours only")
    return found


def everything() -> Iterator[Preimage]:
    """The changes that can still be undone, newest first."""
    found = [Preimage(**json.loads(path.read_text())) for path in _folder().glob("*.json")]
    yield from sorted((item for item in found if not _old(item)), key=lambda item: item.at, reverse=True)


def _stored(item: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What of an object may be written to a disk: all of it, or nothing."""
    if item is None or item.get("kind") == "Secret" or holds_secret(item):
        return None
    metadata = {key: value for key, value in item.get("metadata", {}).items() if key != "managedFields"}
    return {**item, "metadata": metadata}


def _write(kept: Preimage) -> None:
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{kept.id}.json"
    temporary = path.with_suffix(".tmp")
    with open(temporary, "w", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        json.dump(asdict(kept), file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def _prune() -> None:
    """Remove what is older than a day; looked for once an hour, since a long apply makes many changes."""
    mark = _folder() / "pruned"
    if mark.exists() and time.time() - mark.stat().st_mtime < PRUNE_SECONDS:
        return
    mark.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    mark.touch()
    limit = (datetime.now(UTC) - LIFE).timestamp()
    for path in _folder().glob("*.json"):
        if path.stat().st_mtime < limit:
            path.unlink(missing_ok=True)


def _old(item: Preimage) -> bool:
    return datetime.now(UTC) - datetime.fromisoformat(item.at) > LIFE


def _folder() -> Path:
    return get_settings().state_dir / "undo"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
