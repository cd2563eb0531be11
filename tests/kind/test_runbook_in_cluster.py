"""Runbooks as Jobs and CronJobs of a real cluster: streamed, recorded, refused in time, and tidied up."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
import s3_store
import yaml

from kitlib import tools
from kitlib.errors import AlreadyRunning, Invalid, PrecheckFailed
from kitlib.runbooks import catalogue, history, preflight, record, remote, undoing
from kitlib.runbooks.remote import names, storage
from kitlib.settings import get_settings

HOME = "kit-runs"
CHART = Path(__file__).parents[2] / "charts/kit-runner"
LOOK = """
cluster = connect(namespace=namespace)
with rb.step("look", "Look at the pods"):
    found = cluster.list("Pod")
    nodes = cluster.list("Node")
rb.evidence("user", cluster.context + " " + cluster.server)
rb.result(f"{len(found)} pods, {len(nodes)} nodes")
"""
TROUBLE = """
import os, time
cluster = connect(namespace=namespace)
with rb.step("one", "First"):
    print("one is done")
with rb.step("two", "Second"):
    if how == "fails":
        raise RuntimeError("on purpose")
    if how == "forbidden":
        cluster.list("Secret")
    if how == "slow":
        time.sleep(600)
    if how == "memory":
        held = bytearray(os.urandom(1024)) * (3 * 1024 * 1024)
with rb.step("three", "Third"):
    pass
rb.result("all three")
"""
CHANGE = """
cluster = connect(namespace=namespace)
with rb.step("change", "Change the note"):
    cluster.patch("ConfigMap", "note", {"data": {"text": text}}, type="merge")
    if secret:
        cluster.patch("Secret", "hidden", {"stringData": {"key": text}}, type="merge")
rb.result(f"the note says {text}")
"""


def notebook(folder, name, declared, permissions, source, start="rb = start()"):
    imports = ("from typing import Literal", "from kitlib import connect")
    head = "\n".join([*imports, "from kitlib.runbooks import Namespace, start"])
    cells = [nbformat.v4.new_code_cell(text) for text in (head, declared, start, source.strip())]
    cells[1]["metadata"]["tags"] = ["parameters"]
    rules = [{"group": "", "resource": resource, "verbs": verbs} for resource, verbs in permissions.items()]
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    metadata = {"kernelspec": spec, "kitlib": {"permissions": rules}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), folder / f"{name}.ipynb")


@pytest.fixture(scope="module")
def books(tmp_path_factory, kind_cluster):
    """A folder with the test's own runbooks, and the image with them in the cluster."""
    base = tmp_path_factory.mktemp("books")
    (base / "runbooks").mkdir()
    place = base / "runbooks"
    where = 'namespace: Namespace = "x"'
    notebook(place, "look", where, {"pods": ["list"], "nodes": ["list"]}, LOOK)
    how = 'how: Literal["well", "fails", "forbidden", "slow", "memory"] = "well"'
    notebook(place, "trouble", f"{where}\n{how}", {"pods": ["list"]}, TROUBLE)
    rights = {"configmaps": ["get", "patch"], "secrets": ["get", "patch"]}
    begin = "rb = start(approve, namespace=namespace, text=text, secret=secret)"
    declared = f'{where}\ntext: str = "new"\nsecret: bool = True\napprove: str = ""'
    notebook(place, "change", declared, rights, CHANGE, begin)
    return base


@pytest.fixture
def place(books, namespace, tmp_path, monkeypatch):
    """A namespace with two objects, with the test's runbooks as those of this folder."""
    monkeypatch.chdir(books)
    monkeypatch.setenv("KIT_RUNS_DIR", str(tmp_path / "runs"))
    get_settings.cache_clear()
    note = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "note"}, "data": {"text": "old"}}
    hidden = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "hidden"}}
    namespace.apply([note, hidden | {"stringData": {"key": "a-value-nobody-reads"}}])
    yield namespace
    get_settings.cache_clear()


def run(place, name, **more):
    lines = []
    given = {"namespace": place.namespace, **more.pop("given", {})}
    outcome = remote.run(name, given, say=lines.append, **more)
    return outcome, lines


def left_over(place):
    """What is left of runs: everything but records and schedules is to be gone."""
    home = place.within(HOME)
    places = [
        (home, ("Job", "ServiceAccount", "Secret")),
        (place, ("Role", "RoleBinding", "ClusterRole")),
    ]
    listed = [cluster.list(kind, labels=names.MANAGED) for cluster, kinds in places for kind in kinds]
    found = [item for items in listed for item in items if not item["metadata"].get("deletionTimestamp")]
    return [item for item in found if names.SCHEDULE not in item.labels]


def test_it_runs_with_the_declared_permissions_is_streamed_and_recorded(place):
    outcome, lines = run(place, "look")
    assert outcome.exit_code == 0, (outcome, lines)
    assert outcome.message == "0 pods, 1 nodes"
    text = "\n".join(lines)
    assert f"list pods  in {place.namespace}" in text
    assert "list nodes  in the whole cluster" in text
    assert "SelfSubjectAccessReviews, all allowed" in text
    assert "✓ Look at the pods" in text
    found = record.read(outcome.folder)
    assert {"record.json", "steps.jsonl", "output.ipynb", "report.html"} <= {
        path.name for path in outcome.folder.iterdir()
    }
    assert (found["status"], found["context"], found["server"]) == ("done", place.context, place.server)
    assert found["evidence"] == [{"title": "user", "text": f"{place.context} {place.server}"}]
    assert history.folders() == [outcome.folder]
    assert left_over(place) == []


@pytest.mark.parametrize(
    ("how", "code", "status", "said"),
    [
        ("fails", 1, "failed", "on purpose"),
        ("forbidden", 1, "failed", "cannot list resource"),
    ],
)
def test_how_it_ends_inside_is_how_the_command_ends(place, how, code, status, said):
    outcome, lines = run(place, "trouble", given={"how": how})
    found = record.read(outcome.folder)
    assert (outcome.exit_code, found["status"]) == (code, status), lines
    assert said in found["message"]
    steps = {step["id"]: step["status"] for step in found["steps"]}
    assert (steps["one"], steps["three"]) == ("done", "not run")
    assert left_over(place) == []


def test_too_much_memory_is_told_truly(place):
    """Under cgroup v1 the kernel dies alone, under v2 the container with it."""
    outcome, _ = run(place, "trouble", given={"how": "memory"})
    found = record.read(outcome.folder)
    assert (outcome.exit_code, found["status"]) in ((6, "kernel died"), (7, "aborted"))
    assert outcome.exit_code == 6 or "OOMKilled" in found["message"]
    assert {step["id"]: step["status"] for step in found["steps"]}["two"] == "interrupted"


def test_a_timeout_inside_carries_its_exit_code(place):
    outcome, _ = run(place, "trouble", given={"how": "slow"}, timeout=15)
    assert outcome.exit_code == 5


def test_lines_come_while_it_runs_and_a_signal_ends_it_with_a_true_record(place, tmp_path):
    code = "import sys; from kitlib.cli.entry import main; main()"
    given = ["-p", f"namespace={place.namespace}", "-p", "how=slow"]
    command = [sys.executable, "-c", code, "runbook", "run", "trouble", *given, "--in-cluster"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ}
    )
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "→ Second" in line:
            process.send_signal(signal.SIGTERM)
            break
    rest, _ = process.communicate(timeout=120)
    assert process.returncode == 7, "".join(lines) + rest
    [folder] = history.folders()
    found = record.read(folder)
    assert (found["status"], found["exit_code"]) == ("aborted", 7)
    assert [step["status"] for step in found["steps"]] == ["done", "interrupted", "not run"]
    assert left_over(place) == []


def limited(place, folder, rules):
    """A context of a user who may do in these namespaces what the rules say, and nothing else."""
    rbac = "rbac.authorization.k8s.io"
    for where, granted in rules.items():
        metadata = {"name": "limited", "namespace": where}
        role = {"apiVersion": f"{rbac}/v1", "kind": "Role", "metadata": metadata}
        ref = {"apiGroup": rbac, "kind": "Role", "name": "limited"}
        subject = {"kind": "ServiceAccount", "name": "default", "namespace": place.namespace}
        binding = role | {"kind": "RoleBinding", "roleRef": ref, "subjects": [subject]}
        place.apply([role | {"rules": granted}, binding])
    path = f"/api/v1/namespaces/{place.namespace}/serviceaccounts/default/token"
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    token = json.loads(place.api.raw("post", path, body=body).data)["status"]["token"]
    config = yaml.safe_load(place.api.binding.files[0].read_text())
    for user in config["users"]:
        user["user"] = {"token": token}
    (folder / "limited").write_text(yaml.safe_dump(config))
    return str(folder / "limited")


def test_whoever_may_not_grant_it_is_refused_before_anything_is_made(place, tmp_path, monkeypatch):
    pods = {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}
    monkeypatch.setenv("KUBECONFIG", limited(place, tmp_path, {place.namespace: [pods]}))
    lines, given = [], {"namespace": place.namespace}
    with pytest.raises(PrecheckFailed, match="create roles") as caught:
        remote.run("trouble", given, say=lines.append, context=place.context, image="none")
    assert caught.value.exit_code == 3
    assert f"create jobs.batch in {HOME}" in caught.value.message
    assert f"  list pods  in {place.namespace}" in lines
    assert left_over(place) == []


def test_a_second_run_on_the_same_target_is_refused(place):
    home = place.within(HOME)
    labels = {**names.MANAGED, names.RUNBOOK: "look", names.TARGET: target_of(place, "look")}
    storage.prepare(home)
    container = {"name": "x", "image": "none"}  # the namespace refuses its pod, so it stays unfinished
    spec = {"template": {"spec": {"restartPolicy": "Never", "containers": [container]}}}
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "busy", "labels": labels}}
    home.apply(job | {"spec": spec})
    try:
        with pytest.raises(AlreadyRunning, match="as Job busy") as caught:
            run(place, "look")
    finally:
        home.delete("Job", "busy")
    assert caught.value.exit_code == 9


def target_of(place, name):
    return names.target(preflight.check(catalogue.find(name), {"namespace": place.namespace}))


def test_a_change_is_planned_here_approved_here_and_carried_out_there(place):
    asked = []
    outcome, lines = run(place, "change", approve=lambda change: bool(asked.append(change)) or True)
    assert outcome.exit_code == 0, (outcome, lines)
    assert place.get("ConfigMap", "note")["data"] == {"text": "new"}
    assert len(asked) == 1
    found = record.read(outcome.folder)
    assert found["approval"]["hash"] == asked[0].hash
    assert [item["state"] for item in found["actions"]] == ["done", "done"]
    for path in outcome.folder.rglob("*"):
        assert not path.is_file() or b"a-value-nobody-reads" not in path.read_bytes()
    audit = [json.loads(line) for line in (outcome.folder / "audit.jsonl").read_text().splitlines()]
    made = [entry["action"] for entry in audit if entry["event"] == "begin"]
    assert [action["kind"] for action in made] == ["ConfigMap", "Secret"]
    assert {action["server"] for action in made} == {place.server}


def test_what_was_changed_there_can_be_undone_here(place):
    outcome, _ = run(place, "change", given={"secret": False}, approve=lambda change: True)
    assert place.get("ConfigMap", "note")["data"] == {"text": "new"}
    assert len(undoing.undo_run(place, outcome.folder)) == 1
    assert place.get("ConfigMap", "note")["data"] == {"text": "old"}


def test_another_plan_than_the_approved_one_is_not_carried_out(place):
    outcome, _ = run(place, "change", approved="0" * 32)
    assert outcome.exit_code == 4
    assert "0" * 32 in outcome.message
    assert place.get("ConfigMap", "note")["data"] == {"text": "old"}


def test_a_plan_that_nobody_approves_starts_no_job(place):
    outcome, lines = run(place, "change")
    assert outcome.exit_code == 4
    assert place.get("ConfigMap", "note")["data"] == {"text": "old"}
    assert not [line for line in lines if "Change the note" in line]


def test_a_schedule_runs_leaves_its_record_on_the_volume_and_goes(place):
    timing = remote.Timing("* * * * *")
    said = []
    made = remote.schedule("look", {"namespace": place.namespace}, timing, say=said.append, title="often")
    try:
        assert [item.name for item in remote.schedules()] == ["often"]
        deadline = time.monotonic() + 150
        while (now := remote.schedules()[0]).result != "done":
            assert time.monotonic() < deadline, now
            assert now.result != "failed", now
            time.sleep(2)
    finally:
        removed = remote.unschedule("look")
    assert removed.name == made.name == "often"
    assert remote.schedules() == []
    assert place.list("Role", labels=names.MANAGED) == []
    before = set(history.folders())
    found = [record.read(folder) for folder in remote.collect() if folder not in before]
    mine = [item for item in found if item["namespace"] == place.namespace]
    assert (mine[0]["status"], mine[0]["message"]) == ("done", "0 pods, 1 nodes")
    assert remote.collect() == []


@pytest.fixture
def store(place, kind_cluster, tmp_path, monkeypatch):
    """A store beside the cluster, which its pods and this process reach at the same address."""
    networks = "{{range .NetworkSettings.Networks}}{{.Gateway}}{{end}}"
    gateway = tools.run(["docker", "inspect", "-f", networks, f"{kind_cluster.name}-control-plane"]).stdout
    with s3_store.running(tmp_path / "data", gateway.strip()) as found:
        monkeypatch.setenv("KIT_RUNNER_RECORDS", found.records)
        monkeypatch.setenv("KIT_S3_ENDPOINT", found.endpoint)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3_store.ACCESS)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3_store.SECRET)
        get_settings.cache_clear()
        yield found


def test_a_run_leaves_its_record_in_a_store(place, store, tmp_path):
    with pytest.raises(PrecheckFailed, match="has no Secret kit-runs-s3"):
        run(place, "look")
    keys = {"AWS_ACCESS_KEY_ID": s3_store.ACCESS, "AWS_SECRET_ACCESS_KEY": s3_store.SECRET}
    named = {"name": "kit-runs-s3", "namespace": HOME}
    place.apply({"apiVersion": "v1", "kind": "Secret", "metadata": named, "stringData": keys})
    try:
        outcome, lines = run(place, "look")
    finally:
        place.delete("Secret", "kit-runs-s3", namespace=HOME)
    assert outcome.exit_code == 0, (outcome, lines)
    assert record.read(outcome.folder)["status"] == "done"
    (stored,) = (tmp_path / "data" / "records" / "kit").glob(f"*/runs/{outcome.folder.name}")
    assert {"record.json", "steps.jsonl", "output.ipynb"} <= {path.name for path in stored.iterdir()}
    for path in [*outcome.folder.rglob("*"), *stored.rglob("*")]:
        assert not path.is_file() or s3_store.SECRET.encode() not in path.read_bytes()


def test_a_timing_that_the_server_does_not_take_leaves_nothing_behind(place):
    with pytest.raises(Invalid, match="schedule"):
        remote.schedule(
            "look", {"namespace": place.namespace}, remote.Timing("61 * * * *"), say=lambda line: None
        )
    assert remote.schedules() == []
    assert place.list("Role", labels=names.MANAGED) == []


def test_the_chart_is_taken_by_the_server_without_a_warning(place):
    timing = remote.Timing("0 3 * * 1", "Europe/Berlin")
    values = remote.chart_values("look", {"namespace": place.namespace}, timing, title="weekly")
    command = [tools.find("helm"), "template", "kit-runner", CHART, "-n", HOME, "-f", "-"]
    command += ["--set", "image.tag=abc"]
    items = [item for item in yaml.safe_load_all(tools.run(command, input=values).stdout) if item]
    applied = place.within(HOME).apply(items, dry_run=True)
    assert {item.kind for item in applied} >= {"CronJob", "Role", "ClusterRole", "ServiceAccount"}
    assert applied.warnings == ()
