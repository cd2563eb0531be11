"""A real S3-compatible store for tests: a process with a folder, which checks signatures."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass

from kitlib import tools

ACCESS, SECRET = "kit-test-access", "kit-test-secret-5d1f"


@dataclass(frozen=True)
class Store:
    """Where it listens, and where its bucket is."""

    port: int
    address: str = "127.0.0.1"
    records: str = "s3://records/kit"

    @property
    def endpoint(self):
        return f"http://{self.address}:{self.port}"


@contextmanager
def running(folder, address="127.0.0.1"):
    """A store with an empty bucket `records`."""
    (folder / "records").mkdir(parents=True)
    sidecar = folder.parent / "sidecar"  # which it refuses anywhere under a name that begins as the folder's
    sidecar.mkdir()
    with socket.socket() as probe:
        probe.bind((address, 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "ROOT_ACCESS_KEY_ID": ACCESS, "ROOT_SECRET_ACCESS_KEY": SECRET}
    place = ["--port", f"{address}:{port}", "posix", "--sidecar", sidecar, folder]
    with (folder.parent / "store.log").open("w") as log:
        process = subprocess.Popen(
            [tools.find("versitygw"), *place], env=environment, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        _await(process, address, port)
        yield Store(port, address)
    finally:
        process.terminate()
        process.wait(10)


def _await(process, address, port):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex((address, port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("the store does not listen")
