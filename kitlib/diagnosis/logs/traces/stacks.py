"""Traces that list `at …` lines beneath what was thrown: Java, Node.js, .NET."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kitlib.diagnosis.logs.reading import Line
from kitlib.diagnosis.logs.traces.trace import Frame, Raised, Trace, base, short

_AT = re.compile(r"^\s+at \S")
_JAVA = re.compile(
    r"^\s+at (?:[\w.-]+(?:@[\w.-]+)?//?)?([\w.$<>/@-]+)"
    r"\(([\w$-]+\.(?:java|kt|scala|groovy|clj)|Native Method|Unknown Source|<generated>)(?::(\d+))?\)"
)
_NODE = re.compile(
    r"^\s+at (?:async )?(?:(.{1,200}?) (?:\[as [^\]]+\] )?\()?((?:node:|file://|/|[A-Za-z]:\\|"
    r"\.)[^()]*?):(\d+):\d+\)?"
)
_DOTNET = re.compile(r"^\s+at ([\w.<>`\[\]|]+)\(.*?\)(?: in (\S+):line (\d+))?$")
# What was thrown: `Error: x`, `java.io.IOException: x`, `Error [CODE]: x`, `error: x`.
_THROWN = re.compile(
    r"(?:^|[\s\]>:(])((?:[A-Za-z_]\w*[.$])*(?:[A-Z]\w*(?:Error|Exception|Rejection|Throwable|Fault|Failure)|"
    r"Error)|^error)"
    r"(?: \[(\w+)\]| \(\w+\))?(?:: (.*)|\s*\{?$)"
)
_CAUSED = re.compile(r"^\s*(?:Caused by: |\[cause\]: |---> ?|Wrapped by: )")
_MORE = re.compile(r"^\s*\.\.\. \d+ (?:more|common frames)|^\s*Suppressed: |^\s+---? End of|^Emitted '")
_PROPERTY = re.compile(
    r"^\s+\[?(code|errno|syscall|address|port|hostname|host|path|reason|detail|cause)\]?: (.{1,300}?),?$"
)
MESSAGE_LINES = 8  # lines of a message between what was thrown and its first frame
PROPERTY_LINES = 60


def stack(lines: Sequence[Line], start: int) -> Trace | None:
    """The trace whose first thrown line stands at an index; none: no trace begins there."""
    text = lines[start].text
    if _AT.match(text) or not (thrown := _thrown(text)):
        return None
    frames = next(
        (i for i in range(start + 1, min(start + 1 + MESSAGE_LINES, len(lines))) if _ends(lines[i])), None
    )
    if frames is None or any(_thrown(line.text) for line in lines[start + 1 : frames]):
        return None
    if not (_AT.match(lines[frames].text) or _CAUSED.match(lines[frames].text)):
        return None
    parts = [_Part(lines[start], *thrown)]
    end = _follow(lines, start + 1, parts)
    return Trace(start, end, tuple(part.raised() for part in reversed(parts)))


class _Part:
    """An exception while its lines are read."""

    def __init__(self, line: Line, exception: str, message: str) -> None:
        self.line, self.exception, self.message = line, short(exception), [message]
        self.frames: list[Frame] = []

    def raised(self) -> Raised:
        return Raised(self.exception, "\n".join(self.message), self.line, tuple(reversed(self.frames)))


def _follow(lines: Sequence[Line], index: int, parts: list[_Part]) -> int:
    """Read frames, causes and properties into the parts; returns the index after the last."""
    properties = 0
    while index < len(lines):
        line = lines[index]
        text = line.text
        if _CAUSED.match(text) and (thrown := _thrown(_CAUSED.sub("", text))):
            parts.append(_Part(line, *thrown))
        elif _AT.match(text):
            if frame := _frame(text):
                parts[-1].frames.append(frame)
            properties = PROPERTY_LINES if text.endswith("{") else properties
        elif properties and (match := _PROPERTY.match(text)):
            parts[-1].message.append(f"{match.group(1)}: {match.group(2)}")
        elif parts[-1].frames and not properties and not _MORE.match(text):
            break
        elif not parts[-1].frames:
            if not text.strip() or line.level or len(parts[-1].message) > MESSAGE_LINES:
                if not any(_AT.match(later.text) for later in lines[index : index + 3]):
                    break
            elif not _MORE.match(text):
                parts[-1].message.append(text.strip())
        elif properties and text.startswith("}"):
            properties = 0
            index += 1
            break
        properties = max(0, properties - 1)
        index += 1
    return index


def _ends(line: Line) -> bool:
    return bool(
        _AT.match(line.text) or _CAUSED.match(line.text) or (line.level and line.text[:1] not in " \t")
    )


def _thrown(text: str) -> tuple[str, str] | None:
    """Class and message of what a line says was thrown."""
    if "rror" not in text and "xception" not in text and "ejection" not in text and "hrowable" not in text:
        return None
    match = _THROWN.search(text)
    if not match:
        return None
    code = f"[{match.group(2)}] " if match.group(2) else ""
    return match.group(1), code + (match.group(3) or "")


def _frame(text: str) -> Frame | None:
    if match := _NODE.match(text):
        function, path, line = match.groups()
        name = "" if not function or "<anonymous>" in function else function.split(".")[-1]
        return Frame(path.removeprefix("file://"), base(path), int(line), name)
    if match := _JAVA.match(text):
        method, file, line = match.groups()
        return Frame(
            text.split(" ", 1)[-1].strip().removeprefix("at "), file, int(line or 0), method.split(".")[-1]
        )
    if match := _DOTNET.match(text):
        method, path, line = match.groups()
        return Frame(method, base(path or ""), int(line or 0), method.split(".")[-1])
    return None
