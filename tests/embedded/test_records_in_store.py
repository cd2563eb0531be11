"""Records in an S3-compatible store: stored while they are written, whatever ends the run; brought back."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest
import s3_store

from kitlib.errors import ClusterUnreachable, NotFound, UsageError
from kitlib.runbooks import record
from kitlib.runbooks.remote import bucket, collecting
from kitlib.settings import get_settings

RUN = "20260101T000000Z-look"
# A run as short as can be: it writes its record, and when it is told to end, that too.
PROGRAM = """
import json, pathlib, signal, sys, time
runs = pathlib.Path(sys.argv[1]) / "RUN"
runs.mkdir(parents=True)
head = {"runbook": "look", "notebook": "look.ipynb", "status": "running", "exit_code": None, "pid": 1}
head |= {"started": "2026-01-01T00:00:00+00:00", "message": "", "seconds": 0, "title": "", "parameters": {}}
head |= {"risk": "low", "context": "c", "namespace": "n", "server": "s", "kit": "1"}
def write(**more):
    (runs / "record.json").write_text(json.dumps({**head, **more}))
def end(*_):
    write(status="aborted", exit_code=7)
    sys.exit(7)
signal.signal(signal.SIGTERM, end)
write()
(runs / "steps.jsonl").write_text("")
if sys.argv[2] == "wait":
    time.sleep(600)
write(status="failed", exit_code=3, message="on purpose")
sys.exit(3)
""".replace("RUN", RUN)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with s3_store.running(tmp_path_factory.mktemp("store") / "data") as found:
        yield found


@pytest.fixture
def place(store, tmp_path, monkeypatch):
    """Settings as a pod has them, with a prefix of the test's own."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3_store.ACCESS)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3_store.SECRET)
    monkeypatch.setenv("KIT_RUNNER_RECORDS", f"{store.records}/{tmp_path.name}")
    monkeypatch.setenv("KIT_S3_ENDPOINT", store.endpoint)
    monkeypatch.setenv("KIT_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("KIT_RUNS_DIR", str(tmp_path / "runs"))
    monkeypatch.setenv("POD_NAME", "kit-look-x1")
    (tmp_path / "state" / "undo").mkdir(parents=True)
    (tmp_path / "state" / "digest.key").write_text("the key stays")
    (tmp_path / "state" / "undo" / "abcd.json").write_text("{}")
    get_settings.cache_clear()
    yield tmp_path
    get_settings.cache_clear()


def start(place, how):
    """The pod's program around a run."""
    command = [sys.executable, "-m", "kitlib.runbooks.remote.keeping"]
    command += [sys.executable, "-c", PROGRAM, str(place / "runs"), how]
    return subprocess.Popen(command, env={**os.environ}, stderr=subprocess.PIPE, text=True)


def brought(place, monkeypatch):
    """The record, brought to a machine that has none."""
    monkeypatch.setenv("KIT_RUNS_DIR", str(place / "elsewhere"))
    monkeypatch.setenv("KIT_STATE_DIR", str(place / "other-state"))
    get_settings.cache_clear()
    return collecting.bring(bucket.chosen(), "kit-look-x1", None)


def test_a_run_is_stored_and_its_exit_code_is_the_programs(place, monkeypatch):
    process = start(place, "end")
    assert process.wait(60) == 3, process.stderr.read()
    [found] = bucket.chosen().stored()
    assert (found.pod, found.runs) == ("kit-look-x1", (RUN,))
    [folder] = brought(place, monkeypatch)
    assert record.read(folder)["message"] == "on purpose"
    assert (place / "other-state" / "undo" / "abcd.json").exists()
    assert not (place / "other-state" / "digest.key").exists()
    assert "digest.key" not in "".join(bucket.chosen()._paths(""))


def test_what_is_written_is_stored_before_the_run_ends_and_a_signal_reaches_it(place, monkeypatch):
    process = start(place, "wait")
    deadline = time.monotonic() + 60
    while not bucket.chosen().stored():
        assert time.monotonic() < deadline
        time.sleep(0.5)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 7, process.stderr.read()
    [folder] = brought(place, monkeypatch)
    assert json.loads((folder / "record.json").read_text())["status"] == "aborted"


def test_a_store_that_is_away_does_not_change_the_exit_code_but_is_said(place, monkeypatch):
    monkeypatch.setenv("KIT_S3_ENDPOINT", "http://127.0.0.1:1")
    process = start(place, "end")
    assert process.wait(120) == 3
    assert "could not be stored" in process.stderr.read()


def test_a_pod_that_left_nothing_brings_nothing(place):
    assert bucket.chosen().stored() == []
    with pytest.raises(NotFound):
        bucket.chosen().fetch("nobody", place)


def test_a_wrong_key_and_a_wrong_address_are_said(place, monkeypatch):
    endpoint = get_settings().s3_endpoint
    for address, at, named in (
        ("records", endpoint, "expected s3://BUCKET"),
        ("s3://records", "127.0.0.1:1", "s3_endpoint"),
        ("s3://nothing", endpoint, "NoSuchBucket"),
    ):
        with pytest.raises(UsageError, match=named):
            bucket.bucket(address, at).stored()
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(UsageError, match="SignatureDoesNotMatch"):
        bucket.chosen().stored()
    with pytest.raises(ClusterUnreachable, match="does not answer"):
        bucket.bucket("s3://records", "http://127.0.0.1:1").stored()
