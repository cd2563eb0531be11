"""From one text to what it says: the first rule that matches, and the fields of its match."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from kitlib.diagnosis.logs.addresses import NOWHERE, address, is_port
from kitlib.diagnosis.logs.patterns import RULES, WORDS, Rule
from kitlib.diagnosis.logs.reading import Line
from kitlib.diagnosis.logs.said import Kind, Said

LONGEST_QUOTE = 300
# Kinds whose text may name the other side of a connection.
REMOTE: frozenset[Kind] = frozenset(
    {
        "host-unresolved", "connection-refused", "connection-timeout", "connection-reset", "auth-failed",
        "database-missing", "too-many-connections", "certificate-expired", "certificate-untrusted",
        "certificate-name", "tls-mismatch", "http-status", "redis-misconf",
    }
)  # fmt: skip
_NAME = re.compile(r"[A-Z][A-Z0-9_]+")
_URL = re.compile(r"https?://[^\s'\"<>]{1,300}")
_IN_FILE = re.compile(r"\bin \"([^\"<]{1,300})\", line \d+")  # PyYAML


def statements(text: str, line: Line, *, traced: bool = False) -> list[Said]:
    """What a text says went wrong: nothing, one thing, or one for each variable of a list.

    Args:
        text: a line, or an exception with its message.
        line: where it stands.
        traced: an exception says it.
    """
    lower = text.lower()
    met = {word for word in WORDS if word in lower}
    for rule in RULES if met else ():
        if not rule.triggers.isdisjoint(met) and (traced or not rule.traced) and (match := rule.match(text)):
            return _said(rule, match, text, line)
    return []


def quote(line: Line, part: str) -> str:
    """The line as read, cut to 300 characters around a part of it."""
    raw = line.raw.strip()
    if len(raw) <= LONGEST_QUOTE:
        return raw
    at = max(raw.find(part[:60].replace('"', '\\"')), raw.find(part[:60]), 0)
    start = max(0, min(at - 100, len(raw) - LONGEST_QUOTE))
    return raw[start : start + LONGEST_QUOTE]


def _said(rule: Rule, match: re.Match[str], text: str, line: Line) -> list[Said]:
    fields: dict[str, Any] = {}
    for name, value in match.groupdict().items():
        if value:
            fields.setdefault(name.rstrip("0123456789"), value)
    fields |= _answer(fields.pop("status", ""), fields.pop("url", "") or _url(text))
    names = _NAME.findall(fields.pop("variables", ""))
    for name in [key for key in fields if key.isupper()]:
        del fields[name]
        names.append(name)
    port = fields.pop("port", None)
    fields["port"] = int(port) if is_port(port) else None
    if "detail" in fields:
        fields["detail"] = fields["detail"].strip().strip("'\"‘’`").rstrip(".,;'\"’`")
    if rule.kind == "config-invalid" and "file" not in fields and (place := _IN_FILE.search(text)):
        fields["file"] = place.group(1)
    said = Said(rule.kind, quote(line, match.group()), line.number, **fields)
    said = with_address(said, text)
    return [replace(said, variable=name) for name in names] or [said]


def _url(text: str) -> str:
    return match.group() if (match := _URL.search(text)) else ""


def _answer(status: str, url: str) -> dict[str, Any]:
    """The fields of an answer of HTTP: its status and URL in the detail, the URL's host and port."""
    if not status:
        return {}
    url = url.strip("'\"()<>,;").rstrip(".:")
    host, port = address(url) if url else NOWHERE
    return {"detail": f"{status} {url}".strip(), "host": host, "port": str(port or "")}


def with_address(said: Said, text: str) -> Said:
    """The statement with the host and port that its text names, where it has none and can have one."""
    if said.kind not in REMOTE or (said.host and said.port):
        return said
    host, port = address(text)
    if not said.host:
        return replace(said, host=host, port=port if said.port is None else said.port)
    return replace(said, port=port) if host == said.host or not host else said
