"""How grave a log line says it is."""

from __future__ import annotations

import re
from typing import Any, Literal

Level = Literal["", "debug", "info", "warning", "error", "fatal"]

_NAMES: dict[str, Level] = {
    "trace": "debug", "trce": "debug", "debug": "debug", "dbug": "debug", "dbg": "debug", "finest": "debug",
    "finer": "debug", "fine": "debug", "verbose": "debug", "config": "info", "info": "info",
    "information": "info", "inf": "info", "notice": "info", "log": "info", "detail": "info", "hint": "info",
    "statement": "info", "context": "info", "warn": "warning", "warning": "warning", "wrn": "warning",
    "error": "error", "err": "error", "fail": "error", "severe": "error", "fatal": "fatal", "ftl": "fatal",
    "critical": "fatal", "crit": "fatal", "panic": "fatal", "dpanic": "fatal", "alert": "fatal",
    "emerg": "fatal", "emergency": "fatal",
}  # fmt: skip
HEAD = 160  # a level stands in a line's first characters, after time, logger and process

# Redis: `1:M 26 Nov 2026 18:10:19.579 * text`; the mark is . - * # from debug to warning (redis.conf).
_REDIS = re.compile(r"^\d+:[A-Z] \d\d \w{3} \d{4} [\d:.]+ ([.*#-]) ")
_KLOG = re.compile(r"^([IWEF])\d{4} \d\d:\d\d:\d\d\.\d+ ")  # I1126 18:20:31.853149 (klog's header)
_RUBY = re.compile(r"^([DIWEFA]), \[")
_LETTERS: dict[str, Level] = {"D": "debug", "I": "info", "W": "warning", "E": "error", "F": "fatal", "A": ""}
_FIELD = re.compile(r"\b(?:level|lvl|severity)=\"?(\w+)", re.IGNORECASE)
_BRACKET = re.compile(r"[\[(<|] ?([A-Za-z]{3,11})(?:/[\w-]+)? ?[\])>|]")
_CAPITALS = re.compile(
    r"(?<![\w'\"./=-])(TRACE|DEBUG|FINE|INFO|NOTICE|LOG|DETAIL|HINT|STATEMENT|CONTEXT|WARN|WARNING|ERROR|"
    r"FATAL|SEVERE|"
    r"CRITICAL|PANIC|EMERG|ALERT)(?![\w'\"./=-])"
)
_WORD = re.compile(r"(?<![\w.])[a-z]{2,}(?![\w.])")
WORDS_BEFORE = 2  # more words before a level's name are a sentence that mentions it
_START = re.compile(
    r"^(?:\S+: )?(trce|dbug|debug|info|notice|warn|warning|error|fail|fatal|crit|critical): ", re.IGNORECASE
)


# PostgreSQL logs at LOG and HINT why it can't listen, before it gives up (its severities: config-logging).
_NOT_ONLY_INFO = re.compile(r"(?:LOG|HINT): +(?:could not bind|Is another postmaster)")


def level(text: str) -> Level:
    """The level that a line of a plain log states; empty: none that can be told."""
    head = text[:HEAD]
    if match := _REDIS.match(head):
        return "" if match.group(1) == "#" else "info"
    if match := _KLOG.match(head) or _RUBY.match(head):
        return _LETTERS[match.group(1)]
    if match := _FIELD.search(head):
        return named(match.group(1))
    for match in _BRACKET.finditer(head):
        if found := named(match.group(1)):
            return found
    if _NOT_ONLY_INFO.search(head):
        return "error"
    match = _CAPITALS.search(head)
    if match and len(_WORD.findall(head[: match.start()])) > WORDS_BEFORE:
        match = None
    match = match or _START.match(head)
    return named(match.group(1)) if match else ""


def named(value: Any) -> Level:
    """The level of a structured record: a name, or a number of pino (10 to 60) or syslog (0 to 7)."""
    if isinstance(value, str) and not value.isdigit():
        return _NAMES.get(value.lower(), "")
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        return ""
    if number < 8:
        return ("fatal", "fatal", "fatal", "error", "warning", "info", "info", "debug")[max(number, 0)]
    return "fatal" if number >= 60 else "error" if number >= 50 else "warning" if number >= 40 else "info"
