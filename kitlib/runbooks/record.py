"""The record of a run: what happened, written as it happens, and true whatever dies.

`steps.jsonl` is the journal: one line for each event, on disk before the next thing is done. Everything else
(record.json, report.html) is derived from it. A step that began and has no end was interrupted.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from kitlib.errors import RunbookError, UsageError
from kitlib.redaction import redact_tree
from kitlib.runbooks import reserve
from kitlib.runbooks.report import write_report

Status = Literal["running", "done", "planned", "failed", "not approved", "timeout", "kernel died", "aborted"]
EXIT_CODES: dict[str, int] = {
    "done": 0,
    "planned": 0,
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
        """Append one event, redacted, and wait until it is on disk.

        Raises:
            RunbookError: the disk is full. The event was still written, into space kept for that; the run
                must end now.
        """
        line = json.dumps(redact_tree({"event": event, "at": now(), **data}), ensure_ascii=False, default=str)
        try:
            self._append((line + "\n").encode())
        except OSError as error:
            if error.errno != errno.ENOSPC or not reserve.free(self.path.parent):
                raise
            self._append((line + "\n").encode())
            raise RunbookError(f"no space is left for the record in {self.path.parent}") from None

    def _append(self, line: bytes) -> None:
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            size = os.fstat(descriptor).st_size
            try:
                if os.write(descriptor, line) < len(line):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
                os.fsync(descriptor)
            except OSError:
                os.ftruncate(descriptor, size)  # no half line: the next event would be lost with it
                raise
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
    reserve.keep(folder)
    _write(folder / "record.json", head)


def again(folder: Path) -> None:
    """The run goes on, in this process: it is resumed."""
    record = json.loads((folder / "record.json").read_text())
    record |= {"status": "running", "exit_code": None, "message": "", "pid": os.getpid()}
    reserve.keep(folder)
    _write(folder / "record.json", record)


def finish(folder: Path, status: Status, message: str = "", exit_code: int | None = None) -> dict[str, Any]:
    """Derive the record from the journal, write it and the report, and return it."""
    reserve.free(folder)
    record = read(folder)
    code = EXIT_CODES[status] if exit_code is None else exit_code
    record |= {"status": status, "exit_code": code, "message": message, "ended": now()}
    record["seconds"] = round(_seconds(record["started"], record["ended"]), 1)
    clean: dict[str, Any] = redact_tree(record)
    _write(folder / "record.json", clean)
    try:
        write_report(folder, clean)
    except OSError as error:
        clean["message"] += f" (the report could not be written: {error.strerror})"
        _write(folder / "record.json", clean)
    return clean


def refresh(folder: Path) -> dict[str, Any]:
    """Derive record and report anew, for what happened after the run's end, such as its undoing."""
    record = read(folder)
    return finish(folder, record["status"], record["message"], record["exit_code"])


def read(folder: Path) -> dict[str, Any]:
    """The record as the journal has it now; a run whose process is gone was aborted.

    Raises:
        UsageError: the folder holds no record.
    """
    try:
        record: dict[str, Any] = json.loads((folder / "record.json").read_text())
    except (OSError, ValueError):
        raise UsageError(f"{folder} holds no record of a run", fix="kit runbook history") from None
    events = list(Journal(folder).read())
    record |= {"steps": _steps(events, record.get("declared_steps", [])), "states": {}, "checks": []}
    record |= {"findings": [], "change": None, "approval": None, "result": "", "plan": None}
    record |= {"evidence": [], "resumed": [], "undone": [], "actions": _actions(events)}
    for event in events:
        match event["event"]:
            case "state":
                record["states"].setdefault(event["label"], event["rows"])
                if event["label"] != "before":
                    record["states"][event["label"]] = event["rows"]
            case "evidence":
                kept = [item for item in record["evidence"] if item["title"] != event["title"]]
                record["evidence"] = [*kept, {"title": event["title"], "text": event["text"]}]
            case "resumed" | "undone":
                record[event["event"]].append({key: event[key] for key in ("at", "by")})
            case "findings" | "change" | "approval" | "checks" | "result" | "plan":
                record[event["event"]] = event["value"]
    if record["status"] == "running" and not _alive(record["pid"]):
        record |= {"status": "aborted", "exit_code": 7, "message": "the process that ran it is gone"}
    return record


def _actions(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each change that was begun, in order, and how it ended; `begun`: nobody knows."""
    found: dict[str, dict[str, Any]] = {}
    for event in events:
        if event["event"] == "action":
            found[event["id"]] = {key: event[key] for key in ("id", "text", "planned", "state", "at")}
    return list(found.values())


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
