"""Reads a specification that is written in Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kitlib.specs.kinds import Kind, by_title
from kitlib.specs.markdown import Section, parse
from kitlib.specs.models.base import SpecModel
from kitlib.specs.problems import Loc, Place
from kitlib.specs.readers import local_cluster
from kitlib.specs.result import Reading, finish, unknown_kind
from kitlib.specs.sheet import Sheet, read_parts


def read_markdown(text: str, file: str) -> Reading[SpecModel]:
    """Read a document; see `kitlib.specs.reading.read`."""
    document = parse(text)
    sheet = Sheet(file)
    heads = [section for section in document.root.sections if section.level == 1]
    if not heads:
        return unknown_kind(file, 1, "no heading with one #", None)
    first = heads[0]
    found = by_title(first.title)
    if found.kind is None:
        return unknown_kind(file, first.line, first.title, found.nearest)
    place = Place(first.line, ())
    if not found.exact:
        expected = found.kind.title
        sheet.report(
            "spec-unknown", place, found=first.title, expected=expected, fix=f"did you mean {expected}?"
        )
    if document.unclosed:
        spot = Place(document.unclosed, ("code fence",))
        expected = "a line ``` that closes it"
        sheet.report(
            "spec-syntax", spot, found="a fence that is not closed", expected=expected, fix="close it"
        )
    for other in heads[1:]:
        spot = Place(other.line, (other.title,))
        sheet.report(
            "spec-unknown", spot, found=other.title, expected="one title", fix="use ## or a file of its own"
        )
    _fill(sheet, found.kind, first, found.name)
    locate = _Locator(sheet.places, place)
    data = sheet.data() if sheet.values else {}
    return finish(sheet, found.kind, data, locate, sheet.failed)


def _fill(sheet: Sheet, kind: Kind, top: Section, name: str) -> None:
    assert kind.parts is not None  # as for every kind in Markdown
    place = Place(top.line, ())
    if kind.name == "local-cluster":
        local_cluster.provider(sheet, top.sections)
    read_parts(sheet, top.sections, kind.parts(top.sections), (), place)
    for item in top.items:
        spot = Place(item.line, (item.key or item.text,))
        fix = "put it under its heading"
        sheet.report("spec-unknown", spot, found=item.text, expected="sections", fix=fix)
    if kind.named:
        kind.named(sheet, top, name)


@dataclass(frozen=True)
class _Locator:
    places: Mapping[Loc, Place]
    top: Place

    def __call__(self, loc: Loc) -> Place:
        for length in range(len(loc), 0, -1):
            if found := self.places.get(loc[:length]):
                return found
        return self.top
