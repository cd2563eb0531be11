"""The parts of the runbook engine that need no cluster: commands, shell lines, locks, records, history."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kitlib.cli.runbook import app as cli
from kitlib.errors import AlreadyRunning, RunbookError, StepTimeout, UsageError
from kitlib.policy import Denied
from kitlib.runbooks import catalogue, commands, history, locks, record, reserve
from kitlib.runbooks.parameters import Parameters, seconds
from kitlib.runbooks.preflight import Prepared
from kitlib.runbooks.timer import limited
from kitlib.settings import get_settings


def book(tmp_path, *sources, declared="", metadata=None):
    cells = [{"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": declared}]
    cells += [{"cell_type": "code", "metadata": {}, "source": source} for source in sources]
    path = tmp_path / "example.ipynb"
    path.write_text(json.dumps({"cells": cells, "metadata": {"kitlib": metadata or {}}}))
    return catalogue.load(path)


@pytest.mark.parametrize(
    "line",
    [
        "!kubectl delete pod x",
        "  ! ls",
        "out = !kubectl get pods",
        "%%bash\nkubectl get pods",
        "%sx ls",
        "import os\nos.system('kubectl get pods')",
        "os.popen('ls')",
        "subprocess.run(['kubectl', 'delete', 'ns', 'x'])",
        "get_ipython().system('ls')",
    ],
)
def test_a_shell_line_is_refused_with_its_cell(tmp_path, line):
    with pytest.raises(UsageError, match=r"cell 2: .* goes past the policy gate"):
        book(tmp_path, line).refuse_shell()


@pytest.mark.parametrize(
    "line", ["# !not a command", "x = 1 != 2", "print('hi')", "a = [1]\nassert a[0] !=2"]
)
def test_what_is_no_shell_line_is_not(tmp_path, line):
    book(tmp_path, line).refuse_shell()


@pytest.mark.parametrize(
    "command",
    [
        ("kubectl", "delete", "pod", "x"),
        ("kubectl", "apply", "-f", "x.yaml"),
        ("kubectl", "auth", "reconcile", "-f", "x"),
        ("kubectl", "rollout", "undo", "deployment/x"),
        ("kubectl", "exec", "x", "--", "rm", "-rf", "/"),
        ("kubectl", "get", "pods", "--kubeconfig=/tmp/other"),
        ("kubectl", "get", "pods", "--context", "prod"),
        ("kubectl", "-n", "x", "delete", "pod", "y"),
        ("kubectl",),
        ("kubectl", "get", "secret", "db", "-o", "yaml"),
        ("kubectl", "get", "pods,secrets"),
        ("kubectl", "get", "Secret/db"),
        ("kubectl", "get", "--raw", "/api/v1/secrets"),
        ("helm", "get", "values", "x"),
        ("helm", "upgrade", "x", "y"),
        ("helm", "uninstall", "x"),
        ("rm", "-rf", "/"),
        ("bash", "-c", "kubectl get pods"),
        (),
    ],
)
def test_a_command_that_may_change_something_or_show_a_secret_is_denied(command):
    with pytest.raises(Denied):
        commands.read_only(command)


@pytest.mark.parametrize(
    "command",
    [
        ("kubectl", "get", "pods", "-o", "wide"),
        ("kubectl", "rollout", "history", "deployment/x"),
        ("kubectl", "auth", "can-i", "get", "pods"),
        ("helm", "history", "x"),
    ],
)
def test_a_reading_command_passes(command):
    commands.read_only(command)


def test_a_line_for_a_shell_is_explained():
    with pytest.raises(UsageError) as refusal:
        commands.read_only(["kubectl get pods"])
    assert refusal.value.fix == "rb.sh(cluster, 'kubectl', 'get', 'pods')"


@pytest.mark.parametrize(
    ("text", "value"), [("90s", 90), ("5m", 300), ("1h30m", 5400), ("2d", 172800), ("0.5s", 0.5)]
)
def test_a_duration_is_seconds(text, value):
    assert seconds(text) == value


TYPED = """
node: Node = "worker"
pod: Pod | None = None
password: SecretRef = "db/password"
volume: PersistentVolumeClaim = "data"
wait: Duration = "5m"
memory: Quantity = "512Mi"
targets: list[Deployment] = []
"""


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("wait", "5", "expected duration such as"),
        ("wait", "", "expected duration such as"),
        ("wait", "5 minutes", "expected duration such as"),
        ("memory", "512mb", "expected Kubernetes quantity"),
        ("memory", "-1", "expected Kubernetes quantity"),
        ("password", "db", "password"),
        ("password", "db/", "password"),
        ("password", "../db/x", "password"),
        ("node", "Worker One", "node"),
        ("targets", "web,Not A Name", "targets"),
    ],
)
def test_a_value_of_a_cluster_type_is_checked(name, text, said):
    with pytest.raises(UsageError) as refusal:
        Parameters(TYPED, "example").coerce({name: text})
    assert said in refusal.value.message


def test_objects_are_found_inside_unions_and_lists():
    parameters = Parameters(TYPED, "example")
    assert parameters.naming("Pod") == ["pod"]
    assert parameters.naming("Deployment") == ["targets"]
    assert parameters.naming("Secret") == ["password"]
    assert parameters.coerce({"targets": "a,b"})["targets"] == ["a", "b"]


@pytest.mark.parametrize(
    "line", ['password: str = ""', 'api_token: str = "x"', "x_secret: str | None = None"]
)
def test_a_secret_as_plain_text_is_no_parameter(line):
    with pytest.raises(UsageError, match="SecretRef"):
        Parameters(line, "example")


def test_a_step_that_takes_too_long_is_interrupted():
    started = time.monotonic()
    with pytest.raises(StepTimeout, match=r"Sleep: it did not end within 0\.2 s"), limited("Sleep", 0.2):
        time.sleep(30)
    assert time.monotonic() - started < 5
    with limited("Quick", 0.2):
        pass
    time.sleep(0.3)  # no alarm is left behind


class Somewhere:
    server, namespace, context = "https://s", "shop", "c"


def test_one_run_at_a_time_for_each_target(tmp_path):
    item = book(tmp_path, declared='deployment: Deployment = "web"')
    prepared = Prepared(item, {"deployment": "web"}, Somewhere())
    other = Prepared(item, {"deployment": "api"}, Somewhere())
    code = (
        "import fcntl,sys,time; f=open(sys.argv[1],'a+'); fcntl.flock(f, fcntl.LOCK_EX);"
        "print('held', flush=True); time.sleep(60)"
    )
    with locks.held(prepared, tmp_path / "run"), locks.held(other):
        pass
    (path,) = [
        p for p in (get_settings().state_dir / "locks").glob("example-*.lock") if "run" in p.read_text()
    ]
    holder = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout.readline() == "held\n"
        with (
            pytest.raises(AlreadyRunning, match="is running on this target already") as refusal,
            locks.held(prepared),
        ):
            pass
        assert refusal.value.exit_code == 9
    finally:
        holder.kill()
        holder.wait()
    with locks.held(prepared):  # it ended with its holder
        pass


def begin(folder, **more):
    folder.mkdir(parents=True)
    head = {
        "runbook": "scale",
        "title": "Scale",
        "risk": "low",
        "parameters": {"replicas": 3},
        "context": "c",
    }
    head |= {
        "server": "https://s",
        "kit": "0",
        "declared_steps": [],
        "namespace": "shop",
        "context_given": None,
    }
    record.begin(folder, **head | more)
    return record.Journal(folder)


def test_a_full_disk_is_told_in_the_record(tmp_path, monkeypatch):
    journal = begin(tmp_path / "run")
    journal.write("phase", name="apply")
    real, full = os.write, [True]

    def write(descriptor, data):
        if full[0] and not (journal.path.parent / reserve.NAME).exists():
            full[0] = False
        if full[0]:
            real(descriptor, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, data)

    monkeypatch.setattr(os, "write", write)
    with pytest.raises(RunbookError, match="no space is left"):
        journal.write("step", id="one", title="One", timeout=None)
    assert [event["event"] for event in journal.read()] == ["phase", "step"]
    found = record.finish(tmp_path / "run", "failed", "no space is left")
    assert found["steps"][0]["status"] == "interrupted"


def test_a_change_of_which_nobody_knows_is_told(tmp_path):
    journal = begin(tmp_path / "run")
    journal.write("phase", name="apply")
    journal.write("action", id="a1", text="scale Deployment/web", planned=0, state="begun")
    journal.write("action", id="a1", text="scale Deployment/web", planned=0, state="done")
    journal.write("action", id="a2", text="restart Deployment/web", planned=1, state="begun")
    found = record.finish(tmp_path / "run", "kernel died", "the kernel died")
    assert [(item["id"], item["state"]) for item in found["actions"]] == [("a1", "done"), ("a2", "begun")]
    assert "nobody knows whether it was made" in (tmp_path / "run/report.html").read_text()


@pytest.fixture
def runs(tmp_path, monkeypatch):
    monkeypatch.setenv("KIT_RUNS_DIR", str(tmp_path / "runs"))
    get_settings.cache_clear()
    yield tmp_path / "runs"
    get_settings.cache_clear()


def finished(folder, replicas=3, status="done"):
    journal = begin(folder, parameters={"replicas": replicas})
    journal.write("phase", name="apply")
    journal.write("step", id="scale", title="Scale", timeout=None)
    journal.write("action", id="a", text="scale Deployment/web", planned=0, state="done")
    journal.write("step-end", id="scale", status="done", seconds=replicas / 10, error="", exit_code=0)
    journal.write("approval", value={"approved": True, "by": "ada", "hash": "h", "at": ""})
    return record.finish(folder, status, f"scaled to {replicas}")


def test_history_is_a_table_of_all_runs(runs):
    finished(runs / "20260101T000000Z-scale", 3)
    finished(runs / "20260102T000000Z-scale", 4, "failed")
    (runs / "20260103T000000Z-scale").mkdir()
    (runs / "20260103T000000Z-scale/record.json").write_text("{")
    found = history.frame()
    assert list(found["run"]) == [
        "20260103T000000Z-scale",
        "20260102T000000Z-scale",
        "20260101T000000Z-scale",
    ]
    assert list(found["status"]) == ["damaged", "failed", "done"]
    assert list(found["changes"][1:]) == [1, 1]
    assert found["approved_by"][2] == "ada"
    assert str(found["started"].dtype).endswith("UTC]")
    assert len(history.frame("other")) <= 1


def test_two_runs_side_by_side(runs):
    one, other = finished(runs / "a", 3), finished(runs / "b", 4, "failed")
    found = {item.what: (item.one, item.other) for item in history.compare(one, other)}
    assert found["status"] == ("done", "failed")
    assert found["parameter replicas"] == ("3", "4")
    assert found["step apply scale"] == ("done, 0.3 s", "done, 0.4 s")
    assert "changes made" not in found
    assert history.compare(one, one) == []


def test_a_run_is_found_by_a_beginning_of_its_name(runs):
    for name in ("20260101T000000Z-scale", "20260102T000000Z-scale"):
        finished(runs / name)
    assert history.find("20260101").name == "20260101T000000Z-scale"
    assert history.find("last").name == "20260102T000000Z-scale"
    with pytest.raises(UsageError, match="2 runs begin with"):
        history.find("2026")
    with pytest.raises(UsageError) as refusal:
        history.find("20260101T000000Z-scaling")
    assert "did you mean" in refusal.value.fix


def test_old_records_are_removed_and_the_newest_stay(runs):
    for number in range(4):
        finished(runs / f"2026010{number}T000000Z-scale")
    begin(runs / "20250101T000000Z-scale")  # still going on, in this process
    removed = history.prune(older_than=timedelta(seconds=-1), keep=2)
    assert [path.name for path in removed] == ["20260101T000000Z-scale", "20260100T000000Z-scale"]
    assert Path(runs / "20250101T000000Z-scale").exists()


def kit(*arguments):
    result = CliRunner().invoke(cli, list(arguments))
    return result.exit_code, result.output, result.exception


def test_the_commands_read_the_records(runs):
    finished(runs / "20260101T000000Z-scale", 3)
    finished(runs / "20260102T000000Z-scale", 4, "failed")
    code, output, _ = kit("history")
    lines = output.splitlines()
    assert code == 0
    assert lines[0].startswith("20260102T000000Z-scale  failed")
    assert len(lines) == 2
    assert json.loads(kit("history", "scale", "--json", "--limit", "1")[1])[0]["changes"] == 1
    code, output, _ = kit("compare", "20260101", "last")
    assert code == 0
    assert "parameter replicas" in output
    code, output, _ = kit("report", "last")
    assert Path(output.strip()).name == "report.html"
    assert kit("prune", "--older-than", "0s", "--keep", "1")[1] == "1 record removed\n"
    assert isinstance(kit("report", "20260101")[2], UsageError)
    assert isinstance(kit("prune", "--older-than", "soon")[2], UsageError)


def test_the_table_of_runs_is_empty_where_none_were(runs):
    assert kit("history")[:2] == (0, "")
    assert list(history.frame().columns) == list(history.COLUMNS)


def test_what_is_done_cannot_be_resumed(runs):
    finished(runs / "20260101T000000Z-scale")
    error = kit("resume", "last")[2]
    assert isinstance(error, UsageError)
    assert "nothing to resume" in error.message
