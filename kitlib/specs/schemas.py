"""JSON Schemas of the specifications, from their models."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

from kitlib.errors import UsageError
from kitlib.specs.kinds import KINDS, Kind, kind_named
from kitlib.specs.values import nearest

DIALECT = "https://json-schema.org/draft/2020-12/schema"
BASE = "https://kit.example.com/schemas/"
_RETRY = r"^(none|[0-9]{1,3}(x| times)?( with (exponential|fixed) backoff)?)$"
_SEVERITIES = r"^(UNKNOWN|LOW|MEDIUM|HIGH|CRITICAL)(,(UNKNOWN|LOW|MEDIUM|HIGH|CRITICAL))*$"


def find_kind(name: str) -> Kind:
    """A kind by its name.

    Raises:
        UsageError: there is no such kind; the nearest one is offered.
    """
    kind = kind_named(name)
    if kind is None:
        best = nearest(name, names())
        fix = f"did you mean {best}?" if best else f"one of {', '.join(names())}"
        raise UsageError(f"there is no kind of specification {name!r}", fix=fix)
    return kind


def names() -> list[str]:
    """The names of all kinds."""
    return [kind.name for kind in KINDS]


def schema(name: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a kind.

    For a kind in YAML it is the document's, so that an editor can check it while it is written; for one in
    Markdown it is that of the data that `kit spec show` prints.

    Args:
        name: the kind, such as architecture.

    Raises:
        UsageError: there is no such kind.
    """
    kind = find_kind(name)
    found: dict[str, Any] = deepcopy(kind.model.model_json_schema(by_alias=True))
    if kind.name == "communication":
        _as_written(found)
        inner = {key: found.pop(key) for key in list(found) if key != "$defs"}
        found["properties"] = {"communication": inner}
        found |= {"type": "object", "required": ["communication"], "additionalProperties": False}
        found |= {"title": inner["title"], "description": inner["description"]}
    elif kind.name == "build":
        severity = {"type": "string", "pattern": _SEVERITIES, "title": "Severity"}
        found["$defs"]["Scanning"]["properties"]["severity"] = severity
    head = {"$schema": DIALECT, "$id": f"{BASE}{kind.name}.schema.json"}
    return head | found


def write_schemas(folder: Path, kinds: list[str]) -> list[Path]:
    """Write schemas into a folder, one file per kind.

    Args:
        folder: made where it is missing.
        kinds: their names.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name in kinds:
        path = folder / f"{find_kind(name).name}.schema.json"
        path.write_text(as_json(schema(name)) + "\n", encoding="utf-8")
        written.append(path)
    return written


def as_json(found: dict[str, Any]) -> str:
    """A schema as text."""
    return json.dumps(found, indent=2, ensure_ascii=False)


def _as_written(found: dict[str, Any]) -> None:
    """The short forms of the communication specification in place of what they are read into."""
    definitions = found["$defs"]
    definitions.pop("Retry")
    synchronous = definitions["Synchronous"]["properties"]
    synchronous["retry"] = {"type": "string", "pattern": _RETRY, "title": "Retry"}
    asynchronous = definitions["Asynchronous"]
    asynchronous["properties"].pop("brokers")
    asynchronous["properties"]["broker"] = {"type": "string", "minLength": 1, "title": "Broker"}
    asynchronous["required"] = ["broker" if n == "brokers" else n for n in asynchronous["required"]]
