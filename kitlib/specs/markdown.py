"""Markdown as a tree of sections, items and tables, each with the line where it stands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from markdown_it.token import Token

_KEY = re.compile(r"^\*\*(?P<bold>[^*]{1,80}?)\s*(:\s*\*\*|\*\*\s*:)\s*(?P<value>.*)$", re.DOTALL)
_PLAIN_KEY = re.compile(r"^(?P<bold>[A-Za-z][\w /-]{0,40}?)\s*:(\s+(?P<value>.*))?$", re.DOTALL)
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(?=[\w.-]+[ \t]*:)(.*\n)*?(---|\.\.\.)[ \t]*(\n|\Z)")
_WIDE_BULLET = re.compile(r"^([ \t]*[-*+])[ \t]{2,}(?=\S)", re.MULTILINE)
_BREAKS = {"softbreak": " ", "hardbreak": " "}


@dataclass(frozen=True)
class Item:
    """An entry of a list.

    Args:
        line: where it starts, counted from 1.
        text: all of it in one line; code keeps its backticks, nothing else keeps its marks.
        key: what stands in `**Key**: value` before the colon; empty where there is none.
        value: what stands behind the colon, else the text.
        numbered: whether the list is a numbered one.
        items: the entries of the list within it.
    """

    line: int
    text: str
    key: str
    value: str
    numbered: bool
    items: tuple[Item, ...] = ()


@dataclass(frozen=True)
class Row:
    """A row of a table; its cells as text."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table; `header` is its first row."""

    header: Row
    rows: tuple[Row, ...]


@dataclass
class Section:
    """A heading and what stands under it; the root has no title and level 0."""

    line: int
    level: int
    title: str
    items: list[Item] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    prose: list[Row] = field(default_factory=list)
    fences: list[Row] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)


@dataclass(frozen=True)
class Document:
    """A document; `unclosed` is the line of a code fence that is never closed, and so swallows the rest."""

    root: Section
    unclosed: int | None = None


def parse(text: str) -> Document:
    """Read a document. Every text is one; HTML comments and front matter are left out.

    Args:
        text: with any line ends; a byte order mark is ignored.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if front := _FRONT_MATTER.match(text):
        text = "\n" * front[0].count("\n") + text[front.end() :]
    # CommonMark nests a list by the column of the text above it, so a wide bullet asks for more blanks.
    text = _WIDE_BULLET.sub(r"\1 ", text)
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    return Document(_tree(tokens), _unclosed(tokens, text.split("\n")))


def plain(text: str) -> str:
    """A text without the backticks of its code."""
    return text.replace("`", "").strip()


def _tree(tokens: Sequence[Token]) -> Section:
    root = Section(1, 0, "")
    path = [root]
    position = 0
    while position < len(tokens):
        token = tokens[position]
        end = _end(tokens, position)
        if token.type == "heading_open":
            level = int(token.tag[1])
            while path[-1].level >= level:
                path.pop()
            section = Section(_line(token), level, plain(_text(tokens[position + 1])))
            path[-1].sections.append(section)
            path.append(section)
        else:
            _add(path[-1], tokens[position : end + 1])
        position = end + 1
    return root


def _add(section: Section, block: Sequence[Token]) -> None:
    """Put a block, which is the tokens from its opening one to its closing one, under a heading."""
    first = block[0]
    if first.type in ("bullet_list_open", "ordered_list_open"):
        section.items += _items(block)
    elif first.type == "table_open":
        section.tables.append(_table(block))
    elif first.type == "paragraph_open":
        if text := _text(block[1]):
            section.prose.append(Row(_line(first), (text,)))
    elif first.type in ("fence", "code_block"):
        section.fences.append(Row(_line(first), (first.content,)))


def _items(block: Sequence[Token]) -> list[Item]:
    numbered = block[0].type == "ordered_list_open"
    found, position = [], 1
    while position < len(block) - 1:
        end = _end(block, position)
        found.append(_item(block[position : end + 1], numbered))
        position = end + 1
    return found


def _item(block: Sequence[Token], numbered: bool) -> Item:
    texts: list[str] = []
    marked = ""
    inner: list[Item] = []
    position = 1
    while position < len(block) - 1:
        end = _end(block, position)
        kind = block[position].type
        if kind == "paragraph_open":
            marked = marked or _text(block[position + 1], bold=True)
            texts.append(_text(block[position + 1]))
        elif kind in ("bullet_list_open", "ordered_list_open"):
            inner += _items(block[position : end + 1])
        position = end + 1
    text = " ".join(texts)
    match = _KEY.match(marked) or _PLAIN_KEY.match(marked)
    key = plain(match["bold"].replace("**", "")) if match else ""
    value = (match["value"] or "").replace("**", "").strip() if match else text
    return Item(_line(block[0]), text, key, value, numbered, tuple(inner))


def _table(block: Sequence[Token]) -> Table:
    rows: list[Row] = []
    cells: list[str] = []
    for position, token in enumerate(block):
        if token.type == "tr_open":
            cells = []
            rows.append(Row(_line(token), ()))
        elif token.type in ("th_open", "td_open"):
            cells.append(_text(block[position + 1]))
        elif token.type == "tr_close":
            rows[-1] = Row(rows[-1].line, tuple(cells))
    return Table(rows[0], tuple(rows[1:]))


def _end(tokens: Sequence[Token], position: int) -> int:
    """Where the block that starts at a position ends."""
    depth = 0
    for index in range(position, len(tokens)):
        depth += tokens[index].nesting
        if depth == 0:
            return index
    return len(tokens) - 1


def _line(token: Token) -> int:
    return token.map[0] + 1 if token.map else 1


def _text(inline: Token, *, bold: bool = False) -> str:
    """The text of inline content in one line; with `bold`, strong text keeps its asterisks."""
    parts = []
    for token in inline.children or []:
        if token.type in ("strong_open", "strong_close"):
            parts.append("**" if bold else "")
        elif token.type == "code_inline":
            parts.append(f"`{token.content}`")
        elif token.type == "html_inline":
            parts.append("" if token.content.startswith("<!--") else token.content)
        else:
            parts.append(_BREAKS.get(token.type, token.content))
    return "".join(parts).strip()


def _unclosed(tokens: Sequence[Token], lines: Sequence[str]) -> int | None:
    for token in tokens:
        if token.type == "fence" and token.map:
            last = lines[token.map[1] - 1] if token.map[1] <= len(lines) else ""
            if token.map[1] - 1 == token.map[0] or not last.strip().startswith(token.markup):
                return token.map[0] + 1
    return None
