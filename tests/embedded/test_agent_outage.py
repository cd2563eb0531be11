"""The API server goes away under a replica that leads, and comes back: the replica stops, and goes on."""

from __future__ import annotations

import copy
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from kitlib.agent.leader import Timing
from kitlib.agent.replica import Replica
from kitlib.agent.serving import Pulse
from kitlib.agent.status import AgentStatus
from kitlib.cluster import Cluster

ROOT = Path(__file__).parents[2]
TIMING = Timing(lease=4.0, hold=2.5, retry=0.4)


class Wire:
    """A line to the API server that can be cut and mended."""

    def __init__(self, address):
        self.target, self.port, self._open = (address.hostname, address.port), 0, []
        self.mend()

    def mend(self):
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def cut(self):
        for one in (self._listener, *self._open):
            with suppress(OSError):  # it was closed from the other end
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._open.clear()

    def _accept(self, listener):
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            far = socket.create_connection(self.target)
            self._open += [near, far]
            for ends in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=ends, daemon=True).start()

    def _pump(self, source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            return


@pytest.fixture
def wire(namespace):
    made = Wire(urlsplit(namespace.server))
    yield made
    made.cut()


@pytest.fixture
def far(namespace, wire):
    """The cluster over the wire."""
    binding = copy.copy(namespace.api.binding)
    straight, binding.check = binding.configure, lambda: None

    def configure(configuration):
        straight(configuration)
        configuration.host = f"https://127.0.0.1:{wire.port}"

    binding.configure = configure
    return Cluster(binding, namespace=namespace.namespace)


@pytest.fixture
def config(namespace):
    namespace.apply(ROOT / "charts/kit-agent/crds/agentconfig.yaml")
    namespace.wait("CustomResourceDefinition", "agentconfigs.kagent.io", until="Established")
    found = yaml.safe_load((ROOT / "todo-app/specs/agent.yaml").read_text())
    found["metadata"] = {"name": "watcher", "namespace": namespace.namespace}
    namespace.apply(found)
    yield
    namespace.delete("CustomResourceDefinition", "agentconfigs.kagent.io")


class Waiting:
    """An agent that waits for its end."""

    def __init__(self, begun):
        self.begun = begun

    def run(self, stop):
        self.begun.append(True)
        stop.wait()
        self.begun.append(False)

    def status(self):
        return AgentStatus("watching", 0, 0, 0, 0)


def until(true, seconds=60.0):
    end = time.monotonic() + seconds
    while not (found := true()) and time.monotonic() < end:
        threading.Event().wait(0.1)
    return found


def test_a_replica_stops_while_nobody_answers_and_goes_on_afterwards(namespace, wire, far, config, tmp_path):
    begun, stop = [], threading.Event()
    replica = Replica(far, "watcher", "one", tmp_path, lambda *_: Waiting(begun), Pulse(), TIMING)
    thread = threading.Thread(target=replica.run, args=(stop,), daemon=True)
    thread.start()
    assert until(lambda: begun == [True])
    wire.cut()
    assert until(lambda: begun == [True, False])
    assert not replica.elector.is_leader()
    assert "no API server answers" in replica.health.ready()
    assert replica.pulse.late() == []
    wire.mend()
    assert until(lambda: begun == [True, False, True])
    assert replica.health.ready() == ""
    stop.set()
    thread.join(60)
    assert not thread.is_alive()
    assert begun[-1] is False
    assert namespace.get("Lease", "watcher").at("spec.holderIdentity") == ""
