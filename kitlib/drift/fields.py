"""Two states of an object compared field by field, and who changed a field last.

A field is named by its path. An entry of a list is found by what identifies it in Kubernetes, such as a
container's name, so that a new first container is one difference and not one for each field of all. Entries
without such a mark are compared by their place, where there are as many on both sides.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Path = tuple[str, ...]
ABSENT = "absent"
_IDENTITIES: tuple[tuple[str, ...], ...] = (
    ("name",),
    ("mountPath",),
    ("containerPort",),
    ("host",),
    ("key",),
    ("resource", "name"),
    ("path",),
    ("kind",),
    ("type",),
)
_LONG = 120


@dataclass(frozen=True)
class Change:
    """A field that differs.

    Args:
        path: its path; an entry of a list stands as [name].
        wanted: the value in the artifact; `ABSENT` where it has none.
        found: the value in the cluster.
    """

    path: Path
    wanted: Any
    found: Any

    @property
    def field(self) -> str:
        """The path as text: spec.template.spec.containers[api].image."""
        return shown_path(self.path)


def changes(wanted: Any, found: Any, path: Path = ()) -> Iterator[Change]:
    """The fields in which two values differ, each where it differs and not above.

    An empty mapping or list is the same as none.
    """
    if isinstance(wanted, Mapping) and isinstance(found, Mapping):
        for key in dict.fromkeys([*wanted, *found]):
            yield from _one(wanted.get(key, ABSENT), found.get(key, ABSENT), (*path, str(key)))
        return
    if isinstance(wanted, list) and isinstance(found, list):
        mine, theirs = _by_identity(wanted), _by_identity(found)
        if mine is not None and theirs is not None:
            for key in dict.fromkeys([*mine, *theirs]):
                yield from _one(mine.get(key, ABSENT), theirs.get(key, ABSENT), (*path, f"[{key}]"))
            return
        if len(wanted) == len(found) and any(isinstance(item, Mapping) for item in wanted):
            for index, pair in enumerate(zip(wanted, found, strict=True)):
                yield from _one(*pair, (*path, f"[{index}]"))
            return
    if wanted != found:
        yield Change(path, wanted, found)


def flat(value: Any, path: Path = ()) -> dict[Path, Any]:
    """Every plain value of an object by its path; lists without identities are one value."""
    if isinstance(value, Mapping):
        rows = {(*path, str(key)): item for key, item in value.items()}
    elif isinstance(value, list) and (entries := _by_identity(value)) is not None:
        rows = {(*path, f"[{key}]"): item for key, item in entries.items()}
    else:
        return {path: value}
    return {where: leaf for key, item in rows.items() for where, leaf in flat(item, key).items()}


def shown_path(path: Path) -> str:
    """A path as text; a key with dots in it stands in brackets."""
    text = ""
    for step in path:
        inside = step if step.startswith("[") else f"[{step}]" if "." in step or "/" in step else ""
        text += inside or (f".{step}" if text else step)
    return text


def shown(value: Any) -> str:
    """A value in one short line."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = " ".join(text.split())
    return text if len(text) <= _LONG else text[:_LONG] + "…"


def owner(live: Mapping[str, Any], path: Path) -> str:
    """Who set a field last, and when, as the object's managedFields say; empty when nobody is named."""
    entries = [
        entry
        for entry in live["metadata"].get("managedFields") or []
        if not entry.get("subresource") and _owns(entry.get("fieldsV1") or {}, live, path)
    ]
    if not entries:
        return ""
    last = max(entries, key=lambda entry: str(entry.get("time", "")))
    return f"{last.get('manager', 'somebody')}, {last.get('time', 'at an unknown time')}"


def _one(wanted: Any, found: Any, path: Path) -> Iterator[Change]:
    if wanted == found or (_empty(wanted) and _empty(found)):
        return
    both = isinstance(wanted, Mapping | list) and isinstance(found, Mapping | list)
    if both:
        yield from changes(wanted, found, path)
    else:
        yield Change(path, wanted, found)


def _empty(value: Any) -> bool:
    return value in (ABSENT, {}, [], None)


def _by_identity(items: Sequence[Any]) -> dict[str, Any] | None:
    """The entries of a list by what identifies them; None where nothing does."""
    if not items or not all(isinstance(item, Mapping) for item in items):
        return None if items else {}
    for steps in _IDENTITIES:
        keys = [_dig(item, steps) for item in items]
        if all(isinstance(key, str | int) for key in keys) and len(set(map(str, keys))) == len(keys):
            return dict(zip(map(str, keys), items, strict=True))
    return None


def _dig(item: Any, steps: Sequence[str]) -> Any:
    for step in steps:
        item = item.get(step) if isinstance(item, Mapping) else None
    return item


def _owns(fields: Mapping[str, Any], value: Any, path: Path) -> bool:
    """Whether a tree of owned fields has a path, or all of it. Source: FieldsV1 in Kubernetes' API."""
    for step in path:
        key, value = _descend(fields, value, step)
        if key is None:
            return False
        fields = fields[key]
        if not fields:
            return True  # an atomic value: owned as a whole
    return True


def _descend(fields: Mapping[str, Any], value: Any, step: str) -> tuple[str | None, Any]:
    if not step.startswith("["):
        key = f"f:{step}"
        return (key if key in fields else None), value.get(step) if isinstance(value, Mapping) else None
    entry = (_by_identity(value) or {}).get(step[1:-1]) if isinstance(value, list) else None
    for key in fields:
        if (
            key.startswith("k:")
            and isinstance(entry, Mapping)
            and json.loads(key[2:]).items() <= entry.items()
        ):
            return key, entry
    return None, entry
