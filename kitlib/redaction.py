"""Secret values stay in the process that read them.

Every Secret that kitlib reads is remembered here, value by value; `redact` takes those values, and what they
look like when encoded, out of a text. In a runbook's kernel `guard_kernel` puts that between the kernel and
everybody who listens to it, so outputs and tracebacks leave the process clean.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, quote_plus, unquote, urlsplit

MARK = "[redacted]"
# Shorter values can't be told from ordinary words, and longer ones are files, whose lines are remembered.
SHORTEST = 4
LONGEST_WHOLE = 64_000
# What such keys of a Secret hold is the name of something, which messages must be able to say.
_NAMES = re.compile(r"^(.*[_.-])?(user|username|database|dbname|db|host|hostname|port|type)$", re.IGNORECASE)
_CREDENTIALS = re.compile(r"(?<=://)[^\s/@'\"\[]+@")

_known: set[str] = set()
_pattern: re.Pattern[str] | None = None


def remember(item: Mapping[str, Any]) -> None:
    """Remember the values of a Secret, or of a list of Secrets, as the API server sent it."""
    for secret in item.get("items") or [item]:
        for key, encoded in (secret.get("data") or {}).items():
            try:
                value = base64.b64decode(encoded).decode()
            except (binascii.Error, UnicodeDecodeError, TypeError):
                continue  # not text, and so never part of one
            if not _NAMES.match(key):
                remember_value(value)


def remember_value(value: str) -> None:
    """Remember one value: itself, its lines, and the password if it is a URL."""
    global _pattern
    parts = {line.strip() for line in value.splitlines()}
    if len(value) <= LONGEST_WHOLE:
        parts.add(value)
    password = _password(value)
    parts |= {password, unquote(password)}
    new = {form for part in parts if len(part) >= SHORTEST for form in _forms(part)} - _known
    if new:
        _known.update(new)
        _pattern = re.compile("|".join(map(re.escape, sorted(_known, key=len, reverse=True))))


def redact(text: str) -> str:
    """The text without any remembered value, plain or encoded, and without credentials in URLs."""
    if _pattern is not None:
        text = _pattern.sub(MARK, text)
    return mask_urls(text)


def redact_tree(value: Any) -> Any:
    """Plain data with every text in it redacted, keys included."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {redact_tree(key): redact_tree(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [redact_tree(item) for item in value]
    return value


def mask_urls(text: str) -> str:
    """The text with `user:password@` of each URL in it replaced."""
    return _CREDENTIALS.sub("***@", text)


def guard_kernel() -> bool:
    """In a Jupyter kernel: redact all that the kernel sends from now on. False elsewhere."""
    from IPython import get_ipython

    kernel = getattr(get_ipython(), "kernel", None)
    if kernel is None:
        return False
    session = kernel.session
    pack = session.pack
    if not getattr(pack, "redacts", False):

        def packed(message: Any) -> Any:
            return pack(redact_tree(message))

        packed.redacts = True  # type: ignore[attr-defined]
        session.pack = packed
    return True


def _password(value: str) -> str:
    try:
        return urlsplit(value.strip()).password or ""
    except ValueError:
        return ""


def _forms(value: str) -> set[str]:
    forms = {value, quote(value, safe=""), quote_plus(value), json.dumps(value)[1:-1], repr(value)[1:-1]}
    raw = value.encode()
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        forms.add(encode(raw).decode().rstrip("="))
        if len(raw) >= 8:  # inside a longer encoded text, at each of the three ways it can fall
            for shift in (1, 2):
                forms.add(encode(b"\0" * shift + raw).decode().rstrip("=")[4:-2])
            forms.add(encode(raw).decode().rstrip("=")[:-1])
    return {form for form in forms if len(form) >= SHORTEST}
