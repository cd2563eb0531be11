"""Prepares the specifications in YAML: their short forms become what the models hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kitlib.specs import phrases, values
from kitlib.specs.problems import Loc
from kitlib.specs.values import BadValue

Fail = Callable[[Loc, str, BadValue], None]
"""Called with the path in the document, what was found, and what is wrong with it."""


def communication(data: Any, fail: Fail) -> Any:
    """`broker: Redis/RabbitMQ` becomes a list; `retry: 3x with exponential backoff` a number and a way."""
    if not isinstance(data, Mapping) or not isinstance(data.get("communication"), Mapping):
        return data.get("communication") if isinstance(data, Mapping) else data
    found = dict(data["communication"])
    for group in ("synchronous", "asynchronous"):
        if isinstance(found.get(group), list):
            found[group] = [
                _pattern(entry, ("communication", group, index), fail)
                for index, entry in enumerate(found[group])
            ]
    return found


def _pattern(entry: Any, loc: Loc, fail: Fail) -> Any:
    if not isinstance(entry, Mapping):
        return entry
    found = dict(entry)
    if isinstance(found.get("retry"), (str, int)) and not isinstance(found["retry"], bool):
        _take(found, "retry", phrases.retry, loc, fail)
    if "broker" in found:
        if isinstance(found["broker"], str):
            _take(found, "broker", values.listed, loc, fail)
        found["brokers"] = found.pop("broker")
    return found


def build(data: Any, fail: Fail) -> Any:
    """`severity: HIGH,CRITICAL` becomes a list; a version that isn't quoted, text."""
    if not isinstance(data, Mapping):
        return data
    found = dict(data)
    if isinstance(found.get("version"), float):
        found["version"] = str(found["version"])
    scanning = found.get("scanning")
    if isinstance(scanning, Mapping) and isinstance(scanning.get("severity"), str):
        inner = dict(scanning)
        _take(inner, "severity", values.listed, ("scanning",), fail)
        found["scanning"] = inner
    return found


def agent(data: Any, fail: Fail) -> Any:
    """Nothing is short here."""
    return data


def _take(found: dict[str, Any], name: str, parse: Callable[[str], Any], loc: Loc, fail: Fail) -> None:
    raw = values.written(found[name])
    try:
        found[name] = parse(raw)
    except BadValue as error:
        fail((*loc, name), raw, error)
