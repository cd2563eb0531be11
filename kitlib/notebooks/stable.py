"""What differs from run to run and means nothing: replaced by a word before outputs are compared."""

from __future__ import annotations

import re
from typing import Any

from kitlib.progress import METADATA

COMPARED = "nbval-check-output"  # nbval's tag: this cell's output is compared
_LETTERS = "[bcdfghjklmnpqrstvwxz2456789]"  # what Kubernetes makes random names of
_OCTET = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"

# In this order: what is longer, and holds others, first.
PATTERNS: dict[str, str] = {
    r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b": "<uid>",
    r"\bsha256:[0-9a-f]{12,64}\b|\b[0-9a-f]{32,64}\b": "<digest>",
    r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?": "<time>",
    r"\b\d\d:\d\d:\d\d(\.\d+)?\b": "<time>",
    r"\b0x[0-9a-f]{6,}\b": "<address>",
    r"\b(lesson|lab)-\d\d\b|\bnb-[a-z0-9-]+-[0-9a-f]{6}\b": "<namespace>",
    rf"(?<![\d.]){_OCTET}(\.{_OCTET}){{3}}(?![\d.])(:\d+)?": "<ip>",
    r"\b(localhost|127\.0\.0\.1):\d{2,5}\b": "<address>",
    rf"(?<=[a-z0-9])-{_LETTERS}{{8,10}}-{_LETTERS}{{5}}\b": "-<hash>-<id>",
    rf"(?<=[a-z0-9])-{_LETTERS}{{8,10}}\b(?!\.)": "-<hash>",
    rf"(?<=[a-z0-9])-{_LETTERS}{{5}}\b(?![.-])": "-<id>",
    r"\b(3[01]\d{3}|32[0-6]\d\d|327[0-5]\d|3276[0-7])\b": "<port>",
    r"(?i)(resourceVersion\W{1,4})\d+": r"\1<version>",
    r"\b(\d+(\.\d+)?) ?(ms|seconds?|minutes?|min)\b": "<time span>",
    r"\b(\d+d)?(\d+h)?(\d+m)?\d+(\.\d+)?s\b|\b(\d+d)?\d+h(\d+m)?\b|\b\d+d\b": "<age>",
    r"(?m)(?<=\s)\d+m$|(?<=>)\d+m(?=</td>)": "<age>",  # the column at the end; elsewhere 50m is CPU
}
_COMPILED = [(re.compile(pattern), word) for pattern, word in PATTERNS.items()]


def text(value: str) -> str:
    """The text with all that changes from run to run replaced."""
    for pattern, word in _COMPILED:
        value = pattern.sub(word, value)
    return value


def outputs(value: Any) -> Any:
    """A cell's outputs, with every text in them as `text` makes it, and without counts and metadata."""
    if isinstance(value, str):
        return text(value)
    if isinstance(value, dict):
        kept = {key: item for key, item in value.items() if key not in ("execution_count", "metadata")}
        return {key: outputs(item) for key, item in kept.items()}
    return [outputs(item) for item in value] if isinstance(value, list) else value


def shown(outputs: list[Any]) -> list[Any]:
    """The outputs without progress and what went to stderr: they tell of the run, not of its result."""
    return [item for item in outputs if item.get("name") != "stderr" and item.get("metadata") != METADATA]


def compared(tags: list[str]) -> bool:
    """Whether a cell with these tags is compared."""
    return COMPARED in tags
