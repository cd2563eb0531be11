"""Errors of Ruby and PHP, which stand in one line with their place."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kitlib.diagnosis.logs.reading import Line
from kitlib.diagnosis.logs.traces.trace import Frame, Raised, Trace, base, short

_RUBY = re.compile(
    r"^(?P<path>\S+\.rb|\S+/bin/\S+):(?P<line>\d+):in "
    r"[`'](?P<function>[^']*)': (?P<message>.*) \((?P<class>[A-Z][\w:]*)\)$"
)
_FROM = re.compile(r"^\s+(?:\d+: )?from (\S+?):(\d+)(?::in [`']([^']*)')?")
_PHP = re.compile(
    r"PHP (?:Fatal|Parse) error: +(?:Uncaught (?P<class>[\w\\]+): )?(?P<message>.*?) in (?P<path>/\S+?)(?::|"
    r" on line )(?P<line>\d+)"
    r"|^(?:Fatal|Parse) error: (?:Uncaught (?P<class2>[\w\\]+): )?(?P<message2>.*?) in (?P<path2>/\S+?)(?::|"
    r" on line )(?P<line2>\d+)"
)


def ruby(lines: Sequence[Line], start: int) -> Trace | None:
    """The exception of a Ruby program that ends it."""
    match = (
        _RUBY.match(lines[start].text)
        if "':" in lines[start].text[-1000:] or "' " in lines[start].text
        else None
    )
    if not match:
        return None
    frames = [_ruby_frame(match.group("path"), match.group("line"), match.group("function"))]
    index = start + 1
    while index < len(lines) and (caller := _FROM.match(lines[index].text)):
        frames.append(_ruby_frame(*caller.groups()))
        index += 1
    raised = Raised(
        short(match.group("class")), match.group("message"), lines[start], tuple(reversed(frames))
    )
    return Trace(start, index, (raised,))


def php(lines: Sequence[Line], start: int) -> Trace | None:
    """The fatal error of a PHP program."""
    match = " error: " in lines[start].text and _PHP.search(lines[start].text)
    if not match:
        return None
    parts = {key.rstrip("2"): value for key, value in match.groupdict().items() if value}
    frame = Frame(parts["path"], base(parts["path"]), int(parts["line"]))
    raised = Raised(short(parts.get("class", "Error")), parts.get("message", ""), lines[start], (frame,))
    return Trace(start, start + 1, (raised,))


def _ruby_frame(path: str, line: str, function: str | None) -> Frame:
    name = (function or "").split("#")[-1].split(" in ")[-1]
    return Frame(path, base(path), int(line), "" if name in ("<main>", "<top (required)>") else name)
