"""The record of a run: what happened, written as it happens, and true whatever dies.

`steps.jsonl` is the journal: one line for each event, on disk before the next thing is done. Everything else
(record.json, report.html) is derived from it. A step that began and has no end was interrupted.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from kitlib.redaction import redact_tree
from kitlib.runbooks.report import write_report

Status = Literal["running", "done", "failed", "not approved", "timeout", "kernel died", "aborted"]
EXIT_CODES: dict[str, int] = {
    "done": 0,
    "failed": 1,
    "not approved": 4,
    "timeout": 5,
    "kernel died": 6,
    "aborted": 7,
}


class Journal:
    """Appends events to a run's steps.jsonl; several processes may, each line is written at once."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "steps.jsonl"

    def write(self, event: str, **data: Any) -> None:
        """Append one event, redacted, and wait until it is on disk."""
        line = json.dumps(redact_tree({"event": event, "at": now(), **data}), ensure_ascii=False, default=str)
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(descriptor, (line + "\n").encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def read(self, skip: int = 0) -> Iterator[dict[str, Any]]:
        """The events after the first `skip`; a last line that was cut off is left out."""
        if not self.path.exists():
            return
        text = self.path.read_text()
        for line in text[: text.rfind("\n") + 1].splitlines()[skip:]:
            yield json.loads(line)


def now() -> str:
    """The time, UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def new_folder(base: Path, name: str) -> Path:
    """Make a run's folder, `<UTC>-<name>`; a number is added when two start in one second."""
    base.mkdir(parents=True, exist_ok=True)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    for number in range(1, 1000):
        folder = base / (f"{stamp}-{name}" + (f"-{number}" if number > 1 else ""))
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        return folder
    raise FileExistsError(f"{base}: a thousand runs of {name} in one second")


def begin(folder: Path, **head: Any) -> None:
    """Write the first record.json: who runs what with which parameters, status `running`."""
    head |= {"status": "running", "exit_code": None, "message": "", "started": now(), "pid": os.getpid()}
    _write(folder / "record.json", head)


def finish(folder: Path, status: Status, message: str = "", exit_code: int | None = None) -> dict[str, Any]:
    """Derive the record from the journal, write it and the report, and return it."""
    record = read(folder)
    code = EXIT_CODES[status] if exit_code is None else exit_code
    record |= {"status": status, "exit_code": code, "message": message, "ended": now()}
    record["seconds"] = round(_seconds(record["started"], record["ended"]), 1)
    clean: dict[str, Any] = redact_tree(record)
    _write(folder / "record.json", clean)
    write_report(folder, clean)
    return clean


def read(folder: Path) -> dict[str, Any]:
    """The record as the journal has it now; a run whose process is gone was aborted."""
    record: dict[str, Any] = json.loads((folder / "record.json").read_text())
    events = list(Journal(folder).read())
    record |= {"steps": _steps(events, record.get("declared_steps", [])), "states": {}, "checks": []}
    record |= {"findings": [], "change": None, "approval": None, "result": ""}
    for event in events:
        match event["event"]:
            case "state":
                record["states"].setdefault(event["label"], event["rows"])
                if event["label"] != "before":
                    record["states"][event["label"]] = event["rows"]
            case "findings" | "change" | "approval" | "checks" | "result":
                record[event["event"]] = event["value"]
    if record["status"] == "running" and not _alive(record["pid"]):
        record |= {"status": "aborted", "exit_code": 7, "message": "the process that ran it is gone"}
    return record


def _steps(events: list[dict[str, Any]], declared: list[list[str]]) -> list[dict[str, Any]]:
    """Each step in the order it began, then those that never did."""
    steps: list[dict[str, Any]] = []
    phase = ""
    for event in events:
        if event["event"] == "phase":
            phase = event["name"]
        elif event["event"] == "step":
            begun = {"phase": phase, "id": event["id"], "title": event["title"], "status": "interrupted"}
            steps.append(begun | {"started": event["at"], "seconds": None, "error": ""})
        elif event["event"] == "step-end":
            last = next(step for step in reversed(steps) if step["id"] == event["id"])
            last |= {key: event[key] for key in ("status", "seconds", "error")}
    begun_ids = {step["id"] for step in steps}
    steps += [
        {
            "phase": "",
            "id": id,
            "title": title,
            "status": "not run",
            "started": "",
            "seconds": None,
            "error": "",
        }
        for id, title in declared
        if id not in begun_ids
    ]
    return steps


def _write(path: Path, record: dict[str, Any]) -> None:
    """Whole or not at all."""
    temporary = path.with_suffix(".tmp")
    with temporary.open("w") as file:
        json.dump(record, file, indent=2, ensure_ascii=False, default=str)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def _seconds(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
