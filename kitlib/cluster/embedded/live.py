"""A control plane that was started: whether it is ready, what it consists of, how it ends."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from kitlib.cluster.cluster import Cluster
from kitlib.cluster.embedded import components, processes
from kitlib.cluster.embedded.processes import Mark
from kitlib.errors import ClusterError, MachineError
from kitlib.progress import Stage

SUPERVISOR = "supervisor"
STATE = "state.json"
START_SECONDS = 120.0
STOP_SECONDS = 15.0
LOG_LINES = 8


class Running:
    """A control plane that runs as long as this object is not stopped and this process lives.

    Args:
        cluster: bound to it.
        folder: its files.
        supervisor: the process that holds it together, with a pipe as standard input.
    """

    def __init__(self, cluster: Cluster, folder: Path, supervisor: subprocess.Popen[bytes]) -> None:
        self.cluster = cluster
        self.folder = folder
        self._supervisor = supervisor
        # Reaps the supervisor when it ends, even if nobody asks for it any more.
        threading.Thread(target=supervisor.wait, daemon=True).start()

    def marks(self) -> tuple[Mark, ...]:
        """The supervisor and the components, as processes that can be recognised later."""
        pids = {SUPERVISOR: self._supervisor.pid}
        pids |= {name: int(found["pid"]) for name, found in self._components().items()}
        return tuple(mark for name, pid in pids.items() if (mark := Mark.of(name, pid)))

    def await_ready(self, progress: Stage) -> None:
        """Wait for the API server, and for the controllers to have done their first work.

        Raises:
            ClusterError: a component ended or it takes too long; shows the last lines of a log.
        """
        deadline = time.monotonic() + START_SECONDS
        while True:
            found = self._components()
            last = next(reversed(found), SUPERVISOR)
            for name, component in found.items():
                if component["code"] is not None:
                    raise self._failure(name, f"ended with code {component['code']}")
            if self._supervisor.poll() is not None:
                raise self._failure(last, "was stopped")
            if self._state().get("ready") and self._usable():
                return
            if time.monotonic() > deadline:
                raise self._failure(last, f"is not ready after {START_SECONDS:g} s")
            progress.update(f"{last} to be ready")
            time.sleep(processes.POLL_SECONDS)

    def detach(self) -> None:
        """Let it live on after this process."""
        assert self._supervisor.stdin is not None
        self._supervisor.stdin.write(b"stay\n")
        self._supervisor.stdin.close()

    def stop(self) -> None:
        """End all of its processes."""
        assert self._supervisor.stdin is not None
        marks = self.marks()
        with suppress(BrokenPipeError):
            self._supervisor.stdin.close()
        end(marks)

    def _usable(self) -> bool:
        """Whether pods could be made: admission asks for the ServiceAccount that a controller makes."""
        with suppress(ClusterError):
            return self.cluster.find("ServiceAccount", "default", namespace="default") is not None
        return False

    def _components(self) -> dict[str, Any]:
        return dict(self._state().get("components", {}))

    def _state(self) -> dict[str, Any]:
        with suppress(FileNotFoundError):
            return dict(json.loads((self.folder / STATE).read_text()))
        return {}

    def _failure(self, component: str, what: str) -> ClusterError:
        log = self.folder / components.LOGS / f"{component}.log"
        return ClusterError(f"{component} of {self.cluster.context} {what}:\n{_last_lines(log)}")


def end(marks: Iterable[Mark]) -> None:
    """End a control plane: the supervisor ends the others; whatever is left after 15 s is killed.

    Raises:
        MachineError: a process does not end.
    """
    wanted = tuple(marks)
    for mark in wanted:
        if mark.name == SUPERVISOR:
            mark.send(signal.SIGTERM)
    supervised = [mark for mark in wanted if mark.name == SUPERVISOR]
    if not processes.alive(supervised):
        for mark in wanted:  # nobody is left to end them
            mark.send(signal.SIGKILL)
    left = processes.await_end(wanted, STOP_SECONDS)
    for mark in left:
        mark.send(signal.SIGKILL)
    left = processes.await_end(left, STOP_SECONDS)
    if left:
        raise MachineError(f"these processes do not end: {', '.join(f'{m.name} ({m.pid})' for m in left)}")


def _last_lines(log: Path) -> str:
    """The end of a log; of a Go program that panicked, the words before its stack."""
    text = log.read_text(errors="replace") if log.exists() else ""
    lines = [line for line in text.partition("\ngoroutine ")[0].splitlines() if line.strip()]
    return "\n".join(f"    {line[:300]}" for line in lines[-LOG_LINES:]) or "    it printed nothing"
