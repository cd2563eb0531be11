"""Files that only this user can read."""

from __future__ import annotations

import hmac
import json
import os
import secrets
from contextlib import suppress
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

HASH_DIGITS = 32


def write_private(path: Path, data: Any) -> None:
    """Write plain data as JSON, whole or not at all, with mode 0600."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with open(temporary, "w", encoding="utf-8", opener=_private) as file:
            json.dump(data, file, indent=1, ensure_ascii=False)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def read_private(path: Path) -> dict[str, Any] | None:
    """What `write_private` wrote; None when there is none, or it is damaged."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return data if isinstance(data, dict) else None


def keep_newest(folder: Path, count: int) -> None:
    """Remove all JSON files of a folder but the newest ones."""
    files = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in files[count:]:
        path.unlink(missing_ok=True)


def keyed_hash(folder: Path, text: str) -> str:
    """A name for a text, the same on this installation only, with no way back to it.

    Args:
        folder: where the key is kept; it is made at the first call, with mode 0600.
        text: the text, however easy to guess: without the key nobody can try.
    """
    return hmac.new(_key(folder), text.encode(), sha256).hexdigest()[:HASH_DIGITS]


@lru_cache(maxsize=8)
def _key(folder: Path) -> bytes:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / "placeholder.key"
    temporary = folder / f".key.{secrets.token_hex(4)}"
    if not path.exists():
        with open(temporary, "wb", opener=_private) as file:
            file.write(secrets.token_bytes(32))
        with suppress(FileExistsError):
            os.link(temporary, path)  # whole at once, and never over one that another process made
        temporary.unlink()
    return path.read_bytes()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
