"""Running a runbook: first shown, then approved, then applied, and recorded all the way."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

import kitlib
from kitlib.errors import UsageError
from kitlib.runbooks import catalogue, preflight, record
from kitlib.runbooks.live import ShownSteps, Signalled, signals
from kitlib.runbooks.step import RUN_DIR
from kitlib.settings import get_settings

POLL_SECONDS = 0.1
DEFAULT_TIMEOUT = 900.0


@dataclass(frozen=True)
class PlannedChange:
    """What the server says that the runbook would change; the hash names exactly this change."""

    summary: str
    target: str
    diff: str
    hash: str
    restarts: list[str]


Approve = Callable[[PlannedChange], bool]


@dataclass(frozen=True)
class RunResult:
    """How a run ended.

    Args:
        folder: where its record is.
        record: what record.json holds.
    """

    folder: Path
    record: dict[str, Any]

    @property
    def exit_code(self) -> int:
        """0 done, 1 failed, 4 not approved, 5 timeout, 6 kernel died, 7 aborted, 8 cluster unreachable."""
        return int(self.record["exit_code"])

    @property
    def report(self) -> Path:
        """The HTML report."""
        return self.folder / "report.html"


class _Ended(Exception):
    """A run that did not come to its end; carries what the record will say."""

    def __init__(self, status: record.Status, message: str, exit_code: int | None = None) -> None:
        super().__init__(message)
        self.status: record.Status = status
        self.message = message
        self.exit_code = exit_code


def run(
    name: str,
    given: Mapping[str, Any],
    *,
    approve: Approve,
    approver: str = "the caller",
    timeout: float = DEFAULT_TIMEOUT,
    context: str | None = None,
) -> RunResult:
    """Run a runbook to its end.

    Args:
        name: its name, or its notebook's path.
        given: parameters, as typed or as values.
        approve: called with the change that would be made; returns whether to make it.
        approver: who that is, for the record.
        timeout: seconds for the whole run, the time for an answer not counted.
        context: a context of your own kubeconfig; none: as `kitlib.connect`.

    Raises:
        UsageError, PrecheckFailed, ClusterUnreachable: refused before anything was started; see preflight.
    """
    prepared = preflight.check(catalogue.find(name), given, context=context)
    folder = record.new_folder(get_settings().runs_dir, prepared.runbook.name).absolute()
    _begin(folder, prepared)
    environment = {RUN_DIR: str(folder)} | ({"KIT_CONTEXT": context} if context else {})
    with signals():
        try:
            _phases(folder, prepared, (approve, approver), timeout, environment)
            message = record.read(folder)["result"]
            return RunResult(folder, record.finish(folder, "done", message))
        except _Ended as end:
            return RunResult(folder, record.finish(folder, end.status, end.message, end.exit_code))
        except Signalled as error:
            message = f"ended by {error}; what the last step had begun may be done in part"
            return RunResult(folder, record.finish(folder, "aborted", message))


def pairs(texts: Iterable[str]) -> dict[str, str]:
    """Parameters as typed on a command line, `name=value` each.

    Raises:
        UsageError: a text without `=`, or a name given twice.
    """
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or name in found:
            problem = f"parameter {name!r} is given twice" if equals else f"parameter {text!r} has no value"
            raise UsageError(problem, fix="-p name=value")
        found[name] = value
    return found


def _begin(folder: Path, prepared: preflight.Prepared) -> None:
    record.begin(
        folder,
        runbook=prepared.runbook.name,
        title=prepared.runbook.title,
        risk=prepared.runbook.declared.risk,
        parameters=prepared.parameters,
        context=prepared.cluster.context,
        server=prepared.cluster.server,
        kit=kitlib.__version__,
        declared_steps=prepared.runbook.steps,
    )


def _phases(
    folder: Path,
    prepared: preflight.Prepared,
    approval: tuple[Approve, str],
    timeout: float,
    env: dict[str, str],
) -> None:
    """One execution; or two, with an approval between them, for a runbook that changes something."""
    values, journal = prepared.parameters, record.Journal(folder)
    deadline = time.monotonic() + timeout
    if not prepared.runbook.takes_approval or (values["apply"] and values["approved_change"]):
        _execute(folder, prepared, "apply", values, deadline, env)
        return
    _execute(folder, prepared, "show", values | {"apply": False, "approved_change": ""}, deadline, env)
    change = record.read(folder)["change"]
    if change is None:
        return
    asked = time.monotonic()
    approve, approver = approval
    answer = approve(PlannedChange(**change))
    journal.write(
        "approval", value={"approved": answer, "by": approver, "hash": change["hash"], "at": record.now()}
    )
    if not answer:
        raise _Ended("not approved", "the change was shown and not approved; nothing was changed")
    os.replace(folder / "output.ipynb", folder / "shown.ipynb")
    approved = values | {"apply": True, "approved_change": change["hash"]}
    _execute(folder, prepared, "apply", approved, deadline + time.monotonic() - asked, env)


def _execute(
    folder: Path,
    prepared: preflight.Prepared,
    phase: str,
    parameters: dict[str, Any],
    deadline: float,
    env: dict[str, str],
) -> None:
    """Execute the notebook in a process of its own, showing its steps as they come.

    Raises:
        _Ended: a cell failed, the kernel died, or the deadline passed.
    """
    journal = record.Journal(folder)
    journal.write("phase", name=phase)
    order = {"folder": str(folder), "notebook": str(prepared.runbook.path), "output": "output.ipynb"}
    process = subprocess.Popen(
        [sys.executable, "-m", "kitlib.runbooks.child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,  # papermill's chatter, and whatever a dying kernel says unredacted
        stderr=subprocess.DEVNULL,
        env={**os.environ, **env},
        start_new_session=True,  # Ctrl-C is ours to handle
    )
    assert process.stdin is not None
    try:
        process.stdin.write((json.dumps(order | {"parameters": parameters}) + "\n").encode())
        process.stdin.flush()
        _follow(journal, process, deadline)
    finally:
        _kill(process)
    if process.returncode:
        raise _failure(journal, process.returncode)


def _follow(journal: record.Journal, process: subprocess.Popen[bytes], deadline: float) -> None:
    seen = len(list(journal.read()))
    with ShownSteps() as shown:
        while True:
            ended = process.poll() is not None
            for event in journal.read(seen):
                seen += 1
                shown.on(event)
            if ended:
                return
            if time.monotonic() > deadline:
                raise _Ended(
                    "timeout", "the run did not end in time; what the last step had begun may be done"
                )
            time.sleep(POLL_SECONDS)


def _failure(journal: record.Journal, code: int) -> _Ended:
    """What the journal says of a run that failed."""
    events = list(journal.read())
    if code == record.EXIT_CODES["kernel died"]:
        return _Ended("kernel died", "the kernel died; what the last step had begun may be done in part")
    failed = [e for e in events if e["event"] == "step-end" and e["status"] == "failed"]
    if failed:
        code = failed[-1]["exit_code"]
        status: record.Status = {4: "not approved", 5: "timeout"}.get(code, "failed")  # type: ignore[assignment]
        # A wrong name inside a notebook is the notebook's failure, not the caller's bad parameter.
        return _Ended(status, failed[-1]["error"], code if code in (1, 4, 5, 8) else 1)
    errors = [e["message"] for e in events if e["event"] == "error"]
    return _Ended("failed", errors[-1] if errors else f"the runner ended with code {code} and said nothing")


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the child and its kernel, which leads a session of its own."""
    if process.poll() is None:
        children = psutil.Process(process.pid).children(recursive=True)
        for victim in [psutil.Process(process.pid), *children]:
            with contextlib.suppress(psutil.NoSuchProcess):
                victim.kill()
    process.wait()
