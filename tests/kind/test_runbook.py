"""The first runbook on the real application: its database's host is made wrong, and made right again."""

from __future__ import annotations

import base64

import pytest

from kitlib import faults, runbooks

NAME, API = "diagnose-and-fix", "todo-app-api"


@pytest.fixture
def place(app, tmp_path, monkeypatch):
    monkeypatch.setenv("KIT_RUNS_DIR", str(tmp_path / "runs"))
    from kitlib.settings import get_settings

    get_settings.cache_clear()
    app.wait("Deployment", API, timeout=180)
    yield app
    get_settings.cache_clear()


def run(app, approve):
    return runbooks.run(NAME, {"deployment": API, "namespace": app.namespace}, approve=approve)


def database_url(app):
    return base64.b64decode(app.get("Secret", API)["data"]["DATABASE_URL"]).decode()


def never(_change):
    raise AssertionError("nothing should have been asked")


def test_the_wrong_database_host_is_found_shown_approved_and_repaired(place):
    right = database_url(place)
    password = right.split("@")[0].rpartition(":")[2]
    faults.wrong_database_host(place)
    wrong = database_url(place)

    refused = run(place, lambda change: False)
    assert refused.exit_code == 4
    assert database_url(place) == wrong

    done = run(place, lambda change: True)
    assert done.exit_code == 0, done.record["message"]
    assert database_url(place) == right
    assert [finding["id"] for finding in done.record["findings"]] == ["host-unresolved"]
    assert place.call_service("GET", API, "/health/ready")
    assert all(check["ok"] for check in done.record["checks"])

    secrets = [password, right, wrong]
    secrets += [base64.b64encode(text.encode()).decode() for text in secrets]
    for folder in (refused.folder, done.folder):
        files = [path for path in folder.rglob("*") if path.is_file()]
        assert {"record.json", "report.html", "steps.jsonl"} <= {path.name for path in files}
        assert not [path for path in files for text in secrets if text in path.read_text()]

    again = run(place, never)
    assert (again.exit_code, again.record["findings"]) == (0, [])
