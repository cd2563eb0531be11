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
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus, unquote, urlsplit

MARK = "[redacted]"
# Shorter values can't be told from ordinary words, and longer ones are files, whose lines are remembered.
SHORTEST = 4
LONGEST_WHOLE = 64_000
# What such keys of a Secret hold is the name of something, which messages must be able to say.
_NAMES = re.compile(r"^(.*[_.-])?(user|username|database|dbname|db|host|hostname|port|type)$", re.IGNORECASE)
_CREDENTIALS = re.compile(r"(?<=://)[^\s/@'\"\[]+@")

# So many characters of a value in a row give it away, wherever a table or a log cuts the rest off.
PIECE = 16
_OPAQUE = re.compile(r"(?!-----)(?!.*://)\S{16,}")  # no words of a language, no address, no PEM heading
_BREAK = re.compile(r"[ \t]*(?:\r?\n|\\n)[ \t]*")

_known: set[str] = set()
_pieces: set[str] = set()
_pattern: re.Pattern[str] | None = None


def remember(item: Mapping[str, Any]) -> None:
    """Remember the values of a Secret, or of a list of Secrets, as the API server sent it."""
    for secret in item.get("items") or [item]:
        for key, encoded in (secret.get("data") or {}).items():
            try:
                value = base64.b64decode(encoded).decode()
            except UnicodeDecodeError:
                value = str(encoded)  # not text; only its encoded form can be part of one
            except (binascii.Error, TypeError):
                continue  # as the API server never sends it
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
    parts = {part for part in parts if len(part) >= SHORTEST}
    new = {form for part in parts for form in _forms(part) | _encoded(part)} - _known
    if new:
        _known.update(new)
        _pieces.update(piece for part in parts for piece in _pieces_of(part))
        _pattern = re.compile("|".join(map(re.escape, sorted(_known, key=len, reverse=True))))


def redact(text: str) -> str:
    """The text without any remembered value, and without credentials in URLs.

    A value is found plain or encoded, cut off after 16 characters or more, and broken over lines.
    """
    return mask_urls(text if _pattern is None else _without_values(text, _pattern))


def secret_spans(text: str) -> list[tuple[int, int]]:
    """Where remembered values stand in a text, as `redact` finds them; spans may overlap."""
    if _pattern is None:
        return []
    spans = [match.span() for match in _pattern.finditer(text)]
    return [*spans, *_piece_spans(text), *_broken_spans(text, _pattern)]


def holds_secret(value: Any) -> bool:
    """Whether a remembered value stands anywhere in plain data; credentials in a URL alone don't count."""
    if isinstance(value, str):
        return _pattern is not None and _without_values(value, _pattern) != value
    if isinstance(value, Mapping):
        return any(holds_secret(item) for pair in value.items() for item in pair)
    return isinstance(value, list | tuple) and any(map(holds_secret, value))


def redact_tree(value: Any) -> Any:
    """Plain data with every text in it redacted, keys included."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {redact_tree(key): redact_tree(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [redact_tree(item) for item in value]
    return value


def _without_values(text: str, pattern: re.Pattern[str]) -> str:
    text = pattern.sub(MARK, text)
    text = _masked(text, _piece_spans(text))
    return _masked(text, _broken_spans(text, pattern))


def _piece_spans(text: str) -> list[tuple[int, int]]:
    """Where a part of an opaque value stands that is long enough to be told."""
    return [
        (start, start + PIECE)
        for run in re.finditer(rf"\S{{{PIECE},}}", text)
        for start in range(run.start(), run.end() - PIECE + 1)
        if text[start : start + PIECE] in _pieces
    ]


def _broken_spans(text: str, pattern: re.Pattern[str]) -> list[tuple[int, int]]:
    """Where values stand that a line break, real or as `\\n`, goes through."""
    if "\n" not in text and "\\n" not in text:
        return []
    places: list[int] = []  # where each character that is no break stands in the text
    last = 0
    for gap in _BREAK.finditer(text):
        places += range(last, gap.start())
        last = gap.end()
    places += range(last, len(text))
    joined = "".join(text[place] for place in places)
    found = (match.span() for match in pattern.finditer(joined))
    return [(places[start], places[end - 1] + 1) for start, end in found]


def _masked(text: str, spans: list[tuple[int, int]]) -> str:
    """The text with each span replaced, those that touch as one."""
    parts: list[str] = []
    end_of_last = 0
    for start, end in sorted(spans):
        if start >= end_of_last:
            parts += [text[end_of_last:start], MARK]
        elif not parts:
            parts = [text[:start], MARK]
        end_of_last = max(end_of_last, end)
    return "".join([*parts, text[end_of_last:]])


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
    """What a value looks like in a text: itself, in a URL, in JSON, in Python."""
    forms = {value, quote(value, safe=""), quote_plus(value), json.dumps(value)[1:-1], repr(value)[1:-1]}
    return {form for form in forms if len(form) >= SHORTEST}


def _encoded(value: str) -> set[str]:
    """What a value looks like in base64: alone, and inside a longer text at each way it can fall."""
    forms = set()
    raw = value.encode()
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        forms.add(encode(raw).decode().rstrip("="))
        if len(raw) >= 8:
            for shift in (1, 2):
                forms.add(encode(b"\0" * shift + raw).decode().rstrip("=")[4:-2])
            forms.add(encode(raw).decode().rstrip("=")[:-1])
    return {form for form in forms if len(form) >= SHORTEST}


def _pieces_of(value: str) -> Iterator[str]:
    """What is looked for where a value is cut off: of its plain forms only when it holds no words."""
    plain = _forms(value) if _OPAQUE.fullmatch(value) else set()
    for form in plain | _encoded(value):
        for start in range(len(form) - PIECE + 1):
            yield form[start : start + PIECE]
