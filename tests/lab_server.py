"""A Jupyter server of a test's own."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

SECONDS = 120


@contextmanager
def running(command: Sequence[str], environment: Mapping[str, str], folder: Path) -> Iterator[str]:
    """Start a server and give its address once it listens; end it, and all that it started.

    Args:
        command: of which a free port is part.
        folder: where it runs, and keeps what it says of itself.
    """
    told = folder / "runtime"
    environment = {**environment, "JUPYTER_RUNTIME_DIR": str(told)}
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=log)
    try:
        yield _address(server, told, folder / "server.log")
    finally:
        if server.poll() is None:
            family = [*psutil.Process(server.pid).children(recursive=True), psutil.Process(server.pid)]
            server.terminate()
            psutil.wait_procs(family, timeout=30)


def _address(server: subprocess.Popen[bytes], told: Path, log: Path) -> str:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        for file in told.glob("jpserver-*.json"):
            try:
                port = json.loads(file.read_text())["port"]
                socket.create_connection(("127.0.0.1", port), timeout=5).close()
            except (json.JSONDecodeError, ConnectionRefusedError):
                continue  # half written, or it does not listen yet
            return f"http://127.0.0.1:{port}"
        time.sleep(0.1)
    raise AssertionError(f"no server within {SECONDS} s, exit code {server.poll()}: {log.read_text()}")
