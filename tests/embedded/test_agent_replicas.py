"""Two whole replicas of the agent on a real API server: one acts, its death and its end hand over."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from kitlib import policy
from kitlib.agent import custom_resource, permissions
from kitlib.agent.leader import Timing
from kitlib.agent.replica import Replica
from kitlib.agent.serving import Pulse
from kitlib.agent.status import AgentStatus
from kitlib.cluster.embedded import ports
from kitlib.errors import KitError
from kitlib.policy import Actor, Approvals, Audit, Budget, Gate, Limits

ROOT = Path(__file__).parents[2]
TIMING = Timing(lease=4.0, hold=2.5, retry=0.4)


@pytest.fixture(scope="module")
def defined(embedded):
    embedded.apply(ROOT / "charts/kit-agent/crds/agentconfig.yaml")
    embedded.wait("CustomResourceDefinition", "agentconfigs.kagent.io", until="Established")
    yield
    embedded.delete("CustomResourceDefinition", "agentconfigs.kagent.io")


@pytest.fixture
def place(namespace, defined):
    """A namespace with an AgentConfig, and a note that agents write their names to."""
    found = yaml.safe_load((ROOT / "todo-app/specs/agent.yaml").read_text())
    found["metadata"] = {"name": "watcher", "namespace": namespace.namespace}
    found["spec"]["scope"]["namespaces"] = [namespace.namespace]
    note = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "note"}, "data": {"by": "nobody"}}
    namespace.apply([found, note])
    yield namespace
    namespace.delete("AgentConfig", "watcher")


class Writer:
    """An agent of one act: through the gate, with an account of one action in an hour, it writes the note."""

    def __init__(self, pod, may_act, before_change):
        self.pod, self.may_act, self.before_change = pod, may_act, before_change

    def told(self, change):
        """The gate's word before each change, and the place at which a test kills the process."""
        if change.state == "begun":
            self.before_change()
            if self.pod.killed_at_change:
                self.pod.dead.set()
                self.pod.stop.wait()
                raise KitError("killed")

    def run(self, stop):
        while not stop.is_set():
            if self.may_act():
                self.pod.looked.set()
                self.act()
            stop.wait(0.2)

    def act(self):
        folder = self.pod.folder
        limits = Limits(actions_per_hour=1)
        gate = Gate(
            Actor("agent", "watcher"),
            Approvals(folder / "approvals"),
            Audit(folder / "audit.jsonl"),
            Budget(folder / "budget.json", limits),
            needs_approval=(),
            tell=self.told,
        )
        try:
            with policy.acting(gate):
                by = {"data": {"by": self.pod.name}}
                self.pod.cluster.patch("ConfigMap", "note", by, type="merge")
        except KitError as error:
            self.pod.refused.append(error.message)

    def status(self):
        return AgentStatus("watching", 0, 0, 0, 0)


class Pod:
    """A replica in a thread, with the state folder of a pod that is new."""

    def __init__(self, cluster, name, folder, killed_at_change=False):
        self.cluster, self.name, self.folder = cluster, name, folder
        self.killed_at_change, self.dead = killed_at_change, threading.Event()
        self.refused, self.looked, self.stop = [], threading.Event(), threading.Event()
        folder.mkdir()

        def make(config, listener, may_act, before_change):
            return Writer(self, may_act, before_change)

        self.replica = Replica(cluster, "watcher", name, folder, make, Pulse(), TIMING)
        self.thread = threading.Thread(target=self.replica.run, args=(self.stop,), daemon=True)
        self.thread.start()

    def end(self):
        self.stop.set()
        self.thread.join(60)
        assert not self.thread.is_alive()

    def freeze(self):
        """As SIGSTOP would: no renewal goes out, and whoever looks still thinks that it leads."""
        self.replica.elector.step = lambda: True


@pytest.fixture
def pods(place, tmp_path):
    made = {}

    def start(name, **how):
        made[name] = Pod(place, name, tmp_path / name, **how)
        return made[name]

    yield start
    for pod in made.values():
        pod.end()


def until(true, seconds=40.0):
    end = time.monotonic() + seconds
    while not (found := true()) and time.monotonic() < end:
        threading.Event().wait(0.1)
    return found


def note(cluster):
    return cluster.get("ConfigMap", "note").at("data.by")


def test_one_acts_and_the_next_goes_on_with_its_account_and_its_audit(place, pods):
    first = pods("one")
    assert until(lambda: note(place) == "one")
    second = pods("two")
    assert until(lambda: second.replica.elector.answered)
    assert second.replica.health.ready() == ""
    assert not second.looked.is_set()
    assert place.get("AgentConfig", "watcher").at("status.leader") in (None, "one")
    first.end()  # it gives the Lease back
    assert until(lambda: second.refused)
    assert "1 actions were done within the last hour" in second.refused[0]
    assert note(place) == "one"
    audit = Audit(second.folder / "audit.jsonl")
    assert audit.verify().ok
    events = [entry["event"] for entry in audit.read()]
    assert events[:2] == ["begin", "end"]
    assert until(lambda: place.get("AgentConfig", "watcher").at("status.leader") == "two")


def test_a_leader_that_was_frozen_can_do_nothing_when_it_wakes(place, pods):
    first = pods("one")
    assert until(lambda: note(place) == "one")
    (first.folder / "budget.json").unlink()  # it would act again
    keeper = first.replica._keeper
    first.freeze()
    second = pods("two")
    assert until(second.replica.elector.is_leader)
    assert until(second.looked.is_set)
    assert not first.replica.elector.is_leader()
    with pytest.raises(KitError, match=r"two_.* took over"):
        keeper.save(first.folder)
    assert note(place) == "one"


def test_of_a_leader_killed_in_its_action_the_next_knows_what_it_had_begun(place, pods):
    first = pods("one", killed_at_change=True)
    assert first.dead.wait(40)
    first.freeze()
    second = pods("two")
    assert until(lambda: second.refused)
    assert "1 actions were done within the last hour" in second.refused[0]  # it counts, and is not repeated
    assert note(place) == "nobody"
    audit = Audit(second.folder / "audit.jsonl")
    assert audit.verify().ok
    begun = [entry for entry in audit.read() if entry["event"] in ("begin", "end")]
    assert [entry["event"] for entry in begun] == ["begin"]
    assert begun[0]["action"]["name"] == "note"


PROCESS = """
import sys
from pathlib import Path
from kitlib.cluster import in_pod
in_pod.FOLDER = Path(sys.argv.pop(1))
from kitlib.agent import pod
sys.exit(pod.main())
"""


def authority(cluster):
    if "certificate-authority-data" in cluster:
        return base64.b64decode(cluster["certificate-authority-data"])
    return Path(cluster["certificate-authority"]).read_bytes()


def mounted(cluster, folder):
    """What the kubelet would mount: a token of the agent's ServiceAccount, and the authority."""
    folder.mkdir()
    path = f"/api/v1/namespaces/{cluster.namespace}/serviceaccounts/watcher/token"
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    token = json.loads(cluster.api.raw("post", path, body=body).data)["status"]["token"]
    (folder / "token").write_text(token)
    [found] = yaml.safe_load(cluster.api.binding.files[0].read_text())["clusters"]
    (folder / "ca.crt").write_bytes(authority(found["cluster"]))


def phase(cluster):
    return cluster.get("AgentConfig", "watcher").at("status.phase")


def get(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except OSError as error:
        return getattr(error, "code", 0), str(error)


def test_the_pods_process_works_with_its_accounts_rights_and_ends_well(place, tmp_path):
    body = place.get("AgentConfig", "watcher")
    config, _ = custom_resource.read(body)
    place.apply(permissions.access_of(config).objects({}))
    mounted(place, tmp_path / "account")
    address, port = urlsplit(place.server), ports.free_port()
    environment = os.environ | {
        "KUBERNETES_SERVICE_HOST": address.hostname,
        "KUBERNETES_SERVICE_PORT": str(address.port),
        "POD_NAME": "watcher-0",
        "POD_NAMESPACE": place.namespace,
        "KIT_STATE_DIR": str(tmp_path / "state"),
        "KIT_CACHE_DIR": str(tmp_path / "cache"),
    }
    command = [sys.executable, "-c", PROCESS, str(tmp_path / "account"), "watcher", f"--port={port}"]
    log = tmp_path / "log"
    with log.open("w") as said, subprocess.Popen(command, env=environment, stderr=said) as process:
        try:
            assert until(lambda: get(port, "/readyz") == (200, "ok\n"), 90), log.read_text()
            assert until(lambda: phase(place) == "watching"), log.read_text()
            assert get(port, "/healthz") == (200, "ok\n")
            assert "kit_agent_leader 1.0" in get(port, "/metrics")[1]
            assert place.get("Lease", "watcher").at("spec.holderIdentity").startswith("watcher-0_")
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(90)
    told = log.read_text()
    assert process.returncode == 0, told
    assert "Traceback" not in told
    assert place.get("Lease", "watcher").at("spec.holderIdentity") == ""
    assert place.get("ConfigMap", "watcher-state").at("data.holder").startswith("watcher-0_")
