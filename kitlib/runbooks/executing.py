"""One execution of a runbook's notebook: in a process of its own, watched until it ends, or is ended."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from kitlib.runbooks import record
from kitlib.runbooks.live import ShownSteps
from kitlib.runbooks.step import RUN_DIR

POLL_SECONDS = 0.1
GRACE_SECONDS = 10.0  # a step ends itself at its limit; when it can't, it is ended this much later


class Ended(Exception):
    """A run that did not come to its end; carries what the record will say."""

    def __init__(self, status: record.Status, message: str, exit_code: int | None = None) -> None:
        super().__init__(message)
        self.status: record.Status = status
        self.message = message
        self.exit_code = exit_code


@dataclass
class Execution:
    """What all executions of one run share.

    Args:
        folder: the run's record.
        notebook: the runbook.
        context: a context of your own kubeconfig; none: as `kitlib.connect`.
        deadline: of the whole run, by `time.monotonic`.
        quiet: show no progress.
        stop: ends the run when it is set; for runs in threads, which signals don't reach.
    """

    folder: Path
    notebook: Path
    context: str | None
    deadline: float
    quiet: bool = False
    stop: threading.Event | None = None
    _step: tuple[str, float] | None = field(default=None, init=False)

    def execute(self, phase: str, parameters: Mapping[str, Any]) -> None:
        """Execute the notebook, showing its steps as they come.

        Raises:
            Ended: a cell failed, the kernel died, or the deadline passed.
        """
        journal = record.Journal(self.folder)
        journal.write("phase", name=phase)
        order = {"folder": str(self.folder), "notebook": str(self.notebook), "output": "output.ipynb"}
        process = subprocess.Popen(
            [sys.executable, "-m", "kitlib.runbooks.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,  # papermill's chatter, and whatever a dying kernel says unredacted
            stderr=subprocess.DEVNULL,
            env={**os.environ, **self._environment()},
            start_new_session=True,  # Ctrl-C is ours to handle
        )
        assert process.stdin is not None
        try:
            process.stdin.write((json.dumps(order | {"parameters": dict(parameters)}) + "\n").encode())
            process.stdin.flush()
            self._follow(journal, process)
        finally:
            _kill(process)
        if process.returncode:
            raise _failure(journal, process.returncode)

    def _environment(self) -> dict[str, str]:
        return {RUN_DIR: str(self.folder)} | ({"KIT_CONTEXT": self.context} if self.context else {})

    def _follow(self, journal: record.Journal, process: subprocess.Popen[bytes]) -> None:
        seen = len(list(journal.read()))
        self._step = None
        with ShownSteps(quiet=self.quiet) as shown:
            while True:
                ended = process.poll() is not None
                for event in journal.read(seen):
                    seen += 1
                    shown.on(event)
                    self._note(event)
                if ended:
                    return
                self._refuse_late()
                time.sleep(POLL_SECONDS)

    def _note(self, event: Mapping[str, Any]) -> None:
        if event["event"] == "step" and event["timeout"]:
            self._step = (event["title"], time.monotonic() + event["timeout"] + GRACE_SECONDS)
        elif event["event"] in ("step", "step-end"):
            self._step = None

    def _refuse_late(self) -> None:
        if self.stop and self.stop.is_set():
            raise Ended("aborted", "ended by a signal; what the last step had begun may be done in part")
        if time.monotonic() > self.deadline:
            raise Ended("timeout", "the run did not end in time; what the last step had begun may be done")
        if self._step and time.monotonic() > self._step[1]:
            raise Ended("timeout", f"{self._step[0]}: it did not end in its time, nor when it was told to")


def _failure(journal: record.Journal, code: int) -> Ended:
    """What the journal says of a run that failed."""
    events = list(journal.read())
    last = max(n for n, event in enumerate(events) if event["event"] == "phase")
    events = events[last:]
    if code == record.EXIT_CODES["kernel died"]:
        return Ended("kernel died", "the kernel died; what the last step had begun may be done in part")
    failed = [e for e in events if e["event"] == "step-end" and e["status"] == "failed"]
    if failed:
        code = failed[0]["exit_code"]  # the first failure; a cleanup step may have failed after it
        status: record.Status = {4: "not approved", 5: "timeout"}.get(code, "failed")  # type: ignore[assignment]
        # A wrong name inside a notebook is the notebook's failure, not the caller's bad parameter.
        return Ended(status, failed[0]["error"], code if code in (1, 4, 5, 8) else 1)
    errors = [e["message"] for e in events if e["event"] == "error"]
    if errors and "NotApproved" in errors[0]:
        return Ended("not approved", errors[0])
    return Ended("failed", errors[0] if errors else f"the runner ended with code {code} and said nothing")


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the child and its kernel, which leads a session of its own."""
    if process.poll() is None:
        children = psutil.Process(process.pid).children(recursive=True)
        for victim in [psutil.Process(process.pid), *children]:
            with contextlib.suppress(psutil.NoSuchProcess):
                victim.kill()
    process.wait()
