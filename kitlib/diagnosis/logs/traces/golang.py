"""Panics of Go and Rust."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kitlib.diagnosis.logs.reading import Line
from kitlib.diagnosis.logs.traces.trace import Frame, Raised, Trace, base

_PANIC = re.compile(r"(?:^|\s)(?:panic: |fatal error: |http: panic serving \S+: )(.*)$")
_GOROUTINE = re.compile(r"^goroutine \d+")
_CALL = re.compile(r"^(?:created by )?([\w./*()$\[\]·-]+?)(?:\(.*\)| in goroutine \d+)?$")
_PLACE = re.compile(r"^\s+(\S+\.(?:go|s)):(\d+)")
_RUST = re.compile(
    r"thread '[^']*'(?: \(\d+\))? panicked at (?:'(?P<old>.*)', )?(?P<path>[^\s:]+):(?P<line>\d+):\d+:?$"
)
GOROUTINE_WITHIN = 8  # lines between a panic's message and the first goroutine
LONGEST = 400  # lines of one goroutine


def go(lines: Sequence[Line], start: int) -> Trace | None:
    """The panic that begins at an index, with the goroutine that panicked; none: no panic begins there."""
    text = lines[start].text
    match = ("panic" in text or "fatal error" in text) and _PANIC.search(text)
    if not match:
        return None
    found = [
        i
        for i in range(start + 1, min(start + GOROUTINE_WITHIN, len(lines)))
        if _GOROUTINE.match(lines[i].text)
    ]
    if not found:
        return None
    frames, index = _frames(lines, found[0] + 1)
    message = match.group(1).removesuffix(" [recovered]")
    return Trace(start, index, (Raised("panic", message, lines[start], tuple(reversed(frames))),))


def rust(lines: Sequence[Line], start: int) -> Trace | None:
    """The panic of a Rust program that begins at an index."""
    match = "panicked at" in lines[start].text and _RUST.search(lines[start].text)
    if not match:
        return None
    path = match.group("path")
    following = lines[start + 1 : start + 2]
    line = lines[start] if match.group("old") or not following else following[0]
    message = match.group("old") or (line.text if following else "")
    frame = Frame(path, base(path), int(match.group("line")))
    return Trace(start, start + 1 + (line is not lines[start]), (Raised("panic", message, line, (frame,)),))


def _frames(lines: Sequence[Line], index: int) -> tuple[list[Frame], int]:
    """The calls of one goroutine, innermost first, and the index after them."""
    frames: list[Frame] = []
    function, end = "", min(index + LONGEST, len(lines))
    while index < end and lines[index].text.strip():
        text = lines[index].text
        if place := _PLACE.match(text):
            path, line = place.groups()
            frames.append(Frame(path, base(path), int(line), function))
        elif call := _CALL.match(text):
            function = re.sub(r"\.func\d+(?:\.\d+)*$", "", call.group(1)).split("/")[-1].split(".")[-1]
        else:
            break
        index += 1
    return frames, index
