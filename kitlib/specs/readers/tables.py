"""Tables and lists of a section, read into fields."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from kitlib.specs.markdown import Item, Section, Table, plain
from kitlib.specs.problems import Loc, Place
from kitlib.specs.sheet import Sheet, path
from kitlib.specs.values import text

Parse = Callable[[str], Any]


class Column(NamedTuple):
    """A column: its header, the fields that it gives, its parser, and whether it may be left out."""

    name: str
    fields: str
    parse: Parse = text
    optional: bool = False


def read_table(
    sheet: Sheet, section: Section, columns: Sequence[Column], base: Loc, place: Place, *, keyed: bool = False
) -> None:
    """Read a section's table, one entry of a list per row.

    Args:
        sheet: what takes the values.
        section: where the table is.
        columns: the columns; the first one names its row, and no two rows may have one name.
        base: the list's field.
        place: where the section stands.
        keyed: the field is a mapping, by the first column.
    """
    stray(sheet, section, place, items=True)
    if not section.tables:
        heads = " | ".join(column.name for column in columns)
        sheet.missing(
            [base], place, "table", f"a table with the columns {heads}", f"add the table | {heads} |"
        )
        return
    for extra in section.tables[1:]:
        spot = place.inner("table", extra.header.line)
        sheet.report("spec-duplicate", spot, found="a second table", expected="one", fix="join the two")
    _rows(sheet, section.tables[0], columns, base, place, keyed)


def _rows(
    sheet: Sheet, table: Table, columns: Sequence[Column], base: Loc, place: Place, keyed: bool
) -> None:
    where = _columns(sheet, table, columns, base, place)
    named: dict[str, int] = {}
    for row in table.rows:
        name = plain(row.cells[where.get(columns[0].name, 0)])
        spot = place.inner(name or "a row without a name", row.line)
        if name.lower() in named:
            found = f"{name}, as in line {named[name.lower()]}"
            fix = "keep one of the two"
            sheet.report("spec-duplicate", spot, found=found, expected="one row of a name", fix=fix)
            continue
        loc = (*base, _key(columns[0], name) if keyed else len(named))
        named[name.lower()] = row.line
        _row(sheet, row.cells, columns[1:] if keyed else columns, where, loc, spot)


def _key(column: Column, name: str) -> str:
    try:
        return str(column.parse(name))
    except ValueError:
        return name


def _columns(
    sheet: Sheet, table: Table, columns: Sequence[Column], base: Loc, place: Place
) -> dict[str, int]:
    """Where each column is; unknown and missing ones are reported."""
    heads = [plain(cell) for cell in table.header.cells]
    spots = [place.inner(head or "(no name)", table.header.line) for head in heads]
    where = sheet.names(heads, [column.name for column in columns], spots)
    for column in columns:
        if column.name not in where and not column.optional:
            spot = Place(table.header.line, place.words)
            fix = f"add the column {column.name}"
            locs = [(*base, i, *path(f)) for i in range(len(table.rows)) for f in column.fields.split()]
            sheet.missing(locs, spot, f"column {column.name}", f"a column {column.name}", fix)
    return where


def _row(
    sheet: Sheet,
    cells: Sequence[str],
    columns: Sequence[Column],
    where: dict[str, int],
    loc: Loc,
    spot: Place,
) -> None:
    sheet.places[loc] = spot
    for column in columns:
        position = where.get(column.name)
        if position is not None:
            locs = [loc + path(name) for name in column.fields.split()]
            sheet.read(locs, column.parse, cells[position], spot.inner(column.name, spot.line))


def read_list(
    sheet: Sheet, section: Section, base: Loc, place: Place, parse: Parse = text, *, needed: str = ""
) -> None:
    """Read a section's list into a list of values.

    Args:
        sheet: what takes the values.
        section: where the list is.
        base: the list's field.
        place: where the section stands.
        parse: reads one entry.
        needed: what the list must hold at least one of; empty: it may have no entry.
    """
    stray(sheet, section, place, tables=True)
    if not section.items:
        if needed:
            sheet.missing([base], place, needed, f"a list with {needed}", f"add - {needed}")
        else:
            sheet.put(base, [], place)
    for index, item in enumerate(section.items):
        sheet.read([(*base, index)], parse, item.text, place.inner(str(index + 1), item.line))


def stray(
    sheet: Sheet,
    section: Section,
    place: Place,
    *,
    items: bool = False,
    tables: bool = False,
    sections: bool = True,
) -> None:
    """Report items, tables and sections where none belong."""
    for item in section.items if items else []:
        _unknown(sheet, item, place)
    for table in section.tables if tables else []:
        where = place.inner("table", table.header.line)
        sheet.report("spec-unknown", where, found="a table", expected="a list", fix="make it a list")
    for inner in section.sections if sections else []:
        where = place.inner(inner.title, inner.line)
        sheet.report("spec-unknown", where, found=inner.title, expected="no section", fix="take it out")


def _unknown(sheet: Sheet, item: Item, place: Place) -> None:
    name = item.key or item.text
    where = place.inner(name, item.line)
    sheet.report("spec-unknown", where, found=name, expected="a row of the table", fix="make it a row")
