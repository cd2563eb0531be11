"""Holds an object against a JSON schema as Kubernetes writes them, and names every fault at once.

Kubernetes' published schemas and the structural schemas of CRDs use few keywords. Reading just those is much
faster than a general validator and gives messages with the nearest valid name. Junctors (`allOf`,
`anyOf`, `not`) and CEL rules are left to the API server; `oneOf` is read as a choice between types.
tests/unit/test_external.py holds this against the library jsonschema.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

Path = tuple[str | int, ...]
Schema = Mapping[str, Any]


@dataclass(frozen=True)
class Fault:
    """One place where an object is not what its schema says."""

    path: Path
    found: str
    expected: str
    fix: str


class Validator:
    """Validates against one schema.

    Args:
        schema: the schema of the whole object.
        definitions: what `$ref`s end in, by the last part of their path.
        strict: whether a field that the schema doesn't name is a fault; as with the API server, one that
            stands below `x-kubernetes-preserve-unknown-fields` never is.
    """

    def __init__(self, schema: Schema, definitions: Mapping[str, Schema] | None = None) -> None:
        self.schema = schema
        self.definitions = definitions or {}

    def faults(self, data: Any) -> Iterator[Fault]:
        """Every fault of an object, in the order of its fields."""
        yield from self._value(data, self.schema, ())

    def _value(self, data: Any, schema: Schema, path: Path) -> Iterator[Fault]:
        while "$ref" in schema:
            schema = self.definitions.get(schema["$ref"].rpartition("/")[2], {})
        allowed = _types(schema)
        if allowed and not any(_is(data, name) for name in allowed):
            wanted = " or ".join(name for name in allowed if name != "null")
            yield Fault(path, _shown(data), _article(wanted), _retype(path, data, allowed))
            return
        if isinstance(data, dict):
            yield from self._object(data, schema, path)
        elif isinstance(data, list) and "items" in schema:
            for index, item in enumerate(data):
                yield from self._value(item, schema["items"], (*path, index))
        elif data is not None:
            yield from _scalar(data, schema, path)

    def _object(self, data: dict[str, Any], schema: Schema, path: Path) -> Iterator[Fault]:
        known: Mapping[str, Schema] = schema.get("properties") or {}
        rest = schema.get("additionalProperties", True)
        for name in schema.get("required") or ():
            if name not in data:
                yield Fault(path, f"no {name}", f"the field {name}", f"add {name}: to {_named(path)}")
        for name, value in data.items():
            if name in known:
                yield from self._value(value, known[name], (*path, name))
            elif isinstance(rest, Mapping):
                yield from self._value(value, rest, (*path, name))
            elif rest is False and not schema.get("x-kubernetes-preserve-unknown-fields"):
                yield _unknown(name, known, path)


def _types(schema: Schema) -> tuple[str, ...]:
    if schema.get("x-kubernetes-int-or-string"):
        return ("integer", "string")
    choices = schema.get("oneOf") or (schema,)
    found: list[str] = []
    for choice in choices:
        kind = choice.get("type")
        found += [kind] if isinstance(kind, str) else kind or []
    nullable = ["null"] if schema.get("nullable") else []
    return tuple(dict.fromkeys([*found, *nullable])) if found else ()


def _is(data: Any, name: str) -> bool:
    match name:
        case "object":
            return isinstance(data, dict)
        case "array":
            return isinstance(data, list)
        case "string":
            return isinstance(data, str)
        case "boolean":
            return isinstance(data, bool)
        case "null":
            return data is None
        case "integer":
            whole = isinstance(data, int) or (isinstance(data, float) and data.is_integer())
            return whole and not isinstance(data, bool)
        case "number":
            return isinstance(data, int | float) and not isinstance(data, bool)
    return True


def _scalar(data: Any, schema: Schema, path: Path) -> Iterator[Fault]:
    name = _named(path)
    if (choices := schema.get("enum")) and data not in choices:
        near = get_close_matches(str(data), map(str, choices), n=1)
        fix = f"did you mean {near[0]}?" if near else f"write one of them at {name}"
        yield Fault(path, _shown(data), " or ".join(map(str, choices)), fix)
    if isinstance(data, str):
        if (pattern := schema.get("pattern")) and not _matches(pattern, data):
            yield Fault(path, _shown(data), f"text like {pattern}", f"change {name}")
        yield from _bounds(len(data), schema, "minLength", "maxLength", path, "characters")
    elif isinstance(data, int | float) and not isinstance(data, bool):
        yield from _bounds(data, schema, "minimum", "maximum", path, "")


def _bounds(size: float, schema: Schema, low: str, high: str, path: Path, unit: str) -> Iterator[Fault]:
    for key, word, broken in (
        (low, "at least", size < schema.get(low, size)),
        (high, "at most", size > schema.get(high, size)),
    ):
        if broken:
            yield Fault(
                path,
                f"{size} {unit}".strip(),
                f"{word} {schema[key]} {unit}".strip(),
                f"change {_named(path)}",
            )


def _matches(pattern: str, text: str) -> bool:
    try:
        return re.search(pattern, text) is not None
    except re.error:
        return True  # RE2, which the API server uses, knows classes that Python doesn't


def _unknown(name: str, known: Mapping[str, Schema], path: Path) -> Fault:
    near = _nearest(name, known)
    names = ", ".join(sorted(known)[:12]) + (", …" if len(known) > 12 else "")
    expected = near or (f"one of {names}" if known else "no fields here")
    fix = f"did you mean {near}?" if near else f"remove {name}, or move it to where it belongs"
    return Fault((*path, name), f"the unknown field {'.'.join(map(str, (*path, name)))}", expected, fix)


def _nearest(name: str, known: Mapping[str, Schema]) -> str:
    lower = {key.lower(): key for key in known}
    if match := lower.get(name.lower().replace("_", "").replace("-", "")):
        return match
    near = get_close_matches(name.lower(), lower, n=1, cutoff=0.6)
    return lower[near[0]] if near else ""


def _retype(path: Path, data: Any, allowed: tuple[str, ...]) -> str:
    where = _named(path)
    if "string" in allowed and isinstance(data, bool | int | float):
        return f'put it in quotes: {where}: "{json.dumps(data)}"'
    if isinstance(data, str) and any(_is(_plain(data), name) for name in allowed):
        return f"take the quotes away: {where}: {data}"
    if "array" in allowed and isinstance(data, dict | str):
        return f'begin the entry with "- ": {where} is a list'
    return f"change {where}"


def _plain(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _named(path: Path) -> str:
    return ".".join(map(str, path)) or "the object"


def _article(name: str) -> str:
    words = {"object": "a mapping", "array": "a list", "string": "text", "boolean": "true or false"}
    words |= {"integer": "a whole number", "number": "a number"}
    return " or ".join(words.get(part, part) for part in name.split(" or "))


def _shown(data: Any) -> str:
    text = json.dumps(data, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else f"{text[:77]}…"
