"""The life of an embedded control plane: made, repaired, killed, removed; and the provider `current`."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys

import psutil
import pytest
from typer.testing import CliRunner

from kitlib.cluster import Cluster, manage
from kitlib.cluster.embedded import processes
from kitlib.cluster.embedded.processes import Mark
from kitlib.cluster.providers.base import clusters_dir, load_record
from kitlib.errors import ClusterError, ClusterUnreachable, ContextChanged, MachineError, UsageError

OWNER = """
import sys
from kitlib.cluster.embedded import running
with running() as cluster:
    print(cluster.api.binding.files[0].parent, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def cluster():
    record = manage.up("one", "embedded")
    yield record
    manage.down("one")


def marks(record):
    return {mark.name: mark for mark in map(Mark.parse, record.owned)}


def test_up_is_idempotent_repairs_and_down_leaves_nothing(cluster):
    assert manage.status("one").state == "running"
    assert manage.up("one").owned == cluster.owned
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kept"}}
    cluster.connect().apply(config_map)
    marks(cluster)["kube-scheduler"].send(signal.SIGKILL)
    processes.await_end([marks(cluster)["kube-scheduler"]], 10)
    assert manage.status("one").state == "broken"
    again = manage.up("one")
    assert manage.status("one").state == "running"
    assert again.connect().server == cluster.connect().server
    assert again.connect().find("ConfigMap", "kept") is not None
    assert manage.down("one")
    assert not processes.alive(marks(again).values())
    assert not (clusters_dir() / "one").exists()
    assert manage.down("one") is False


def test_a_killed_supervisor_takes_the_others_along(cluster):
    marks(cluster)["supervisor"].send(signal.SIGKILL)
    assert processes.await_end(marks(cluster).values(), 20) == []
    assert manage.status("one").state == "stopped"
    with pytest.raises(ClusterUnreachable, match="connection refused"):
        cluster.connect().version()


def test_it_starts_again_after_a_full_stop_with_its_data_and_port(cluster):
    cluster.connect().apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kept"}})
    marks(cluster)["supervisor"].send(signal.SIGTERM)
    assert processes.await_end(marks(cluster).values(), 20) == []
    again = manage.up("one")
    assert again.connect().server == cluster.connect().server
    assert again.connect().find("ConfigMap", "kept") is not None


def test_a_hung_api_server_is_broken_and_up_replaces_it(cluster):
    marks(cluster)["kube-apiserver"].send(signal.SIGSTOP)
    found = manage.status("one")
    assert (found.state, "no answer in time" in found.detail) == ("broken", True)
    again = manage.up("one")
    assert manage.status("one").state == "running"
    assert not processes.alive(marks(cluster).values())
    assert again.owned != cluster.owned


def test_a_component_that_dies_at_its_start_is_named_with_what_it_said(cluster):
    manage.down("one")
    wal = clusters_dir() / "one" / "etcd" / "member" / "wal"
    wal.mkdir(parents=True)
    (wal / "0000000000000000-0000000000000000.wal").write_bytes(b"not a log")
    with pytest.raises(ClusterError, match=r"(?s)etcd of kit-one ended with code \d+.*wal.*panic: "):
        manage.up("one", "embedded")
    assert load_record("one") is None


def test_fake_nodes_and_another_port_on_a_running_cluster():
    try:
        record = manage.up("three", "embedded", nodes=3)
        assert [n.name for n in record.connect().list("Node")] == ["fake-1", "fake-2", "fake-3"]
        assert all(manage.status("three").nodes.values())
        with pytest.raises(UsageError, match="runs with its API server on port"):
            manage.up("three", api_port=1)
    finally:
        manage.down("three")


def test_a_killed_parent_leaves_no_process_and_no_file():
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    folder = owner.stdout.readline().strip()
    below = psutil.Process(owner.pid).children(recursive=True)
    assert len(below) == 5
    owner.kill()
    owner.wait()
    _, left = psutil.wait_procs(below, timeout=20)
    assert not left
    assert not os.path.exists(folder)


def test_a_taken_port_is_refused_before_anything_starts():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(MachineError, match=rf"{port}.*pid {os.getpid()}"):
            manage.up("two", "embedded", api_port=port)
    assert load_record("two") is None


def test_two_at_once_and_a_switched_kubeconfig_is_noticed(embedded, cluster, tmp_path):
    shared = tmp_path / "config"
    shared.write_bytes(embedded.api.binding.files[0].read_bytes())
    bound = Cluster.from_kubeconfig(shared)
    assert bound.version() == cluster.connect().version()
    shared.write_bytes(cluster.kubeconfig.read_bytes())
    with pytest.raises(ContextChanged, match="kit-one"):
        bound.list("Namespace")


def test_images_are_refused(cluster):
    with pytest.raises(UsageError, match="runs no containers"):
        manage.load("one", ["web:1"])


def test_current_binds_a_context_and_down_only_forgets(cluster, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig))
    assert manage.up("mine", "current").context == "kit-one"
    assert manage.status("mine").state == "running"
    with pytest.raises(UsageError, match="not made by kit"):
        manage.load("mine", ["web:1"])
    assert manage.down("mine")
    assert manage.status("one").state == "running"


def test_current_refuses_a_dead_server(cluster, monkeypatch, tmp_path):
    dead = tmp_path / "config"
    dead.write_bytes(cluster.kubeconfig.read_bytes())
    manage.down("one")
    monkeypatch.setenv("KUBECONFIG", str(dead))
    with pytest.raises(ClusterUnreachable, match="connection refused"):
        manage.up("mine", "current")
    assert load_record("mine") is None


def test_an_unknown_provider_is_named():
    from kitlib.cli.cluster import app

    found = CliRunner().invoke(app, ["up", "--provider", "embeded"])
    assert isinstance(found.exception, UsageError)
    assert "embedded" in found.exception.fix
