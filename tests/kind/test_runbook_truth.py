"""The record tells the truth whatever dies, and a run that died is finished or refused, never guessed.

The runbook of these tests makes three changes, each in a step of its own. A file tells it where to die.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import psutil
import pytest

from kitlib import runbooks, tools
from kitlib.errors import Conflict, NotApproved, PrecheckFailed, UsageError
from kitlib.policy import current
from kitlib.runbooks import history, undoing
from kitlib.settings import get_settings

STEPS = ("settings", "scale", "label")
HEAD = """
import os, signal, sys, time
from pathlib import Path
from kitlib import connect
from kitlib.runbooks import Deployment, Namespace, start

def perhaps(where, rb):
    mark = Path("die.txt")
    if rb.applying and mark.exists() and mark.read_text().split()[0] == where:
        how = mark.read_text().split()[1]
        mark.unlink()
        if how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        elif how == "exit":
            sys.exit(0)
        elif how == "raise":
            raise ValueError("as asked")
        Path("waiting").touch()
        time.sleep(600)
"""
DECLARED = """
namespace: Namespace = "x"
deployment: Deployment = "web"
replicas: int = 3
approve: str = ""
"""
CELLS = {
    "start": "rb = start(approve, namespace=namespace, deployment=deployment, replicas=replicas)\n"
    "cluster = connect(namespace=namespace)",
    "settings": 'with rb.step("settings", "Settings"):\n'
    '    perhaps("before-settings", rb)\n'
    '    made = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}}\n'
    '    cluster.apply(made | {"data": {"level": "DEBUG"}})\n'
    '    perhaps("after-settings", rb)',
    "scale": 'with rb.step("scale", "Scale", timeout=5):\n'
    '    perhaps("before-scale", rb)\n'
    '    cluster.scale("Deployment", deployment, replicas)\n'
    '    perhaps("after-scale", rb)',
    "label": 'with rb.step("label", "Label"):\n'
    '    perhaps("before-label", rb)\n'
    '    cluster.patch("Deployment", deployment, {"metadata": {"labels": {"tier": "front"}}})\n'
    '    perhaps("after-label", rb)',
    "cleanup": 'with rb.step("tidy", "Tidy up"):\n    print("tidied")',
    "result": 'rb.result(f"scaled to {replicas}")',
}


@pytest.fixture
def place(namespace, tmp_path, monkeypatch):
    """A healthy Deployment, the runbook beside it, and an environment in which connect finds the cluster."""
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(map(str, namespace.api.binding.files)))
    monkeypatch.chdir(tmp_path)
    get_settings.cache_clear()
    labels = {"app": "web"}
    # An image that every node has, of a program that runs until it is told to end.
    dns = namespace.list("Pod", namespace="kube-system", labels={"k8s-app": "kube-dns"})[0]
    container = {"name": "web", "image": dns.at("spec.containers.0.image"), "args": ["-dns.port=5353"]}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    namespace.apply(
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}
    )
    namespace.wait("Deployment", "web")
    cells = [nbformat.v4.new_code_cell(text) for text in (HEAD, DECLARED, *CELLS.values())]
    cells[1]["metadata"]["tags"] = ["parameters"]
    cells[-2]["metadata"]["tags"] = ["cleanup"]
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(
        nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": spec}), tmp_path / "three.ipynb"
    )
    yield namespace
    get_settings.cache_clear()


def yes(_change):
    return True


def run(cluster, **more):
    given = {"namespace": cluster.namespace, "replicas": more.pop("replicas", "3")}
    how = {"approve": yes, "context": cluster.context, "quiet": True}
    return runbooks.run("three.ipynb", given, **how | more)


def die(where, how="kill"):
    Path("die.txt").write_text(f"{where} {how}")


def facts(cluster):
    web = cluster.get("Deployment", "web")
    return {
        "settings": cluster.find("ConfigMap", "settings") is not None,
        "scale": web.at("spec.replicas") == 3,
        "label": web.labels.get("tier") == "front",
    }


def statuses(record):
    """How each step of the newest apply ended."""
    last = [s for s in record["steps"] if s["phase"] == "apply"]
    return {step["id"]: step["status"] for step in last}


def assert_true(cluster, record):
    """What the record calls done is done, and what it calls not begun is not."""
    found = facts(cluster)
    told = {STEPS[item["planned"]]: item["state"] for item in record["actions"]}
    for step in STEPS:
        if told.get(step) == "done":
            assert found[step], step
        elif step not in told:
            assert not found[step], step
    for step, status in statuses(record).items():
        assert status != "done" or step == "tidy" or found[step], step


def test_a_plan_is_made_and_carried_out_and_undone(place):
    result = run(place)
    assert result.exit_code == 0, result.record["message"]
    assert facts(place) == dict.fromkeys(STEPS, True)
    assert statuses(result.record) == {**dict.fromkeys(STEPS, "done"), "tidy": "done"}
    assert [item["state"] for item in result.record["actions"]] == ["done"] * 3
    undone = undoing.undo_run(place, result.folder)
    assert sorted(item.change.kind for item in undone) == ["ConfigMap", "Deployment"]
    assert facts(place) == dict.fromkeys(STEPS, False)
    assert "was put back" in (result.folder / "report.html").read_text()
    with pytest.raises(UsageError, match="was undone at"):
        undoing.plan_undo(place, result.folder)


def test_undo_refuses_on_drift_and_touches_nothing(place):
    result = run(place)
    place.scale("Deployment", "web", 4)
    with pytest.raises(Conflict, match=r"spec\.replicas"):
        undoing.undo_run(place, result.folder)
    assert place.find("ConfigMap", "settings") is not None


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_kernel_killed_at_any_step_leaves_a_true_record_and_is_resumed(place, when, step):
    die(f"{when}-{step}")
    result = run(place)
    assert (result.exit_code, result.record["status"]) == (6, "kernel died")
    assert statuses(result.record)[step] == "interrupted"
    assert_true(place, result.record)
    again = runbooks.resume(result.folder)
    assert again.exit_code == 0, again.record["message"]
    assert facts(place) == dict.fromkeys(STEPS, True)
    assert len(again.record["resumed"]) == 1
    done = [item["planned"] for item in again.record["actions"] if item["state"] == "done"]
    assert done == [0, 1, 2]  # each once: what was done is not done again
    with pytest.raises(UsageError, match="nothing to resume"):
        runbooks.resume(result.folder)


def test_a_resume_refuses_when_what_was_done_no_longer_holds(place):
    die("after-settings")
    result = run(place)
    place.patch("ConfigMap", "settings", {"data": {"level": "TRACE"}})
    again = runbooks.resume(result.folder)
    assert again.exit_code == 1
    assert "data.level" in again.record["message"]
    assert facts(place) == {"settings": True, "scale": False, "label": False}
    assert_true(place, again.record)


def test_a_resume_refuses_when_what_is_left_was_changed_meanwhile(place):
    die("before-scale")
    result = run(place)
    place.scale("Deployment", "web", 2)
    again = runbooks.resume(result.folder)
    assert again.exit_code == 4
    assert "Deployment/web is at version" in again.record["message"]


def test_leaving_python_is_no_success(place):
    die("before-label", "exit")
    result = run(place)
    assert result.exit_code == 1
    assert "SystemExit" in result.record["message"]
    assert statuses(result.record) | {"tidy": ""} == {
        "settings": "done", "scale": "done", "label": "failed", "tidy": ""
    }  # fmt: skip
    assert_true(place, result.record)


def test_after_a_failure_only_the_cleanup_runs_and_no_cell_is_called_completed_that_never_ran(place):
    die("before-scale", "raise")
    result = run(place)
    assert (result.exit_code, result.record["message"]) == (1, "ValueError: as asked")
    assert statuses(result.record) == {"settings": "done", "scale": "failed", "tidy": "done"}
    notebook = nbformat.read(result.folder / "output.ipynb", as_version=4)
    told = {
        cell.source.split('"')[1]: cell.metadata.papermill.status
        for cell in notebook.cells
        if cell.source.startswith("with rb.step")
    }
    assert told["label"] == "pending"
    assert (told["settings"], told["tidy"]) == ("completed", "completed")


def test_a_step_that_hangs_is_ended_at_its_limit(place):
    die("before-scale", "hang")
    result = run(place)
    assert (result.exit_code, result.record["status"]) == (5, "timeout")
    assert "Scale: it did not end within 5 s" in result.record["message"]
    assert statuses(result.record) == {"settings": "done", "scale": "failed", "tidy": "done"}
    assert runbooks.resume(result.folder).exit_code == 0


def test_a_namespace_deleted_underneath_is_told(place):
    die("before-label", "hang")
    process = start(place)
    until(Path("waiting").exists)
    place.delete("Deployment", "web")
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 7
    with pytest.raises(PrecheckFailed, match="there is no Deployment 'web'"):
        runbooks.resume(history.find("last"))
    assert history.frame()["status"][0] == "aborted"


def start(cluster):
    """The runner, as a process of its own, so that it can be killed."""
    code = (
        "import sys\nfrom kitlib import errors, runbooks\ntry:\n"
        "    r = runbooks.run('three.ipynb', {'namespace': sys.argv[1]}, approve=lambda c: True, "
        "context=sys.argv[2], quiet=True)\nexcept errors.KitError as e:\n    sys.exit(e.exit_code)\n"
        "sys.exit(r.exit_code)"
    )
    return subprocess.Popen([sys.executable, "-c", code, cluster.namespace, cluster.context])


def until(true, timeout=180.0):
    deadline = time.monotonic() + timeout
    while not true():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["SIGTERM", "SIGKILL"])
@pytest.mark.parametrize("step", STEPS)
def test_a_runner_killed_at_any_step_leaves_a_true_record_and_is_resumed(place, number, step):
    die(f"after-{step}" if step != "scale" else "before-scale", "hang")
    process = start(place)
    until(Path("waiting").exists)
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(number)
    process.wait(timeout=30)
    _, alive = psutil.wait_procs(children, timeout=20)
    assert not alive
    folder = history.find("last")
    record = json.loads((folder / "record.json").read_text())
    assert (record["status"], record["exit_code"]) == ("aborted", 7)
    assert statuses(record)[step] == "interrupted"
    assert_true(place, record)
    again = runbooks.resume(folder)
    assert again.exit_code == 0, again.record["message"]
    assert facts(place) == dict.fromkeys(STEPS, True)


def test_an_api_server_that_stands_still_for_half_a_minute_is_told(place):
    die("before-scale", "hang")
    process = start(place)
    until(Path("waiting").exists)
    node = f"{get_settings().cluster}-control-plane"
    tools.run(["docker", "pause", node])
    try:
        time.sleep(30)
        process.wait(timeout=30)  # the step's own limit ends it, and the record says so
    finally:
        tools.run(["docker", "unpause", node])
    assert process.returncode == 5
    place.wait_until_ready(60)
    record = json.loads((history.find("last") / "record.json").read_text())
    assert_true(place, record)
    assert runbooks.resume(history.find("last")).exit_code == 0


def test_a_wait_outlives_an_api_server_that_restarts(place):
    """The step waits for a rollout; the node stands still in the middle of it."""
    notebook = nbformat.read("three.ipynb", as_version=4)
    waits = (
        'with rb.step("roll", "Roll out"):\n    cluster.restart("Deployment", deployment)\n'
        '    Path("waiting").touch() if rb.applying else None\n'
        '    rb.wait(cluster, "Deployment", deployment, timeout=150)'
    )
    notebook.cells.insert(-2, nbformat.v4.new_code_cell(waits))
    nbformat.write(notebook, "three.ipynb")
    process = start(place)
    until(Path("waiting").exists)
    node = f"{get_settings().cluster}-control-plane"
    tools.run(["docker", "pause", node])
    time.sleep(30)
    tools.run(["docker", "unpause", node])
    assert process.wait(timeout=200) == 0
    assert facts(place) == dict.fromkeys(STEPS, True)


def test_a_full_disk_is_told_and_nothing_is_called_done(place, tmp_path, monkeypatch):
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1500k", "tmpfs", small], check=False).returncode:
        pytest.skip("this user may not mount a small file system")
    try:
        monkeypatch.setenv("KIT_RUNS_DIR", str(small))
        get_settings.cache_clear()
        die("before-scale", "hang")
        process = start(place)
        until(Path("waiting").exists)
        fill(small)
        assert process.wait(timeout=60) != 0
        record = json.loads((history.find("last") / "record.json").read_text())
        assert record["exit_code"] != 0
        assert_true(place, record)
        assert statuses(record)["scale"] in ("failed", "interrupted")
    finally:
        subprocess.run(["umount", "-l", small], check=True)


def fill(folder):
    with contextlib.suppress(OSError), (folder / "big").open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)


def test_a_plan_is_void_when_a_parameter_an_object_or_time_changed_it(place):
    made = runbooks.make_plan(
        "three.ipynb", {"namespace": place.namespace}, context=place.context, quiet=True
    )
    assert made.exit_code == 0
    assert facts(place) == dict.fromkeys(STEPS, False)
    hash = made.record["plan"]["hash"]
    with pytest.raises(NotApproved, match="was made for"):
        run(place, approved=hash, replicas="4")
    place.patch("Deployment", "web", {"spec": {"paused": True}})
    assert run(place, approved=hash).exit_code == 4
    place.patch("Deployment", "web", {"spec": {"paused": None}})
    assert run(place, approved=hash).exit_code == 4  # it is as it was, but not in the state that was seen
    assert facts(place) == dict.fromkeys(STEPS, False)


def test_a_plan_over_the_budget_is_refused_though_its_hash_is_approved(place):
    notebook = nbformat.read("three.ipynb", as_version=4)
    notebook.metadata["kitlib"] = {"budget": {"actions": 2}}
    nbformat.write(notebook, "three.ipynb")
    made = runbooks.make_plan(
        "three.ipynb", {"namespace": place.namespace}, context=place.context, quiet=True
    )
    assert made.exit_code == 3
    assert "it would touch 3 changes; 2 is its declared budget" in made.record["message"]
    assert run(place, approved=made.record["plan"]["hash"]).exit_code == 3
    assert facts(place) == dict.fromkeys(STEPS, False)


def test_an_approval_given_beforehand_holds_for_its_time(place):
    def no(_change):
        return False

    made = runbooks.make_plan(
        "three.ipynb", {"namespace": place.namespace}, context=place.context, quiet=True
    )
    hash = made.record["plan"]["hash"]
    from datetime import timedelta

    current().approvals.approve(hash, "ada", timedelta(seconds=-1))
    late = run(place, approve=no)
    assert late.exit_code == 4
    assert "expired" in late.record["message"]
    current().approvals.approve(hash, "ada")
    done = run(place, approve=no)
    assert done.exit_code == 0
    assert done.record["approval"]["by"] == "ada, with kit approve"


def test_a_policy_can_say_that_no_approval_is_needed(place, monkeypatch):
    def no(_change):
        return False

    rule = {"runbook": "three", "namespaces": ["other-*"], "contexts": ["*"]}
    monkeypatch.setenv("KIT_UNATTENDED", json.dumps([rule]))
    get_settings.cache_clear()
    assert run(place, approve=no).exit_code == 4
    monkeypatch.setenv("KIT_UNATTENDED", json.dumps([rule | {"namespaces": ["t-*"]}]))
    get_settings.cache_clear()
    done = run(place, approve=no)
    assert done.exit_code == 0
    assert "the policy for three in t-*" in done.record["approval"]["by"]


def test_one_run_at_a_time_on_one_target(place):
    die("before-scale", "hang")
    process = start(place)
    until(Path("waiting").exists)
    second = start(place)
    assert second.wait(timeout=30) == 9
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 7


def test_what_the_runbook_does_beside_its_plan_is_refused(place):
    notebook = nbformat.read("three.ipynb", as_version=4)
    more = 'with rb.step("more", "More"):\n    if rb.applying:\n        cluster.scale("Deployment", "web", 9)'
    notebook.cells.insert(-2, nbformat.v4.new_code_cell(more))
    nbformat.write(notebook, "three.ipynb")
    result = run(place)
    assert result.exit_code == 4
    assert "not in the approved plan" in result.record["message"]
    assert place.get("Deployment", "web").at("spec.replicas") == 3
