"""Two candidates for one Lease, and the memory that goes from leader to leader, on a real API server."""

from __future__ import annotations

import json
import os
import threading

import pytest

from kitlib.agent import cluster_state
from kitlib.agent.cluster_state import Keeper
from kitlib.agent.housekeeping import Housekeeping
from kitlib.agent.leader import Elector, Timing
from kitlib.agent.state_files import StateLost
from kitlib.cluster import Cluster
from kitlib.errors import Conflict, UsageError
from kitlib.policy import Audit, Budget, Limits


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def keeping(namespace):
    return Housekeeping(namespace, "watcher")


@pytest.fixture
def nowhere(namespace):
    """The same requests to an API server that is stopped: nobody listens at its address."""
    binding = namespace.api.binding
    gone = type(binding)((), "gone", "https://127.0.0.1:9", "", False)
    gone.check = lambda: None
    gone.configure = lambda configuration: setattr(configuration, "host", gone.server)
    return Housekeeping(Cluster(gone, namespace=namespace.namespace), "watcher")


def two(keeping, **timing):
    clock = Clock()
    return clock, *(Elector(keeping, name, Timing(**timing), clock) for name in ("a", "b"))


def test_one_of_two_leads_and_the_other_follows_when_it_is_killed(keeping):
    clock, first, second = two(keeping)
    assert first.step()
    assert not second.step()
    for _ in range(10):  # both live: it stays as it is, longer than a Lease lasts
        clock.now += 2.0
        assert first.step()
        assert not second.step()
    seen = clock.now
    while not second.is_leader():  # the first was killed
        clock.now += 2.0
        second.step()
        assert not (first.is_leader() and second.is_leader())
    assert 15.0 <= clock.now - seen <= 17.0
    assert keeping.lease()["spec"]["leaseTransitions"] == 1
    assert not first.step()  # it comes back, and sees who leads
    assert second.step()


def test_a_leader_that_ends_hands_over_at_once(keeping):
    _, first, second = two(keeping)
    assert first.step()
    stop = threading.Event()
    stop.set()
    first.run(stop)
    assert not first.is_leader()
    assert second.step()
    assert not first.step()


def test_without_an_api_server_the_leader_stops_by_its_own_clock(keeping, nowhere):
    clock, first, second = two(keeping)
    assert first.step()
    first._keeping = nowhere
    clock.now += 9.0
    assert first.step()  # nobody else can have it yet
    assert "no API server answers" in first.last_error
    clock.now += 1.0
    assert not first.is_leader()
    assert not first.step()
    first._keeping = keeping
    assert first.step()  # it answers again, and the Lease is still this one's
    assert not second.step()


def test_the_time_in_a_lease_is_believed_by_nobody(keeping):
    """The holder's clock is a year ahead, or behind: only that the Lease changes is looked at."""
    clock, first, second = two(keeping)
    assert first.step()
    for year in ("2001", "2099"):
        lease = keeping.lease()
        lease["spec"]["renewTime"] = f"{year}-01-01T00:00:00.000000Z"
        keeping.replace_lease(lease)
        assert not second.step()
        clock.now += 14.0
        assert not second.step()
    clock.now += 15.0
    assert second.step()


def test_a_lease_is_written_only_as_it_was_read(keeping):
    _, first, _ = two(keeping)
    assert first.step()
    old = keeping.lease()
    assert first.step()
    with pytest.raises(Conflict):
        keeping.replace_lease(old)
    old["metadata"].pop("resourceVersion")
    with pytest.raises(UsageError, match="resourceVersion"):
        keeping.replace_lease(old)


def fill(folder, entries=1):
    audit = Audit(folder / "audit.jsonl")
    for _ in range(entries):
        audit.write("begin", action="restart web")
    return Budget(folder / "budgets" / "watcher.json", Limits(actions_per_hour=2)).spend(pods=1)


def test_budget_and_audit_go_from_leader_to_leader_and_the_old_one_can_do_nothing(keeping, tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    first, second = Keeper(keeping, "a"), Keeper(keeping, "b")
    old.mkdir()
    (old / "digest.key").write_bytes(b"\x00key")
    first.load(old)
    assert fill(old) == ""
    assert first.changed(old)
    first.save(old)
    assert not first.changed(old)
    new.mkdir()
    (new / "stale.json").write_text("of an earlier term of this replica")
    second.load(new)
    assert not (new / "stale.json").exists()
    assert not (new / "digest.key").exists()
    assert fill(new) == ""
    assert "2 actions were done" in fill(new)
    assert Audit(new / "audit.jsonl").verify().ok
    second.save(new)
    fill(old)
    with pytest.raises(StateLost, match="replica b took over"):
        first.save(old)


def test_what_only_this_pod_has_outlives_a_restart_of_its_container(keeping, tmp_path):
    Keeper(keeping, "a").load(tmp_path)
    fill(tmp_path)  # and the container dies before it is saved
    again = Keeper(keeping, "a-restarted")
    again.load(tmp_path)
    assert len(list(Audit(tmp_path / "audit.jsonl").read())) == 1
    other = tmp_path / "other"
    other.mkdir()
    Keeper(keeping, "b").load(other)
    assert len(list(Audit(other / "audit.jsonl").read())) == 1


def test_a_save_whose_answer_is_lost_is_no_other_leader(keeping, tmp_path):
    keeper = Keeper(keeping, "a")
    keeper.load(tmp_path)
    before = keeper._found
    keeper.save(tmp_path)
    keeper._found = before  # as if the answer had not come
    fill(tmp_path)
    keeper.save(tmp_path)


def test_a_long_audit_goes_to_pieces_and_comes_back_whole(keeping, namespace, tmp_path, monkeypatch):
    monkeypatch.setattr(cluster_state, "PIECE", 1000)
    keeper = Keeper(keeping, "a")
    keeper.load(tmp_path)
    for _ in range(3):
        fill(tmp_path, entries=5)
        keeper.save(tmp_path)
    pieces = [item.name for item in namespace.list("ConfigMap") if "audit" in item.name]
    assert len(pieces) >= 2
    whole = (tmp_path / "audit.jsonl").read_bytes()
    other = tmp_path / "other"
    other.mkdir()
    Keeper(keeping, "b").load(other)
    assert (other / "audit.jsonl").read_bytes() == whole
    namespace.delete("ConfigMap", pieces[0])
    with pytest.raises(StateLost, match="part of the audit"):
        Keeper(keeping, "c").load(tmp_path / "third")


@pytest.mark.parametrize("name", ["../outside", "/etc/outside", "a/../../b", ".holder"])
def test_a_state_that_leads_out_of_its_folder_is_refused(keeping, namespace, tmp_path, name):
    content = {"data": {"holder": "x", "pieces": "0"}}
    packed = cluster_state._packed({name: b"{}"})
    keeping.create_kept("state", content | {"binaryData": {"files": packed}})
    with pytest.raises(StateLost, match="damaged"):
        Keeper(keeping, "a").load(tmp_path)
    assert os.listdir(tmp_path) == []
    assert json.loads(namespace.api.raw("get", "/version").data)["major"] == "1"
