"""Undoing a run: every object it changed is put back as it was, or none is."""

from __future__ import annotations

import getpass
from dataclasses import dataclass, replace
from pathlib import Path

from kitlib import undo
from kitlib.cluster import Cluster
from kitlib.errors import Conflict, UsageError
from kitlib.policy.action import FieldChange
from kitlib.policy.preimages import Preimage, load
from kitlib.runbooks import record

# A pod that was evicted, and pods that were replaced, have nothing to be put back.
NOTHING_TO_UNDO = ("evict", "restart")


@dataclass(frozen=True)
class Restoring:
    """One object that would be put back, and the fields that this changes."""

    change: Preimage
    fields: tuple[FieldChange, ...]


def plan_undo(cluster: Cluster, folder: Path) -> list[Restoring]:
    """What undoing a run would change, last change first.

    Args:
        cluster: where the run was.
        folder: its record.

    Raises:
        UsageError: it changed nothing, was undone already, was on another cluster, or its pre-images are
            gone or were never kept (a Secret's are not).
        Conflict: objects changed since; names all of them, and their fields.
    """
    found = record.read(folder)
    if found["server"] != cluster.server:
        raise UsageError(f"{folder.name} was made on {found['server']}, not on {cluster.server}")
    if found["undone"]:
        raise UsageError(f"{folder.name} was undone at {found['undone'][-1]['at']}")
    ids = [item["id"] for item in found["actions"] if item["state"] != "refused"]
    changes = _by_object([load(id) for id in ids])
    if not changes:
        raise UsageError(f"{folder.name} changed nothing that could be undone")
    planned, problems = [], []
    for change in reversed(changes):
        try:
            planned.append(Restoring(change, undo.fields(cluster, change)))
        except Conflict as error:
            problems.append(error.message)
    if problems:
        raise Conflict("; ".join(problems), fix="look at these objects; nothing was undone")
    return planned


def undo_run(cluster: Cluster, folder: Path) -> list[Restoring]:
    """Put back what a run changed, and add that to its record.

    Raises:
        UsageError, Conflict: as `plan_undo`; nothing was done.
    """
    planned = plan_undo(cluster, folder)
    for item in planned:
        undo.put_back(cluster, item.change)
    record.Journal(folder).write("undone", by=getpass.getuser(), changes=[str(p.change) for p in planned])
    record.refresh(folder)
    return planned


def _by_object(changes: list[Preimage]) -> list[Preimage]:
    """One change for each object: from before its first to after its last."""
    first: dict[tuple[str, str, str], Preimage] = {}
    for change in changes:
        if change.verb in NOTHING_TO_UNDO:
            continue
        key = (change.kind, change.namespace, change.name)
        earlier = first.pop(key, change)
        first[key] = replace(change, before=earlier.before, content=earlier.content and change.content)
    return list(first.values())
