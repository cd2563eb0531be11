"""Reads sections and items into fields, by a description of what there should be."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from kitlib.findings import Findings
from kitlib.specs.markdown import Item, Section, plain
from kitlib.specs.naming import Slip, match
from kitlib.specs.problems import Loc, Place, instead, problem
from kitlib.specs.values import BadValue, text

_PLACEHOLDER = re.compile(r"\[[^\[\]]+\]")


@dataclass(frozen=True)
class Key:
    """An item `- **Name**: value`.

    Args:
        name: as the document has it.
        fields: the model's fields that it gives, with dots, separated by blanks.
        parse: reads the value; gives a tuple when there are several fields.
        optional: it may be left out.
        keys: for an item that holds items instead of a value.
    """

    name: str
    fields: str
    parse: Callable[[str], Any] = text
    optional: bool = False
    keys: tuple[Key, ...] = ()


@dataclass(frozen=True)
class Part:
    """A section.

    Args:
        title: its heading.
        loc: the model's field that its fields belong to; empty: they belong to the section around it.
        keys: its items.
        parts: the sections within it.
        optional: it may be left out.
        read: reads its content instead, where that is a table or a list.
    """

    title: str
    loc: str = ""
    keys: tuple[Key, ...] = ()
    parts: tuple[Part, ...] = ()
    optional: bool = False
    read: Callable[[Sheet, Section, Loc, Place], None] | None = None


@dataclass
class Sheet:
    """What was read of a document: values and where each stands, what could not be read, and why."""

    file: str
    values: dict[Loc, Any] = field(default_factory=dict)
    places: dict[Loc, Place] = field(default_factory=dict)
    failed: set[Loc] = field(default_factory=set)
    findings: Findings = field(default_factory=Findings)

    def put(self, loc: Loc, value: Any, place: Place) -> None:
        """Note a field's value."""
        self.values[loc] = value
        self.places[loc] = place

    def report(self, id: str, place: Place, *, found: str, expected: str, fix: str, why: str = "") -> None:
        """Note an error."""
        where = f"{self.file}:{place.line}"
        self.findings.append(
            problem(id, where, place.words, found=found, expected=expected, fix=fix, why=why)
        )

    def missing(self, locs: Sequence[Loc], place: Place, name: str, expected: str, fix: str) -> None:
        """Note that fields are not there."""
        self.failed |= set(locs)
        self.report("spec-missing", place, found=f"no {name}", expected=expected, fix=fix)

    def read(self, locs: Sequence[Loc], parse: Callable[[str], Any], raw: str, place: Place) -> None:
        """Read a value into one field, or into several."""
        for loc in locs:
            self.places[loc] = place
        if left := _PLACEHOLDER.fullmatch(plain(raw)):
            self.failed |= set(locs)
            why = {"found": left[0], "expected": "a value in its place", "fix": f"fill this in: {left[0]}"}
            self.report("spec-placeholder", place, **why)
            return
        try:
            value = parse(raw)
        except BadValue as error:
            self.failed |= set(locs)
            fix = instead(error.nearest, error.expected)
            self.report("spec-value", place, found=raw or "nothing", expected=error.expected, fix=fix)
            return
        for loc, part in zip(locs, value if len(locs) > 1 else (value,), strict=True):
            self.values[loc] = part

    def names(self, found: Sequence[str], known: Sequence[str], places: Sequence[Place]) -> dict[str, int]:
        """Match the names in a part with the known ones; report what is unknown or there twice.

        Args:
            found: the names.
            known: those that there may be.
            places: where each found one stands.
        """
        matched, slips = match(found, known)
        for slip in slips:
            self._slip(slip, found[slip.index], known, places[slip.index])
        return matched

    def _slip(self, slip: Slip, name: str, known: Sequence[str], place: Place) -> None:
        if slip.sort == "duplicate":
            fix = "keep one of the two"
            self.report("spec-duplicate", place, found=f"{name}, a second time", expected="it once", fix=fix)
            return
        expected = ", ".join(known) or "nothing"
        fix = f"did you mean {slip.nearest}?" if slip.nearest else "take it out"
        self.report("spec-unknown", place, found=name, expected=expected, fix=fix)

    def data(self) -> Any:
        """All values in the model's shape."""
        return _nest(self.values)


def read_part(sheet: Sheet, section: Section, part: Part, base: Loc, place: Place) -> None:
    """Read a section."""
    loc = base + path(part.loc)
    sheet.places.setdefault(loc, place)
    if part.read:
        part.read(sheet, section, loc, place)
        return
    read_items(sheet, section.items, part.keys, loc, place)
    read_parts(sheet, section.sections, part.parts, loc, place)


def read_parts(
    sheet: Sheet, found: Sequence[Section], parts: Sequence[Part], base: Loc, place: Place
) -> None:
    """Read the sections of a section."""
    places = [place.inner(section.title, section.line) for section in found]
    matched = sheet.names([s.title for s in found], [part.title for part in parts], places)
    for part in parts:
        index = matched.get(part.title)
        if index is not None:
            read_part(sheet, found[index], part, base, places[index])
        elif not part.optional:
            expected = f"the section {part.title}"
            locs = [base + path(part.loc)] if part.loc else _locs(part.keys, base)
            sheet.missing(locs, place, f"section {part.title}", expected, f"add the section {part.title}")


def read_items(sheet: Sheet, found: Sequence[Item], keys: Sequence[Key], base: Loc, place: Place) -> None:
    """Read the items of a section, or of an item."""
    named = [item.key or item.text for item in found]
    places = [place.inner(name, item.line) for name, item in zip(named, found, strict=True)]
    matched = sheet.names(named, [key.name for key in keys], places)
    for key in keys:
        index = matched.get(key.name)
        if index is not None:
            _read_item(sheet, found[index], key, base, places[index])
        elif not key.optional:
            fix = f"add - **{key.name}**: …"
            sheet.missing(_locs([key], base), place, key.name, f"an item {key.name}", fix)


def _read_item(sheet: Sheet, item: Item, key: Key, base: Loc, place: Place) -> None:
    if key.keys:
        loc = base + path(key.fields)
        sheet.places[loc] = place
        read_items(sheet, item.items, key.keys, loc, place)
        return
    sheet.read([base + path(name) for name in key.fields.split()], key.parse, item.value, place)
    inner = [place.inner(entry.key or entry.text, entry.line) for entry in item.items]
    sheet.names([entry.key or entry.text for entry in item.items], (), inner)


def path(dotted: str) -> Loc:
    """A field's path from its dotted form."""
    return tuple(dotted.split(".")) if dotted else ()


def _locs(keys: Sequence[Key], base: Loc) -> list[Loc]:
    return [base + path(name) for key in keys for name in key.fields.split()]


def _nest(values: dict[Loc, Any]) -> Any:
    """Mappings and lists from paths; an index that has no value stands for an empty mapping."""
    if () in values:
        return values[()]
    inner: dict[str | int, dict[Loc, Any]] = {}
    for loc, value in values.items():
        inner.setdefault(loc[0], {})[loc[1:]] = value
    if inner and all(isinstance(step, int) for step in inner):
        last = max(step for step in inner if isinstance(step, int))
        return [_nest(inner.get(index, {})) for index in range(last + 1)]
    return {step: _nest(part) for step, part in inner.items()}
