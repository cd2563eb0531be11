"""What several lines say together: lists of missing variables, Spring's failure report, an endless wait."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from kitlib.diagnosis.logs.addresses import address
from kitlib.diagnosis.logs.matching import quote
from kitlib.diagnosis.logs.reading import Line
from kitlib.diagnosis.logs.said import Kind, Said

LAST_LINES = 3  # an init container that waits says so again and again, so in its last lines
LONGEST_LIST = 30
_LIST = re.compile(
    r"(?:missing|required|unset|undefined|not set|not present|invalid|following)\b.{0,60}\b(?:env|"
    r"variables?)\b.{0,60}[:{]\s*$",
    re.I,
)
_ITEM = re.compile(r"^[\s\-*•·'\"`{\[]{0,12}([A-Z][A-Z0-9_]{2,100})\b(?![\w=])")
_HELP = re.compile(
    r"^usage: |^(?:[\w -]{1,40} )?(?:usage|flags|options|commands|examples?|arguments):\s*$",
    re.I,
)
_FAILED = "APPLICATION FAILED TO START"  # Spring Boot's FailureAnalysisReporter
_THING = (
    r"(?P<thing>(?:the )?(?:postgres\w*|mysql|mariadb|redis|rabbitmq|kafka|mongo\w*|database|db|broker|"
    r"cache|backend|"
    r"api(?: server)?|host|server|service|dependenc\w+|upstream|queue|migrations?|[\w-]+(?:[.-][\w-]+)+|"
    r"\w+:\d+|\w+))"
)
_WAITS = re.compile(
    rf"\bwait(?:ing|s)?\b.{{0,30}}?\b(?:for|on|until) {_THING}(?P<more>.{{0,80}})"
    rf"|(?P<place>[\w.-]{{1,200}}:\d{{2,5}}) - (?:no response|rejecting connections)"
    rf"|(?P<name>[\w.-]{{1,200}}(?::\d{{2,5}})?) (?:is )?(?:still )?(?:unavailable|not (?:yet )?(?:ready|"
    rf"available|up|reachable))\b.{{0,40}}"
    rf"(?:sleep|wait|retry|again|\.\.\.)",
    re.IGNORECASE,
)
# What a healthy program waits for.
_IDLE = re.compile(
    r"wait\w* (?:for|on|until) (?:\w+ ){0,3}?(?:connections?|requests?|messages?|jobs?|tasks?|events?|work|"
    r"workers?|changes?|signals?|input|"
    r"clients?|shutdown|exit|termination|leader\w*|caches?|informers?|application|next|new|more|incoming|"
    r"process\w*|threads?|"
    r"\d+ ?(?:s|ms|seconds?|minutes?))\b",
    re.IGNORECASE,
)
_NEEDS = re.compile(
    r"\bto (?:be|become|come|start|accept|finish|complete|respond)\b|\.\.|…|:\d{2,5}\b|^\W*$|\bretry|"
    r"\bready\b",
    re.I,
)


def help_texts(lines: Sequence[Line]) -> set[int]:
    """Indexes of the lines in which a program explains its options, perhaps after it was called wrongly."""
    found: set[int] = set()
    inside = False
    for index, line in enumerate(lines):
        if _HELP.match(line.text):
            inside = True
        elif inside and line.text.strip() and (line.level or not line.text[:1].isspace()):
            inside = False
        if inside:
            found.add(index)
    return found


def listed_variables(lines: Sequence[Line]) -> Iterator[tuple[int, Said]]:
    """Variables in the lines beneath a heading such as `Missing environment variables:`."""
    for index, line in enumerate(lines):
        if ("ariable" not in line.text and "env" not in line.text.lower()) or not _LIST.search(line.text):
            continue
        kind: Kind = "variable-invalid" if "invalid" in line.text.lower() else "variable-unset"
        for offset, item in enumerate(lines[index + 1 : index + 1 + LONGEST_LIST], index + 1):
            if not (match := _ITEM.match(item.text)):
                break
            yield offset, Said(kind, quote(item, match.group()), item.number, variable=match.group(1))


def failure_reports(lines: Sequence[Line]) -> Iterator[tuple[int, Said]]:
    """The description in each of Spring's failure reports."""
    for index, line in enumerate(lines):
        if _FAILED not in line.text:
            continue
        after = list(enumerate(lines[index + 1 : index + 12], index + 1))
        start = next((i for i, item in after if item.text.startswith("Description:")), index)
        told = next(((i, item) for i, item in after if i > start and item.text.strip(" *")), None)
        if told:
            detail = told[1].text.strip()[:200]
            yield told[0], Said("uncaught", quote(told[1], detail), told[1].number, detail=detail)


def redis_settings(lines: Sequence[Line]) -> Iterator[tuple[int, Said]]:
    """The directive that a Redis server refuses, between its heading and its reason."""
    for index, line in enumerate(lines):
        if "FATAL CONFIG FILE ERROR" not in line.text:
            continue
        told = next(
            ((i, lines[i]) for i in range(index, min(index + 5, len(lines))) if lines[i].text[:4] == ">>> "),
            None,
        )
        if told is None:
            continue
        directive = told[1].text[4:].strip("'")
        quoted = quote(told[1], directive)
        reason = lines[told[0] + 1].text if told[0] + 1 < len(lines) else ""
        if "Permission denied" in reason:
            file = directive.partition(" ")[2].strip('"')
            yield told[0], Said("permission-denied", quoted, told[1].number, file=file, detail=directive)
        else:
            yield told[0], Said("config-invalid", quoted, told[1].number, detail=directive)


def waiting(lines: Sequence[Line]) -> tuple[int, Said] | None:
    """What a log that ends in waiting waits for."""
    spoken = [index for index, line in enumerate(lines) if line.text.strip()][-LAST_LINES:]
    for index in reversed(spoken):
        line = lines[index]
        if not (match := _WAITS.search(line.text)) or _IDLE.search(line.text):
            continue
        thing = (match.group("thing") or match.group("place") or match.group("name")).removeprefix("the ")
        if match.group("thing") and not _NEEDS.search(match.group("more")) and not re.search(r"[-.:]", thing):
            continue
        host, port = address(line.text)
        named = "-" in thing or "." in thing.strip(".")
        said = Said(
            "startup-waiting", quote(line, match.group()), line.number,
            host=host or (thing if named else ""), port=port, detail="" if host or named else thing,
        )  # fmt: skip
        return index, said
    return None
