"""Fixes as structured changes: made of what a rule found and expected, and tried as a dry run.

A rule says where the fault is (`spec.rules[].http.paths[*/].backend.service.name`), what is there and what
should be. Where that is one value that stands in exactly one place, it is a JSON patch; anything vaguer stays
a sentence and a command for a person.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from kitlib.cluster import Cluster, Resource
from kitlib.diagnosis.environment import values
from kitlib.errors import Conflict, KitError
from kitlib.findings import Edit, Finding, Fix, Ref

Operation = dict[str, Any]
Step = str | int
_STEP = re.compile(r"([^.\[\]]+)|\[([^\]]*)\]")
_PLAIN = re.compile(r"[\w./:@-]+")  # one value, and no sentence
_NAMES = ("name", "type")  # what an entry of a list is called by, in a field's path


def structured(finding: Finding, item: Resource | None) -> Finding:
    """The finding, with a patch as its fix where what was found and expected tells exactly which.

    Args:
        finding: of a rule.
        item: the object that it is about, whole; None: it was not read.
    """
    if item is None or (finding.fix and finding.fix.automatic) or not _PLAIN.fullmatch(finding.expected):
        return finding
    places = [(path, value) for path, value in _places(item, finding.field) if _told(value) == finding.found]
    if len(places) != 1:
        return finding
    path, value = places[0]
    wanted = _as(value, finding.expected)
    if wanted is None or not isinstance(finding.object, Ref):
        return finding
    patch = ({"op": "test", "path": path, "value": value}, {"op": "replace", "path": path, "value": wanted})
    summary = finding.fix.summary if finding.fix else f"let {finding.field} be {finding.expected}"
    command = finding.fix.command if finding.fix else ""
    return replace(finding, fix=Fix(summary, finding.object, patch, command=command))


def tried(cluster: Cluster, fix: Fix) -> Fix:
    """The fix with what the server says to it as a dry run, in `checked`; nothing is changed."""
    if not fix.automatic or fix.target is None:
        return fix
    where = fix.target
    try:
        before = cluster.get(where.kind, where.name, namespace=where.namespace)
        patch = list(operations(before, fix))
        if patch:
            cluster.patch(where.kind, where.name, patch, namespace=where.namespace, type="json", dry_run=True)
    except KitError as error:
        return replace(fix, checked=f"refused: {error.message}")
    return replace(fix, checked="accepted")


def operations(before: Resource, fix: Fix) -> tuple[Operation, ...]:
    """The JSON patch, each operation behind a test that what it replaces is still what was seen.

    Args:
        before: the object as it is.
        fix: one that is automatic.

    Raises:
        Conflict: what the fix replaces is no longer in the object.
    """
    if fix.patch:
        tests = [
            {"op": "test", "path": f"/metadata/{key}", "value": before["metadata"][key]}
            for key in ("uid", "generation")
            if key in before["metadata"]
        ]
        return (*tests, *fix.patch)
    done: list[Operation] = []
    for edit in fix.edits:
        path, stored = _place(before, edit)
        text = edited_text(before, edit)
        if edit.expected in text and edit.found not in text.replace(edit.expected, ""):
            continue  # it is in effect already: a run that is resumed made it
        if edit.found not in text:
            raise Conflict(f"{fix.target}, {edit.key}: {edit.found} is no longer in it", fix="run it again")
        new = text.replace(edit.found, edit.expected)
        value = base64.b64encode(new.encode()).decode() if before.kind == "Secret" else new
        done += [
            {"op": "test", "path": path, "value": stored},
            {"op": "replace", "path": path, "value": value},
        ]
    return tuple(done)


def edited_text(item: Resource, edit: Edit) -> str:
    """The value that an edit changes, decoded.

    Raises:
        Conflict: the container or its variable is no longer there.
    """
    if edit.container:
        return _place(item, edit)[1]
    return values(item).get(edit.key, "")


def _place(item: Resource, edit: Edit) -> tuple[str, str]:
    """The JSON pointer of the value that an edit changes, and what is stored there."""
    if not edit.container:
        return f"/data/{_escaped(edit.key)}", str((item.get("data") or {}).get(edit.key, ""))
    for group in ("initContainers", "containers"):
        for i, container in enumerate(item.at(f"spec.template.spec.{group}", []) or []):
            for j, entry in enumerate(container.get("env") or []):
                if container["name"] == edit.container and entry["name"] == edit.key:
                    path = f"/spec/template/spec/{group}/{i}/env/{j}/value"
                    return path, str(entry.get("value", ""))
    raise Conflict(f"{item.kind}/{item.name} no longer has {edit.key} in container {edit.container}")


def _places(item: Resource, field: str) -> Iterator[tuple[str, Any]]:
    """Every value that a field's path leads to, with its JSON pointer; `[]` leads to each entry of a list."""
    found: list[tuple[str, Any]] = [("", item)]
    for key, entry in _STEP.findall(field):
        found = [
            (f"{path}/{_escaped(str(step))}", inner)
            for path, value in found
            for step, inner in _within(value, key, entry)
        ]
    yield from found


def _within(value: Any, key: str, entry: str) -> Iterator[tuple[Step, Any]]:
    if key and isinstance(value, dict) and key in value:
        yield key, value[key]
    if not key and isinstance(value, list):
        for index, inner in enumerate(value):
            names = [str(inner.get(name)) for name in _NAMES] if isinstance(inner, dict) else []
            if entry in ("", str(index)) or entry in names or "/" in entry:
                yield index, inner


def _told(value: Any) -> str | None:
    """A plain value as rules write it; None of what is none."""
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else None


def _as(value: Any, text: str) -> str | int | None:
    """The text as a value of the same type; a port may be a number or a name. None: it can't be."""
    if isinstance(value, int):
        return int(text) if text.isdecimal() else None
    return text


def _escaped(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")
