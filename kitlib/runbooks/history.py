"""All runs there were: as records, as a table, side by side; and the removal of old ones."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kitlib.errors import UsageError
from kitlib.runbooks import record
from kitlib.settings import get_settings

if TYPE_CHECKING:
    import pandas

COLUMNS = (
    "run", "runbook", "status", "exit_code", "started", "seconds", "context", "namespace", "approved_by",
    "changes", "message",
)  # fmt: skip
_COMPARED = ("runbook", "status", "exit_code", "message", "context", "server", "kit", "seconds")


@dataclass(frozen=True)
class Difference:
    """Something in which two runs differ: what, and how it is in each."""

    what: str
    one: str
    other: str


def folders() -> list[Path]:
    """The records' folders, newest first."""
    base = get_settings().runs_dir
    found = (path.parent for path in base.glob("*/record.json")) if base.is_dir() else iter(())
    return sorted(found, key=lambda path: path.name, reverse=True)


def find(name: str) -> Path:
    """A run's folder, by its name, a beginning of it that only it has, its path, or `last`.

    Raises:
        UsageError: there is none, or several; names the nearest.
    """
    if Path(name, "record.json").is_file():
        return Path(name)
    known = folders()
    if name == "last" and known:
        return known[0]
    matching = [path for path in known if path.name == name] or [p for p in known if p.name.startswith(name)]
    if len(matching) == 1:
        return matching[0]
    if matching:
        names = ", ".join(path.name for path in matching[:6])
        raise UsageError(f"{len(matching)} runs begin with {name!r}: {names}")
    near = get_close_matches(name, [path.name for path in known], n=1, cutoff=0.4)
    raise UsageError(
        f"there is no run {name!r} in {get_settings().runs_dir}",
        fix=f"did you mean {near[0]!r}?" if near else "kit runbook history",
    )


def rows(runbook: str | None = None) -> Iterator[dict[str, Any]]:
    """One row for each run, newest first; a record that can't be read is a row that says so."""
    for folder in folders():
        try:
            found = record.read(folder)
        except UsageError as error:
            yield dict.fromkeys(COLUMNS) | {"run": folder.name, "status": "damaged", "message": error.message}
            continue
        if runbook in (None, found["runbook"]):
            yield _row(folder, found)


def frame(runbook: str | None = None) -> pandas.DataFrame:
    """The runs as a DataFrame.

    Args:
        runbook: only its runs.

    Returns:
        Columns run, runbook, status, exit_code, started (UTC), seconds, context, namespace, approved_by,
        changes (how many were made) and message; one row per run, newest first.
    """
    import pandas

    found = pandas.DataFrame(list(rows(runbook)), columns=list(COLUMNS))
    return found.assign(started=pandas.to_datetime(found["started"], utc=True))


def compare(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[Difference]:
    """In what two records differ: outcome, parameters, plan, changes, and each step's end and time."""
    found = [(key, one.get(key), other.get(key)) for key in _COMPARED]
    names = dict.fromkeys([*one["parameters"], *other["parameters"]])
    found += [(f"parameter {n}", one["parameters"].get(n), other["parameters"].get(n)) for n in names]
    found += [("plan", _plan(one), _plan(other)), ("changes made", _changes(one), _changes(other))]
    steps = [{(s["phase"], s["id"]): _step(s) for s in item["steps"]} for item in (one, other)]
    found += [
        (f"step {' '.join(filter(None, key))}", steps[0].get(key), steps[1].get(key))
        for key in dict.fromkeys([*steps[0], *steps[1]])
    ]
    return [Difference(what, _text(a), _text(b)) for what, a, b in found if a != b]


def prune(*, older_than: timedelta, keep: int = 0) -> list[Path]:
    """Remove the records of old runs; those that are still going on stay.

    Args:
        older_than: by when they started.
        keep: so many of the newest stay, however old.

    Returns:
        The folders that were removed.
    """
    limit = datetime.now(UTC) - older_than
    removed = []
    for folder in folders()[keep:]:
        found = record.read(folder)
        if found["status"] != "running" and datetime.fromisoformat(found["started"]) < limit:
            shutil.rmtree(folder)
            removed.append(folder)
    return removed


def _row(folder: Path, found: Mapping[str, Any]) -> dict[str, Any]:
    shown = {key: found.get(key) for key in COLUMNS}
    approval = found["approval"] or {}
    return shown | {
        "run": folder.name,
        "approved_by": approval.get("by", "") if approval.get("approved") else "",
        "changes": sum(item["state"] == "done" for item in found["actions"]),
    }


def _plan(found: Mapping[str, Any]) -> str:
    return str((found["plan"] or {}).get("diff", ""))


def _changes(found: Mapping[str, Any]) -> str:
    return "; ".join(f"{item['text']} ({item['state']})" for item in found["actions"])


def _step(step: Mapping[str, Any]) -> str:
    seconds = "" if step["seconds"] is None else f", {step['seconds']:.1f} s"
    return f"{step['status']}{seconds}"


def _text(value: Any) -> str:
    return "" if value is None else str(value)
