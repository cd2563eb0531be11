"""From a log's text to its lines: numbered, levelled, unwrapped from JSON and logfmt, cut to a length."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kitlib.diagnosis.logs.levels import Level, level, named

LONGEST = 2000  # characters of a line that are looked at
LONGEST_RECORD = 65_536  # of a line that may be a JSON record with a stack trace in it
DEEPEST = 3  # how far an error object in a record is followed

_ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
# What `kubectl logs --prefix --timestamps` and `docker compose logs` put before a line.
_PREFIX = re.compile(
    r"^(?:\[pod/[^\]]{1,200}\] |[\w.-]{1,80} +\| )?(?:\d{4}-\d\d-\d\dT[\d:]{8}[.,\d]*(?:Z|[+-]\d\d:?\d\d) )?"
)
_MESSAGES = ("message", "msg", "event", "log", "text", "@m", "@mt", "Message", "short_message", "textPayload")
_ERRORS = (
    "error", "err", "error.message", "error_message", "exception", "Exception", "@x", "reason", "cause",
    "exc_info", "exc_text", "stack_trace", "stacktrace", "stack", "traceback", "error.stack_trace",
)  # fmt: skip
_LEVELS = ("level", "severity", "levelname", "lvl", "log.level", "LogLevel", "@l", "loglevel")
_CONTEXT = ("addr", "address", "url", "port", "path", "file", "variable", "database")
_LOGFMT = re.compile(r"(?:^|\s)(?:level|lvl|msg|err|error)=")


@dataclass(frozen=True)
class Line:
    """One line of a log, or one line of a text inside a record.

    Args:
        number: of the line in the given text, from 1.
        raw: the line as read.
        text: what it says, without prefix and wrapping.
        level: how grave it says it is; empty: it doesn't say.
    """

    number: int
    raw: str
    text: str
    level: Level


def lines(text: str) -> list[Line]:
    """The lines of a log. A record with a stack trace becomes several, all with the record's number."""
    found: list[Line] = []
    for number, raw in enumerate(text.split("\n"), 1):
        found += _unwrapped(number, raw[:LONGEST_RECORD].rstrip("\r"))
    return found


def _unwrapped(number: int, raw: str) -> Iterator[Line]:
    if "\x1b" in raw:
        raw = _ESCAPES.sub("", raw)
    body = raw[_PREFIX.match(raw).end() :] if raw[:1].isdigit() or " | " in raw or raw[:5] == "[pod/" else raw  # type: ignore[union-attr]
    start = body.find("{", 0, 400)
    if start >= 0 and body.rstrip().endswith("}") and (record := _record(body[start:])):
        said = named(next((record[key] for key in _LEVELS if key in record), "")) or level(body[:start])
        yield from (Line(number, raw, _cut(body[:start] + text), said) for text in _texts(record))
    elif '\\"' in body or _LOGFMT.search(body[:LONGEST]):
        said = level(body)
        for text in _cut(body).replace('\\"', '"').replace("\\t", "\t").split("\\n"):
            yield Line(number, raw, text, said)
    else:
        yield Line(number, raw, _cut(body), level(body) if body[:1] not in (" ", "\t") else "")


def _record(text: str) -> dict[str, Any] | None:
    """The JSON object that a line is; none: it is another text."""
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return None
    known = isinstance(record, dict) and any(key in record for key in (*_MESSAGES, *_ERRORS))
    return record if known else None


def _texts(record: dict[str, Any]) -> list[str]:
    """What a record says: its message with its short error in one line, then the lines of long ones."""
    head = next((str(record[key]) for key in _MESSAGES if record.get(key)), "").split("\n")
    errors = [part for key in _ERRORS if key in record for part in _parts(record[key])]
    short = [part for part in errors if "\n" not in part and part not in head[0]]
    context = [f"{key}={record[key]}" for key in _CONTEXT if isinstance(record.get(key), str | int)]
    first = " ".join([": ".join([head[0], *short]), *context])
    return [first, *head[1:], *(line for part in errors if "\n" in part for line in part.split("\n"))]


def _parts(value: Any, depth: int = 0) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict) and depth < DEEPEST:
        if value.get("exc_type"):  # structlog's dict_tracebacks
            yield f"{value['exc_type']}: {value.get('exc_value', '')}"
        code = f" code: '{value['code']}'" if isinstance(value.get("code"), str) else ""
        for key in ("stack", "stack_trace", "stackTrace", "message", "msg", "error", "cause", "detail"):
            for part in _parts(value.get(key), depth + 1):
                yield part if "\n" in part else part + code
    elif isinstance(value, list) and depth < DEEPEST:
        for item in value[:5]:
            yield from _parts(item, depth + 1)


def _cut(text: str) -> str:
    """A line's beginning and end: messages end with their cause."""
    if len(text) <= LONGEST:
        return text
    return text[: LONGEST - 500] + " … " + text[-500:]
