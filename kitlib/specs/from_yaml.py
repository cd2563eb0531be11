"""Reads a specification that is written in YAML."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kitlib.documents import YamlDocument, YamlError, parse_yaml
from kitlib.specs.kinds import Kind, by_shape
from kitlib.specs.models.base import SpecModel
from kitlib.specs.problems import Loc, Place, instead
from kitlib.specs.result import Reading, broken, finish, unknown_kind
from kitlib.specs.sheet import Sheet
from kitlib.specs.values import BadValue, written

MOST_VALUES = 20_000


def read_yaml(text: str, file: str) -> Reading[SpecModel]:
    """Read a document; see `kitlib.specs.reading.read`."""
    try:
        documents = parse_yaml(text)
    except YamlError as error:
        return broken(file, min(error.line, _lines(text)), f"not YAML: {error}", "YAML", "correct the line")
    if not documents:
        return unknown_kind(file, 1, "an empty document", None)
    found = by_shape(documents[0].data)
    line = min(documents[0].first_line, _lines(text))
    if found.kind is None:
        return unknown_kind(file, line, _keys(documents[0].data), found.nearest)
    if len(_paths(documents[0].data)) > MOST_VALUES:
        many = f"more than {MOST_VALUES:,} values"
        return broken(file, line, many, "a document that people write", "check that this is the right file")
    sheet = Sheet(file)
    for extra in documents[1:]:
        place = Place(min(extra.first_line, _lines(text)), ())
        sheet.report(
            "spec-duplicate",
            place,
            found="a second document",
            expected="one in a file",
            fix="use a file of its own",
        )
    return _read_document(documents[0], found.kind, sheet, _lines(text))


def _read_document(document: YamlDocument, kind: Kind, sheet: Sheet, lines: int) -> Reading[SpecModel]:
    assert kind.prepare is not None  # as for every kind in YAML
    words = dict(kind.words or {})

    def place(loc: Loc) -> Place:
        names = tuple(words.get(str(step), step) for step in loc)
        path = (*kind.root, *names)
        line = min(document.line(path), lines)
        return Place(line, tuple(str(s + 1) if isinstance(s, int) else s for s in path))

    def fail(loc: Loc, raw: str, error: BadValue) -> None:
        inner = tuple({v: k for k, v in words.items()}.get(str(step), step) for step in loc[len(kind.root) :])
        sheet.failed.add(inner)
        fix = instead(error.nearest, error.expected)
        sheet.report("spec-value", place(inner), found=raw, expected=error.expected, fix=fix)

    data = kind.prepare(document.data, fail)
    _extra_keys(document, kind, sheet, lines)
    for loc in _paths(data):
        sheet.places[loc] = place(loc)
    return finish(sheet, kind, data, place, sheet.failed)


def _extra_keys(document: YamlDocument, kind: Kind, sheet: Sheet, lines: int) -> None:
    """Report the keys beside the one that holds everything."""
    for key in document.data if kind.root else ():
        if key != kind.root[0]:
            place = Place(min(document.line((key,)), lines), (key,))
            expected = f"{kind.root[0]} alone"
            sheet.report("spec-unknown", place, found=key, expected=expected, fix="take it out")


def _paths(data: Any) -> list[Loc]:
    """The paths of all values within some data; stops when there are more than any specification has."""
    found: list[Loc] = []
    waiting: list[tuple[Loc, Any]] = [((), data)]
    while waiting and len(found) <= MOST_VALUES:
        base, value = waiting.pop()
        entries: Iterable[tuple[str | int, Any]] = ()
        if isinstance(value, Mapping):
            entries = value.items()
        elif isinstance(value, list):
            entries = enumerate(value)
        inner = [((*base, key), part) for key, part in entries]
        found += [loc for loc, _ in inner]
        waiting += inner
    return found


def _lines(text: str) -> int:
    """How many lines an editor shows; YAML also counts some rare signs as line ends."""
    return max(1, len(text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n")))


def _keys(data: Any) -> str:
    if isinstance(data, Mapping):
        return "the keys " + ", ".join(list(data)[:8]) if data else "an empty mapping"
    return "a list" if isinstance(data, list) else f"the value {written(data)}"
