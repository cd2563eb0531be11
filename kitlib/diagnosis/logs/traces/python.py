"""Python's tracebacks (traceback.print_exception; PEP 654 for exception groups)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from kitlib.diagnosis.logs.reading import Line
from kitlib.diagnosis.logs.traces.trace import Frame, Raised, Trace, base, short

_HEADER = re.compile(r"(?:^|\W)(?:Exception Group )?Traceback \(most recent call last\):$")
_FRAME = re.compile(r'^\s+File "([^"]+)", line (\d+)(?:, in (.+))?$')
_RAISED = re.compile(r"^((?:[A-Za-z_]\w*\.)*[A-Za-z_]\w*)(?:: (.*))?$")
_LINK = re.compile(r"^(?:The above exception was the direct cause|During handling of the above exception)")
_MARGIN = re.compile(r"^\s*\|\s|^ *\+[-+]+ \d+ -+$|^\s*\+ (?=Exception Group)|^\s*\+-+$")
_FIRST_OF_GROUP = re.compile(r"^\s*\+-\+-+ 1 -+$")
_GROUP = re.compile(r"^(?:Base)?ExceptionGroup$")
LONGEST = 2000  # lines of one exception; Python itself shortens repeated frames
MESSAGE_LINES = 60  # a settings class with many fields says much


def python(lines: Sequence[Line], start: int) -> Trace | None:
    """The traceback that begins at an index; its chain is empty if it was cut off."""
    text = lines[start].text
    if not ("Traceback" in text and _HEADER.search(text)) and not _FRAME.match(text):
        return None
    chain: list[Raised] = []
    index = start
    while index < len(lines):
        raised, index = _raised(lines, index)
        if raised is None:
            break
        chain.append(raised)
        if index < len(lines) and _FIRST_OF_GROUP.match(lines[index].text):
            continue  # the group only holds what was raised
        link = next(
            (i for i in range(index, min(index + 8, len(lines))) if _LINK.match(_plain(lines[i]))), None
        )
        if link is None:
            break
        index = link + 1
    kept = [item for item in chain if not _GROUP.match(item.exception)] or chain
    return Trace(start, max(index, start + 1), tuple(kept))


def _raised(lines: Sequence[Line], start: int) -> tuple[Raised | None, int]:
    """One exception with its frames, and the index after it; none: its end is not there."""
    frames: list[Frame] = []
    begun = False
    for index in range(start, min(len(lines), start + LONGEST)):
        text = _plain(lines[index])
        if frame := _FRAME.match(text):
            path, line, function = frame.groups()
            name = "" if not function or function[0] == "<" else function
            frames.append(Frame(path, base(path), int(line), name))
        elif frames and text.startswith("    ") and not frames[-1].source:
            frames[-1] = replace(frames[-1], source=text.strip())
        elif text[:1] in ("", " ", "\t"):
            continue
        elif _HEADER.search(text) and not begun:
            begun = True
        elif not _HEADER.search(text) and (match := _RAISED.match(text)):
            message = "\n".join([match.group(2) or "", *_more(lines, index + 1)])
            return Raised(short(match.group(1)), message, lines[index], tuple(frames)), index + 1
        elif frames or begun:
            return None, index  # another program's line: the traceback was cut off
    return None, min(len(lines), start + LONGEST)


def _more(lines: Sequence[Line], start: int) -> list[str]:
    """The further lines of a message: up to an empty one, a levelled one or the next traceback."""
    more = []
    for line in lines[start : start + MESSAGE_LINES]:
        text = _plain(line)
        if not text.strip() or line.level or _HEADER.search(text):
            break
        more.append(text)
    return more


def _plain(line: Line) -> str:
    """The text without the margin that an exception group draws."""
    text = line.text
    while "|" in text[:12] or "+" in text[:12]:
        stripped = _MARGIN.sub("", text, count=1)
        if stripped == text:
            break
        text = stripped
    return text
