"""Plain values as Python source, laid out as ruff and black lay it out."""

from __future__ import annotations

import json
from typing import Any

WIDTH = 110


def literal(value: Any, indent: int = 0) -> str:
    """The source of a mapping, list or plain value.

    Args:
        value: keys are text.
        indent: columns that the line it stands in is indented by; lists that fit the rest stay on it.
    """
    if isinstance(value, dict) and value:
        rows = [f"{json.dumps(k, ensure_ascii=False)}: {literal(v, indent + 4)}" for k, v in value.items()]
        return _block("{", rows, "}", indent)
    if isinstance(value, list) and value:
        rows = [literal(item, indent + 4) for item in value]
        flat = f"[{', '.join(rows)}]"
        short = not any(isinstance(item, dict | list) for item in value) and len(flat) + indent < WIDTH - 30
        return flat if short else _block("[", rows, "]", indent)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _block(start: str, rows: list[str], end: str, indent: int) -> str:
    pad = " " * indent
    return f"{start}\n" + "".join(f"{pad}    {row},\n" for row in rows) + f"{pad}{end}"
