"""Records on their way back: handed out to whoever knows the token, and put among the local ones."""

from __future__ import annotations

import io
import json
import tarfile
import threading
import urllib.error
import urllib.request
from pathlib import Path
from types import SimpleNamespace

import pytest

from kitlib.errors import NotFound
from kitlib.runbooks import history, record
from kitlib.runbooks.remote import bucket, collecting, reader
from kitlib.settings import get_settings

RUN = "20260101T000000Z-report"


@pytest.fixture
def local(tmp_path, monkeypatch):
    """Folders of one's own, as the settings name them."""
    monkeypatch.setenv("KIT_RUNS_DIR", str(tmp_path / "local"))
    monkeypatch.setenv("KIT_STATE_DIR", str(tmp_path / "here"))
    get_settings.cache_clear()
    yield tmp_path
    get_settings.cache_clear()


def volume(base, pod="kit-report-x1", run=RUN, status="done"):
    """A volume on which one pod left a record, a pre-image and the key."""
    folder = base / pod / "runs" / run
    folder.mkdir(parents=True)
    head = {"runbook": "report", "notebook": "/app/runbooks/report.ipynb", "status": status, "exit_code": 0}
    head |= {"started": "2026-01-01T00:00:00+00:00", "pid": 1, "message": "well", "seconds": 1.0}
    (folder / "record.json").write_text(json.dumps(head))
    (folder / "steps.jsonl").write_text("")
    (folder / ".reserve").write_text("space")
    state = base / pod / "state"
    (state / "undo").mkdir(parents=True)
    (state / "undo" / "abcd.json").write_text("{}")
    (state / "audit.jsonl").write_text("{}\n")
    (state / "digest.key").write_text("key")
    return base


class Found:
    """A reader without a cluster."""

    def __init__(self, base):
        self.base = base

    def fetch(self, pod, place):
        content = reader.archive(self.base, pod)
        if content is None:
            raise NotFound("none", status=404)
        with tarfile.open(fileobj=io.BytesIO(content)) as found:
            found.extractall(place, filter="data")


def test_a_listing_is_ordered_by_time_and_leaves_out_what_is_no_record(tmp_path):
    base = volume(volume(tmp_path), "kit-report-a2", "20260102T000000Z-report")
    (base / "locks").mkdir()
    (base / "refused" / "runs").mkdir(parents=True)
    assert reader.listing(base) == [
        {"pod": "kit-report-x1", "runs": [RUN]},
        {"pod": "kit-report-a2", "runs": ["20260102T000000Z-report"]},
    ]


@pytest.mark.parametrize("name", ["", ".", "..", "../kit-report-x1", "nobody", "kit-report-x1/runs"])
def test_no_name_leads_out_of_the_volume(tmp_path, name):
    assert reader.archive(volume(tmp_path), name) is None


def test_an_archive_holds_files_only_and_not_the_key(tmp_path):
    base = volume(tmp_path)
    (base / "kit-report-x1" / "runs" / RUN / "link").symlink_to("/etc/passwd")
    with tarfile.open(fileobj=io.BytesIO(reader.archive(base, "kit-report-x1"))) as found:
        names = {item.name for item in found if item.isfile()}
    assert names == {
        f"runs/{RUN}/record.json", f"runs/{RUN}/steps.jsonl", "state/undo/abcd.json", "state/audit.jsonl"
    }  # fmt: skip


def test_only_who_knows_the_token_is_answered(tmp_path):
    served = reader.server(volume(tmp_path), 0, "right")
    threading.Thread(target=served.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{served.server_address[1]}"

    def get(path):
        with urllib.request.urlopen(base + path, timeout=5) as answer:
            return answer.read()

    try:
        assert get("/healthz") == b"ok"
        assert json.loads(get("/right/list"))[0]["pod"] == "kit-report-x1"
        assert get("/right/kit-report-x1.tar.gz")[:2] == b"\x1f\x8b"
        refused = ("/list", "/wrong/list", "/right/other.tar.gz", "/right/", "/right/kit-report-x1", "//list")
        for path in refused:
            with pytest.raises(urllib.error.HTTPError, match="404"):
                get(path)
    finally:
        served.shutdown()
        served.server_close()


def test_a_record_comes_among_the_local_ones_with_the_way_to_undo_it(local):
    [folder] = collecting.bring(Found(volume(local / "volume")), "kit-report-x1", "mine")
    assert folder == local / "local" / RUN
    found = record.read(folder)
    assert (found["pod"], found["context_given"], found["status"]) == ("kit-report-x1", "mine", "done")
    assert history.folders() == [folder]
    assert (folder / "audit.jsonl").read_text() == "{}\n"
    kept = local / "here" / "undo" / "abcd.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert not (local / "here" / "digest.key").exists()


def test_a_name_that_is_taken_gets_a_number(local):
    base = volume(volume(local / "volume"), "kit-report-b2")
    folders = [collecting.bring(Found(base), pod, None)[0] for pod in ("kit-report-x1", "kit-report-b2")]
    assert [folder.name for folder in folders] == [RUN, f"{RUN}-2"]


def test_a_pod_that_left_no_record_brings_none(local):
    assert collecting.bring(Found(volume(local / "volume")), "kit-report-zz", None) == []


class Client:
    """A store with these names, each file holding its own."""

    def __init__(self, *names):
        self.names = names

    def list_objects(self, _bucket, *, prefix, recursive):
        assert recursive
        return [SimpleNamespace(object_name=name) for name in self.names if name.startswith(prefix)]

    def fget_object(self, _bucket, name, path):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(name)


def test_a_bucket_lists_pods_with_records_oldest_first():
    names = (f"kit/b/runs/{RUN}-2/record.json", f"kit/a/runs/{RUN}/record.json", "kit/c/state/audit.jsonl")
    found = bucket.Bucket("records", "kit", Client(*names, f"kit/a/runs/{RUN}/steps.jsonl"))
    assert [(item.pod, item.runs) for item in found.stored()] == [("a", (RUN,)), ("b", (f"{RUN}-2",))]
    assert str(found) == "s3://records/kit"


def test_a_name_in_a_bucket_that_leads_elsewhere_is_left_out(tmp_path):
    place = tmp_path / "place"
    place.mkdir()
    found = bucket.Bucket(
        "records", "", Client("a/runs/x/record.json", "a/../../evil", "ab/runs/y/record.json")
    )
    found.fetch("a", place)
    assert [path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()] == [
        Path("place/runs/x/record.json")
    ]
    with pytest.raises(NotFound):
        found.fetch("nobody", place)
