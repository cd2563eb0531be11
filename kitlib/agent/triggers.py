"""The conditions of the AI operations specification, each with a source that it is read from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from kitlib.specs.values import nearest

Measure = Literal["crash-loop", "cpu", "memory", "pod-failure", "error-rate", "node-unhealthy"]
Source = Literal["status", "metrics", "prometheus"]

SOURCES: dict[Measure, Source] = {
    "crash-loop": "status",
    "pod-failure": "status",
    "node-unhealthy": "status",
    "cpu": "metrics",
    "memory": "metrics",
    "error-rate": "prometheus",
}
EXAMPLES = (
    "CrashLoopBackOff > 5min",
    "CPU > 90% for 5min",
    "Memory > 85%",
    "Error rate > 5%",
    "Any pod failure",
    "Node unhealthy",
)
_TIME = r"(\d{1,4})\s*(s|sec|seconds?|m|min|minutes?|h|hours?)"
_FOR = rf"(?:\s+for\s+{_TIME})?"
_SHARES: dict[str, Measure] = {"cpu": "cpu", "memory": "memory", "error rate": "error-rate"}
_SECONDS = {"s": 1, "m": 60, "h": 3600}


class UnknownCondition(ValueError):
    """A condition that is none of those that have a source; `nearest` is the valid one most like it."""

    def __init__(self, text: str) -> None:
        super().__init__(f"{text!r} is no condition that the agent can observe")
        self.nearest = nearest(text, EXAMPLES)


@dataclass(frozen=True)
class Trigger:
    """A condition, typed.

    Args:
        text: as it is written.
        measure: what is observed.
        above: for shares: the value that has to be exceeded, 0 to 1.
        window: how long it must hold without a gap; zero: one observation is enough.
    """

    text: str
    measure: Measure
    above: float = 0.0
    window: timedelta = timedelta()

    @property
    def source(self) -> Source:
        """Where it is read from."""
        return SOURCES[self.measure]


def parse(text: str) -> Trigger:
    """Read a condition of the table.

    Raises:
        UnknownCondition: it is none of the known ones.
    """
    plain = " ".join(text.replace("`", "").split())[:200]
    if match := re.fullmatch(rf"CrashLoopBackOff(?:\s*>\s*|\s+for\s+){_TIME}", plain, re.I):
        return Trigger(text, "crash-loop", window=_span(match[1], match[2]))
    if re.fullmatch(r"CrashLoopBackOff", plain, re.I):
        return Trigger(text, "crash-loop")
    share = r"(CPU|Memory|Error rate)\s*>\s*(\d{1,3}(?:\.\d{1,3})?)\s*%"
    if match := re.fullmatch(share + _FOR, plain, re.I):
        window = _span(match[3], match[4]) if match[3] else timedelta()
        return Trigger(text, _SHARES[match[1].lower()], float(match[2]) / 100, window)
    if re.fullmatch(r"Any pod failure|Pod failure", plain, re.I):
        return Trigger(text, "pod-failure")
    if match := re.fullmatch(rf"Node unhealthy{_FOR}", plain, re.I):
        window = _span(match[1], match[2]) if match[1] else timedelta()
        return Trigger(text, "node-unhealthy", window=window)
    raise UnknownCondition(text)


def _span(number: str, unit: str) -> timedelta:
    return timedelta(seconds=int(number) * _SECONDS[unit[0].lower()])
