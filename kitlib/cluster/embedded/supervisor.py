"""Keeps the processes of one control plane together; run as a script, on the standard library alone.

Usage: python supervisor.py PLAN, in the cluster's folder. PLAN is a JSON file:

    components  [{name, argv, log, after}], started in that order; after: {}, {"socket": path}, {"api": port}
    authority   the certificate of the API server's authority
    state       the file that tells what runs
    parent      the id of the process that started us
    remove      a folder to remove when the parent is gone, or null

Standard input is a pipe from the parent. When it closes, or the parent is no longer our parent, all is
stopped: that holds however the parent dies. The line `stay` ends this bond. Children in turn are killed
by the kernel when the supervisor dies (Linux; PR_SET_PDEATHSIG is bound to the thread that forks, and here
there is only one). A component that ends is not restarted, only told of in the state file.
"""

import ctypes
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
from functools import partial
from http.client import HTTPException, HTTPSConnection
from ssl import create_default_context
from types import FrameType
from typing import Any

PR_SET_PDEATHSIG = 1
STARTING_SECONDS = 0.05
IDLE_SECONDS = 0.5
GRACE_SECONDS = 5.0

_libc = ctypes.CDLL(None, use_errno=True)


class Supervisor:
    """Starts the components of a plan one after the other, and stops them in the end."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.plan = plan
        self.waiting: list[dict[str, Any]] = list(plan["components"])
        self.started: dict[str, subprocess.Popen[bytes]] = {}
        self.told: dict[str, Any] = {}
        self.bound = True
        self.orphaned = False

    def run(self) -> None:
        """Until the parent is gone, a signal says stop, or a component ends before all have started."""
        while self.parent_wants_us(STARTING_SECONDS if self.waiting else IDLE_SECONDS):
            if self.waiting and self.may_start(self.waiting[0]["after"]):
                self.start(self.waiting.pop(0))
            self.tell()
            if self.waiting and any(process.poll() is not None for process in self.started.values()):
                return

    def may_start(self, after: dict[str, Any]) -> bool:
        """Whether what a component needs is there: a socket that accepts, or a ready API server."""
        if "socket" in after:
            with socket.socket(socket.AF_UNIX) as probe:
                return probe.connect_ex(after["socket"]) == 0
        return self.api_ready(after["api"]) if "api" in after else True

    def api_ready(self, port: int) -> bool:
        """Whether the API server, known by its certificate, says that it is ready."""
        context = create_default_context(cafile=self.plan["authority"])
        connection = HTTPSConnection("127.0.0.1", port, timeout=2, context=context)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    def start(self, component: dict[str, Any]) -> None:
        """Start one component; its output goes to its log."""
        with open(component["log"], "wb") as log:
            self.started[component["name"]] = subprocess.Popen(
                component["argv"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=partial(die_with_parent, os.getpid()),
            )

    def parent_wants_us(self, seconds: float) -> bool:
        """Wait up to `seconds` for a word of the parent; False when it is gone."""
        readable, _, _ = select.select([0] if self.bound else [], [], [], seconds)
        if readable:
            word = os.read(0, 64)
            self.bound = word.strip() != b"stay"
            self.orphaned = not word
        # A process that the parent forked may hold the pipe open after the parent's death.
        if self.bound and os.getppid() != self.plan["parent"]:
            self.orphaned = True
        return not self.orphaned

    def tell(self) -> None:
        """Write what runs into the state file when it has changed, whole or not at all."""
        components = {
            name: {"pid": process.pid, "code": process.poll()} for name, process in self.started.items()
        }
        state = {"supervisor": os.getpid(), "ready": not self.waiting, "components": components}
        if state != self.told:
            with open(self.plan["state"] + ".tmp", "w") as file:
                json.dump(state, file)
            os.replace(self.plan["state"] + ".tmp", self.plan["state"])
            self.told = state

    def stop(self) -> None:
        """End every component, etcd last and gently: its data may be wanted again."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        for name, process in reversed(self.started.items()):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM if name == "etcd" else signal.SIGKILL)
            try:
                process.wait(GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self.plan["remove"] and self.orphaned:  # a parent that lives still reads the logs
            os.chdir("/")
            shutil.rmtree(self.plan["remove"], ignore_errors=True)


def die_with_parent(parent: int) -> None:
    """In a new child: be killed when the supervisor dies, also if it has died already."""
    if sys.platform == "linux":
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def quit_on_signal(number: int, frame: FrameType | None) -> None:
    """Leave the loop; `stop` follows."""
    sys.exit(0)


def main() -> None:
    """Run the plan named on the command line."""
    with open(sys.argv[1]) as file:
        supervisor = Supervisor(json.load(file))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, quit_on_signal)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        supervisor.run()
    finally:
        supervisor.stop()


if __name__ == "__main__":
    main()
