"""The agent's memory, which outlives its pod: the files of its state folder, in ConfigMaps of its own.

A volume would not do: one that a single node may mount keeps the second replica from starting elsewhere, and
one that several may mount lets a replica that is no longer the leader write on. A ConfigMap is written only
in the state that it was read in. Whoever becomes the leader writes its own name there first; from then on
every save of the leader before it is refused, and what can't be saved is not done: `save` runs before each
change, when its budget is spent and its audit entry is written.

What is kept: everything in the folder but keys and locks. Nothing secret is in it: proposals and the audit
are redacted, and of objects that hold a Secret's value no image is kept. The audit grows; its full pieces go
to ConfigMaps that can't be changed.
"""

from __future__ import annotations

import base64
import gzip
import json
import threading
from pathlib import Path, PurePosixPath
from typing import Any

from kitlib.agent.housekeeping import Body, Housekeeping
from kitlib.agent.state_files import HOLDER, StateLost, collect, restore, write
from kitlib.errors import ApiError, ClusterUnreachable, Conflict, NotFound

STATE = "state"
AUDIT = "audit.jsonl"
PIECE = 1 << 20  # bytes of the audit in one ConfigMap, before compression
MOST_PIECES = 16
MOST_BYTES = 900_000  # of a ConfigMap, which may have 1 MiB: kubernetes.io/docs/concepts/configuration
_TRIES = 5


class Keeper:
    """Brings a state folder to the cluster and back.

    Args:
        keeping: where the ConfigMaps are.
        identity: of this process; no other may ever have it.
    """

    def __init__(self, keeping: Housekeeping, identity: str) -> None:
        self._keeping = keeping
        self._identity = identity
        self._found: Body = {}
        self._saved: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def load(self, folder: Path) -> None:
        """Make the memory this process's own, and bring it to a folder.

        Files of the folder that another replica has not seen, since none led in between, stay as they are.

        Args:
            folder: the state folder.

        Raises:
            StateLost: a part of it is missing or damaged, or others write it all the time.
            ClusterUnreachable, ApiError: see kitlib.errors.
        """
        for _ in range(_TRIES):
            try:
                self._found = self._take_over(folder)
                break
            except Conflict:
                continue
        else:
            raise StateLost(f"other replicas write the state of {self._keeping.name} all the time")
        write(folder / HOLDER, self._identity.encode())
        self._saved = {}

    def read(self, folder: Path) -> None:
        """Bring the memory to a folder as it was saved last; whose it is does not change.

        Raises:
            NotFound: no such agent has led yet.
            StateLost: a part of it is missing or damaged.
            ClusterUnreachable, ApiError: see kitlib.errors.
        """
        restore(folder, self._stored(self._keeping.kept(STATE)))

    def save(self, folder: Path) -> None:
        """Bring the folder to the cluster; when this returns, it is there.

        Raises:
            StateLost: another replica took over, there is no room, or no answer; nothing may be changed.
        """
        with self._lock:
            try:
                self._save(folder)
            except (ApiError, ClusterUnreachable) as error:
                raise StateLost(
                    f"what is to be done can't be kept, so it is not done: {error.message}"
                ) from None

    def _save(self, folder: Path) -> None:
        files = collect(folder)
        content = self._content(files)
        try:
            self._found = self._keeping.replace_kept(STATE, self._found, content)
        except Conflict:
            self._found = self._own()
            self._found = self._keeping.replace_kept(STATE, self._found, content)
        self._saved = files

    def changed(self, folder: Path) -> bool:
        """Whether the folder holds anything that was not saved."""
        with self._lock:
            return collect(folder) != self._saved

    def _own(self) -> Body:
        """The ConfigMap as it is now, if it is still this process's: an answer to a save may get lost."""
        found = self._keeping.kept(STATE)
        holder = (found.get("data") or {}).get("holder", "")
        if holder != self._identity:
            raise StateLost(f"replica {holder or 'unknown'} took over the state of {self._keeping.name}")
        return found

    def _take_over(self, folder: Path) -> Body:
        try:
            found = self._keeping.kept(STATE)
        except NotFound:
            return self._keeping.create_kept(STATE, self._content(collect(folder)))
        holder = (found.get("data") or {}).get("holder", "")
        here = folder / HOLDER
        if holder and here.exists() and here.read_text() == holder:
            return self._keeping.replace_kept(STATE, found, self._content(collect(folder)))
        files = self._stored(found)
        marked = {"data": {**found["data"], "holder": self._identity}, "binaryData": found["binaryData"]}
        taken = self._keeping.replace_kept(STATE, found, marked)
        restore(folder, files)
        return taken

    def _stored(self, found: Body) -> dict[str, bytes]:
        try:
            files = _unpacked(found["binaryData"]["files"])
            pieces = int(found["data"]["pieces"])
            audit = [self._keeping.kept(_piece(number))["binaryData"] for number in range(pieces)]
            if pieces:
                whole = [_unpacked(piece["files"])[AUDIT] for piece in audit]
                files[AUDIT] = b"".join([*whole, files.get(AUDIT, b"")])
            return files
        except (KeyError, ValueError, TypeError, OSError, EOFError) as error:
            raise StateLost(f"the state of {self._keeping.name} is damaged: {error}") from None
        except NotFound as error:
            raise StateLost(f"a part of the audit of {self._keeping.name} is gone: {error.message}") from None

    def _content(self, files: dict[str, bytes]) -> dict[str, Any]:
        """The ConfigMap, after the audit's full pieces are in their own."""
        audit = files.get(AUDIT, b"")
        pieces = len(audit) // PIECE
        known = int((self._found.get("data") or {}).get("pieces", 0))
        for number in range(min(known, pieces), pieces):
            self._keep_piece(number, audit[number * PIECE : (number + 1) * PIECE])
        rest = files | ({AUDIT: audit[pieces * PIECE :]} if AUDIT in files else {})
        data = {"holder": self._identity, "pieces": str(pieces)}
        return {"data": data, "binaryData": {"files": _packed(rest)}}

    def _keep_piece(self, number: int, piece: bytes) -> None:
        if number >= MOST_PIECES:
            raise StateLost(
                f"the audit of {self._keeping.name} fills {MOST_PIECES} ConfigMaps, the limit",
                fix="save the audit, and install the agent under another name",
            )
        content = {"immutable": True, "binaryData": {"files": _packed({AUDIT: piece})}}
        try:
            self._keeping.create_kept(_piece(number), content)
        except Conflict:  # an earlier save was cut off behind it, or it is another's
            stored = self._keeping.kept(_piece(number))["binaryData"]["files"]
            if _unpacked(stored)[AUDIT] != piece:
                raise StateLost(f"{_piece(number)} of {self._keeping.name} holds other entries") from None


def suffixes() -> list[str]:
    """What the names of the ConfigMaps end in."""
    return [STATE, *(_piece(number) for number in range(MOST_PIECES))]


def _piece(number: int) -> str:
    return f"audit-{number:02d}"


def _packed(files: dict[str, bytes]) -> str:
    """Files as one text of a ConfigMap's binaryData."""
    plain = json.dumps({name: content.decode() for name, content in files.items()}, ensure_ascii=False)
    packed = gzip.compress(plain.encode(), mtime=0)
    if len(packed) > MOST_BYTES:
        raise StateLost(f"the agent's state has {len(packed)} bytes, and {MOST_BYTES} is the limit")
    return base64.b64encode(packed).decode()


def _unpacked(text: str) -> dict[str, bytes]:
    """The files of such a text.

    Raises:
        ValueError, TypeError, OSError, EOFError: it is none, or a name leads out of the folder.
    """
    found = json.loads(gzip.decompress(base64.b64decode(text, validate=True)))
    for name in found:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or path.as_posix() in (".", HOLDER):
            raise ValueError(f"{name!r} is no file of a state folder")
    return {name: content.encode() for name, content in found.items()}
