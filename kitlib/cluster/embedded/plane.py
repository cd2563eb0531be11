"""One control plane: its folder, how it is started, and what was started."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from kitlib import tools
from kitlib.cluster.cluster import Cluster
from kitlib.cluster.embedded import certificates, components, kubeconfigs, kwok, ports, processes
from kitlib.cluster.embedded.processes import Mark
from kitlib.cluster.offline import binaries
from kitlib.errors import ClusterError
from kitlib.progress import Stage, stage

START_SECONDS = 120.0
STOP_SECONDS = 15.0
ATTEMPTS = 3
LOG_LINES = 8
SUPERVISOR = Path(__file__).with_name("supervisor.py")


def executables(nodes: int) -> dict[str, Path]:
    """The programs of a control plane, with kwok where there are fake nodes; builds what is missing.

    Raises:
        MachineError: too little disk space to build.
    """
    fake = {"kwok": tools.find("kwok")} if nodes else {}
    return {name: path for name, path in binaries.control_plane().items() if name != "kubectl"} | fake


@dataclass(frozen=True)
class ControlPlane:
    """The files of one control plane.

    Args:
        folder: where they are; no other user may enter it.
        name: of the context in its kubeconfig.
    """

    folder: Path
    name: str

    @property
    def kubeconfig(self) -> Path:
        """The kubeconfig of its administrator."""
        return self.folder / kubeconfigs.ADMIN

    def connect(self, namespace: str = "default") -> Cluster:
        """A Cluster bound to it."""
        return Cluster.from_kubeconfig(self.kubeconfig, context=self.name, namespace=namespace)

    def wipe(self) -> None:
        """Forget what is stored, and every key; only while it does not run."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(
        self,
        programs: Mapping[str, Path],
        *,
        port: int = 0,
        nodes: int = 0,
        throw_away: bool = False,
        progress: Stage,
    ) -> Running:
        """Start it, with what its folder already stores, and wait until it can be worked with.

        Args:
            programs: from `executables`.
            port: the API server's; 0: a free one.
            nodes: fake nodes to have at least.
            throw_away: remove the folder when this process ends, however it does.
            progress: is told what is awaited.

        Raises:
            ClusterError: a component ended or does not become ready; shows the last lines of its log.
        """
        for attempt in range(1, ATTEMPTS + 1):
            chosen = port or ports.free_port()
            running = Running(self, self._spawn(programs, chosen, throw_away))
            try:
                running.await_ready(progress)
                if nodes:
                    progress.update("the fake nodes to be Ready")
                    kwok.add_nodes(self.connect(), nodes, progress)
                return running
            except BaseException as error:
                running.stop()
                lost_race = "address already in use" in str(error) and not port
                if not lost_race or attempt == ATTEMPTS:
                    raise
        raise AssertionError("unreachable")

    def _spawn(
        self, programs: Mapping[str, Path], port: int, throw_away: bool
    ) -> subprocess.Popen[bytes]:
        certificates.ensure(self.folder / components.PKI)
        kubeconfigs.write(self.folder, self.folder / components.PKI, self.name, port)
        (self.folder / components.LOGS).mkdir(exist_ok=True)
        for left_over in ("state.json", components.SOCKET, components.PEER_SOCKET):
            (self.folder / left_over).unlink(missing_ok=True)
        plan = {
            "components": components.commands(programs, port),
            "authority": f"{components.PKI}/ca.crt",
            "state": "state.json",
            "parent": os.getpid(),
            "remove": str(self.folder) if throw_away else None,
        }
        (self.folder / "plan.json").write_text(json.dumps(plan, indent=2))
        with open(self.folder / components.LOGS / "supervisor.log", "wb") as log:
            return subprocess.Popen(
                [sys.executable, "-I", "-S", str(SUPERVISOR), "plan.json"],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,  # Ctrl-C in the terminal is for kit, which then closes the pipe
            )


class Running:
    """A control plane that runs as long as this object is not stopped and this process lives."""

    def __init__(self, plane: ControlPlane, supervisor: subprocess.Popen[bytes]) -> None:
        self.plane = plane
        self._supervisor = supervisor
        # Reaps the supervisor when it ends, even if nobody asks for it any more.
        threading.Thread(target=supervisor.wait, daemon=True).start()

    def marks(self) -> tuple[Mark, ...]:
        """The supervisor and the components, as processes that can be recognised later."""
        pids = {"supervisor": self._supervisor.pid} | {
            name: int(found["pid"]) for name, found in self._state()["components"].items()
        }
        return tuple(mark for name, pid in pids.items() if (mark := Mark.of(name, pid)))

    def await_ready(self, progress: Stage) -> None:
        """Wait for the API server and for the controllers to have done their first work.

        Raises:
            ClusterError: a component ended or it takes too long; shows the last lines of a log.
        """
        deadline = time.monotonic() + START_SECONDS
        while True:
            state = self._state()
            last = next(reversed(state["components"]), "supervisor")
            self._require_alive(state, last)
            if state["ready"] and self._usable():
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
        marks = self.marks()
        assert self._supervisor.stdin is not None
        with suppress(BrokenPipeError):
            self._supervisor.stdin.close()
        end(marks, ask=False)

    def _usable(self) -> bool:
        """Whether pods could be made: admission asks for the ServiceAccount that a controller makes."""
        with suppress(ClusterError):
            return self.plane.connect().find("ServiceAccount", "default") is not None
        return False

    def _require_alive(self, state: dict[str, Any], last: str) -> None:
        for name, found in state["components"].items():
            if found["code"] is not None:
                raise self._failure(name, f"ended with code {found['code']}")
        if self._supervisor.poll() is not None:
            raise self._failure(last, "was stopped")

    def _failure(self, component: str, what: str) -> ClusterError:
        log = self.plane.folder / components.LOGS / f"{component}.log"
        return ClusterError(f"{component} of {self.plane.name} {what}:\n{last_lines(log)}", fix=f"see {log}")
