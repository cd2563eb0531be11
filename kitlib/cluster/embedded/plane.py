"""One control plane: its folder, and how it is started from what the folder stores."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kitlib import tools
from kitlib.cluster.cluster import Cluster
from kitlib.cluster.embedded import certificates, components, kubeconfigs, kwok, live, ports
from kitlib.cluster.offline import binaries
from kitlib.errors import ClusterError
from kitlib.progress import Stage, stage

ATTEMPTS = 3
RUN_GB = 0.5  # an etcd that nobody fills, its log ahead of it, and the components' logs
SUPERVISOR = Path(__file__).with_name("supervisor.py")


def executables(nodes: int) -> dict[str, Path]:
    """The programs of a control plane, with kwok where there are fake nodes; builds what is missing.

    Raises:
        MachineError: too little disk space to build.
    """
    found = binaries.control_plane()
    del found["kubectl"]
    return found | ({"kwok": tools.find("kwok")} if nodes else {})


@contextmanager
def running(*, nodes: int = 0, namespace: str = "default") -> Iterator[Cluster]:
    """A throw-away control plane: ends with the block, and with this process however that ends.

    Args:
        nodes: fake nodes, on which pods are called Running though nothing runs.
        namespace: where the Cluster's verbs act by default.

    Raises:
        MachineError: too little disk space.
        ClusterError: it does not start; shows the last lines of a log.
    """
    programs = executables(nodes)
    folder = Path(tempfile.mkdtemp(prefix="kit-embedded-"))
    plane = ControlPlane(folder, folder.name)
    try:
        binaries.require_disk(folder, RUN_GB, "run the embedded control plane")
        with stage("start the embedded control plane") as progress:
            started = plane.start(programs, nodes=nodes, throw_away=True, progress=progress)
        try:
            yield started.cluster.within(namespace)
        finally:
            started.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # the supervisor may be removing it too


@dataclass(frozen=True)
class ControlPlane:
    """The files of one control plane.

    Args:
        folder: where they are; no other user may enter it.
        context: the context's name in its kubeconfig.
    """

    folder: Path
    context: str

    @property
    def kubeconfig(self) -> Path:
        """The kubeconfig of its administrator."""
        return self.folder / kubeconfigs.ADMIN

    def start(
        self,
        programs: Mapping[str, Path],
        *,
        port: int = 0,
        nodes: int = 0,
        throw_away: bool = False,
        progress: Stage,
    ) -> live.Running:
        """Start it, with what its folder already stores, and wait until it can be worked with.

        Args:
            programs: from `executables`.
            port: the API server's; 0: a free one.
            nodes: fake nodes to have at least.
            throw_away: remove the folder when this process is gone.
            progress: is told what is awaited.

        Raises:
            ClusterError: a component ended or does not become ready; shows the last lines of its log.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._start_once(programs, port or ports.free_port(), nodes, throw_away, progress)
            except ClusterError as error:
                lost_race = "address already in use" in error.message and not port
                if not lost_race or attempt == ATTEMPTS:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def _start_once(
        self, programs: Mapping[str, Path], port: int, nodes: int, throw_away: bool, progress: Stage
    ) -> live.Running:
        self._prepare(components.commands(programs, port), port, throw_away)
        cluster = Cluster.from_kubeconfig(self.kubeconfig, context=self.context)
        started = live.Running(cluster, self.folder, self._spawn())
        try:
            started.await_ready(progress)
            if nodes:
                progress.update("the fake nodes to be Ready")
                kwok.add_nodes(cluster, nodes)
        except BaseException:
            started.stop()
            raise
        return started

    def _prepare(self, commands: list[dict[str, object]], port: int, throw_away: bool) -> None:
        """Write all that the supervisor and the components read, and clear what an earlier run left."""
        certificates.ensure(self.folder / components.PKI)
        kubeconfigs.write(self.folder, self.folder / components.PKI, self.context, port)
        (self.folder / components.LOGS).mkdir(exist_ok=True)
        for left_over in (live.STATE, components.SOCKET, components.PEER_SOCKET):
            (self.folder / left_over).unlink(missing_ok=True)
        plan = {
            "components": commands,
            "authority": f"{components.PKI}/ca.crt",
            "state": live.STATE,
            "parent": os.getpid(),
            "remove": str(self.folder) if throw_away else None,
        }
        (self.folder / "plan.json").write_text(json.dumps(plan, indent=2))

    def _spawn(self) -> subprocess.Popen[bytes]:
        with open(self.folder / components.LOGS / "supervisor.log", "wb") as log:
            return subprocess.Popen(
                [sys.executable, "-I", "-S", SUPERVISOR, "plan.json"],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,  # Ctrl-C in the terminal is for kit, which then closes the pipe
            )
