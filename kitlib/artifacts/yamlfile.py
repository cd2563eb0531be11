"""Plain objects as YAML text: the same objects give the same bytes, and no reader bends a string.

Keys keep the order they were given in; lists are indented below their key; nothing is wrapped.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

# What YAML 1.1 or 1.2 reads as something else than text, and PyYAML's own writer leaves unquoted: 1e3 is a
# number to Go's readers, y a boolean to old ones, 0o17 an octal number, = and << are marks.
_BENT = re.compile(
    r"([-+.]?[0-9][-+0-9._:a-fA-FxoOtT]*|y|n|yes|no|on|off|true|false|null|~|=|<<|)", re.IGNORECASE
)


def dump(*documents: Any, comment: str = "", notes: Mapping[str, str] | None = None) -> str:
    """The YAML text of one or more documents.

    Args:
        documents: mappings, lists and plain values; keys are text.
        comment: lines to put on top, without their `#`.
        notes: comments to put above lines, by how the line begins, such as `concurrency:`; the first such
            line of the text gets it, and a note without a line is left out.
    """
    texts = [
        yaml.dump(
            document,
            Dumper=_Dumper,
            sort_keys=False,
            default_flow_style=False,
            allow_unicode=True,
            width=100_000,
        )
        for document in documents
    ]
    lines = "".join(f"# {line}".rstrip() + "\n" for line in comment.splitlines())
    return lines + _annotated("---\n".join(texts), notes or {})


def _annotated(text: str, notes: Mapping[str, str]) -> str:
    lines = text.splitlines(keepends=True)
    for start, note in notes.items():
        index = next((i for i, line in enumerate(lines) if line.lstrip(" -").startswith(start)), None)
        if index is None:
            continue
        indent = lines[index][: len(lines[index]) - len(lines[index].lstrip())]
        lines[index] = "".join(f"{indent}# {line}\n" for line in note.splitlines()) + lines[index]
    return "".join(lines)


class _Dumper(yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    style = "|" if "\n" in value else None
    if _BENT.fullmatch(value) or not value.replace("\n", "").isprintable():
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(tuple, lambda dumper, value: dumper.represent_list(value))
