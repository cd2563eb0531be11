"""All of a log put together: each cause once, the most decisive first."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace

from kitlib.diagnosis.logs.blocks import (
    failure_reports,
    help_texts,
    listed_variables,
    redis_settings,
    waiting,
)
from kitlib.diagnosis.logs.healthy import harmless, recovered, tolerated
from kitlib.diagnosis.logs.levels import Level
from kitlib.diagnosis.logs.matching import REMOTE, quote, statements, with_address
from kitlib.diagnosis.logs.raised import explain
from kitlib.diagnosis.logs.reading import Line, lines
from kitlib.diagnosis.logs.said import Kind, Said
from kitlib.diagnosis.logs.traces import Trace, traces

_WEIGHTS: dict[Level, int] = {"fatal": 3, "error": 2, "": 2, "warning": 1, "info": 0, "debug": 0}
# What only tells that something is wrong stands behind what tells what.
_VAGUE: dict[Kind, int] = {"startup-waiting": 1, "http-status": 1, "connection-reset": 1, "uncaught": 2}
LAST_LINES = 3  # an error is why a program ended, if it is among these
_ERROR = re.compile(r"^(?:[\w./-]{1,60}: )?(?:fatal )?error: \S", re.IGNORECASE)
ADDRESSES_SOUGHT = (
    5  # failures without an address whose lines before are searched for one; a retry loop repeats them
)
_PLACED: frozenset[Kind] = frozenset({"uncaught", "arithmetic"})  # these differ by their place


_SEVERITY = re.compile(
    r"(?:FATAL|CRITICAL|PANIC|EMERG|ALERT|fatal|critical|crit|panic|emerg|alert|"
    r"[Ee]rror)\b[\s:\]/\w-]{0,40}?[:\]\s]\s*"
)
_DETAIL = re.compile(r"\bDETAIL: +(.{1,200})")
_TRIES = re.compile(r"\bconnecting to\b|\btrying to connect\b|\bconnect to\b", re.IGNORECASE)


@dataclass(frozen=True)
class _Heard:
    """A statement, the index of the last line that makes it, and how grave that is."""

    said: Said
    index: int
    weight: int


def understand(text: str) -> list[Said]:
    """What a container's log says went wrong.

    Args:
        text: the log, or the end of it, as the container wrote it. It is only read, never followed.

    Returns:
        The causes, most decisive first, each once; empty for a healthy log.
    """
    read = lines(text)
    found = traces(read)
    heard = [*_from_traces(read, found), *_from_lines(read, found), *_from_blocks(read)]
    causes = [item for item in _once(heard) if item.weight == 3 or not recovered(read, item.index, item.said)]
    if not any(item.weight for item in causes):
        causes = [*causes, *_fatal_lines(read)]
    return [item.said for item in sorted(causes, key=_rank)]


def _rank(item: _Heard) -> tuple[int, int, int]:
    return _VAGUE.get(item.said.kind, 0), -item.weight, item.said.line


def _from_traces(read: Sequence[Line], found: Sequence[Trace]) -> Iterator[_Heard]:
    for trace in found:
        level = _level(read, trace)
        if level in ("debug", "info"):
            continue
        for said in explain(trace):
            if not (level == "warning" and tolerated(replace(read[trace.start], level=level), said)):
                yield _Heard(said, trace.end - 1, _WEIGHTS[level])


def _level(read: Sequence[Line], trace: Trace) -> Level:
    """How grave a trace is: a record says so itself; else the line before it does, if the program went on."""
    own = read[trace.start].level
    if own:
        return own
    if not any(line.level or line.text[:1].isdigit() for line in read[trace.end :]):
        return "fatal"  # the last thing the program said
    before = read[trace.start - 1].level if trace.start else ""
    return before if before in ("debug", "warning", "fatal") else "error"


def _from_lines(read: Sequence[Line], found: Sequence[Trace]) -> Iterator[_Heard]:
    passed = {index for trace in found for index in range(trace.start, trace.end)} | help_texts(read)
    known: dict[tuple[str, str], list[Said]] = {}
    without_host: Counter[Kind] = Counter()
    for index, line in enumerate(read):
        if index in passed or not line.text:
            continue
        key = (line.text, line.level)
        if key not in known:
            known[key] = _of_line(line)
        for said in known[key]:
            if said.kind in REMOTE and not said.host and without_host[said.kind] < ADDRESSES_SOUGHT:
                without_host[said.kind] += 1
                said = _from_before(said, read[max(0, index - 2) : index])
            yield _Heard(said, index, _WEIGHTS[line.level])


def _of_line(line: Line) -> list[Said]:
    if line.level in ("debug", "info"):
        return []
    found = [said for said in statements(line.text, line) if not tolerated(line, said)]
    return [] if found and harmless(line) else found


def _from_before(said: Said, before: Sequence[Line]) -> Said:
    """The statement with the address that the lines before it tried to connect to."""
    tried = next((line for line in reversed(before) if _TRIES.search(line.text)), None)
    return with_address(said, tried.text) if tried else said


def _from_blocks(read: Sequence[Line]) -> Iterator[_Heard]:
    for index, said in (*listed_variables(read), *redis_settings(read)):
        yield _Heard(said, index, 2)
    if wait := waiting(read):
        yield _Heard(wait[1], wait[0], 2)


def _fatal_lines(read: Sequence[Line]) -> list[_Heard]:
    """When nothing else was understood: reports of failure, and what the program itself calls fatal."""
    reports = [_Heard(said, index, 3) for index, said in failure_reports(read)]
    for index, line in enumerate(read if not reports else ()):
        last = index >= len(read) - LAST_LINES and _ERROR.match(line.text)
        if (line.level == "fatal" or last) and not harmless(line):
            detail = _SEVERITY.split(line.text, maxsplit=1)[-1].strip()
            if index + 1 < len(read) and (more := _DETAIL.search(read[index + 1].text)):
                detail = f"{detail}: {more.group(1)}"
            text = quote(line, detail)
            reports.append(_Heard(Said("uncaught", text, line.number, detail=detail[:200]), index, 3))
    return _once(reports)


def _once(heard: Sequence[_Heard]) -> list[_Heard]:
    """Statements that agree are one: with all their fields, the line that says most, the greatest weight."""
    kept: list[_Heard] = []
    for item in sorted(_distinct(heard), key=lambda item: (-_told(item.said), item.said.line)):
        same = next((i for i, other in enumerate(kept) if _agree(item.said, other.said)), None)
        if same is None:
            kept.append(item)
        else:
            other = kept[same]
            said = _joined(other.said, item.said)
            kept[same] = _Heard(said, max(item.index, other.index), max(item.weight, other.weight))
    return kept


def _distinct(heard: Sequence[_Heard]) -> list[_Heard]:
    """The first of the statements that differ only in their line; retry loops repeat themselves."""
    first: dict[Said, _Heard] = {}
    for item in heard:
        key = replace(item.said, text="", line=0)
        old = first.setdefault(key, item)
        first[key] = _Heard(old.said, max(old.index, item.index), max(old.weight, item.weight))
    return list(first.values())


def _identity(said: Said) -> list[str]:
    placed = said.kind in _PLACED
    free = {"kind", "text", "line"} | (set() if placed else {"exception", "where"})
    return [field.name for field in fields(said) if field.name not in free]


def _told(said: Said) -> int:
    return sum(getattr(said, name) not in ("", None) for name in _identity(said))


def _agree(said: Said, other: Said) -> bool:
    if said.kind != other.kind:
        return False
    pairs = [(getattr(said, name), getattr(other, name)) for name in _identity(said)]
    return all(a == b for a, b in pairs if a not in ("", None) and b not in ("", None))


def _joined(said: Said, other: Said) -> Said:
    empty = [field.name for field in fields(said) if getattr(said, field.name) in ("", None)]
    return replace(said, **{name: getattr(other, name) for name in empty})
