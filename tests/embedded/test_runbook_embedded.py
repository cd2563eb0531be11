"""The first runbook, whole, against a real API server, scheduler and controllers; only the pods are fake."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import yaml
from runbooks_help import as_service_account, write_runbook

from kitlib import policy, runbooks
from kitlib.errors import ClusterUnreachable, Conflict, PrecheckFailed, UsageError
from kitlib.findings import Edit, Fix, Ref
from kitlib.runbooks import catalogue, preflight
from kitlib.runbooks.change import plan_fix

ROOT = Path(__file__).parents[2]
RUNBOOK = str(ROOT / "runbooks/diagnose-and-fix.ipynb")
SECRET_URL = "postgresql://todoapp:pw-4f9a2c71e0@db-postgres:5432/todoapp"
KIT = "import sys; from kitlib.cli.runbook import app; from kitlib.errors import KitError\n"


@pytest.fixture
def place(namespace, tmp_path, monkeypatch):
    """A healthy Deployment, and an environment in which `kitlib.connect` finds this cluster."""
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(map(str, namespace.api.binding.files)))
    monkeypatch.chdir(tmp_path)
    container = {"name": "web", "image": "web:1"}
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}}
    spec = {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": template}
    spec["strategy"] = {"rollingUpdate": {"maxUnavailable": 0}}
    made = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}
    namespace.apply(made)
    namespace.wait("Deployment", "web")
    return namespace


def break_it(cluster):
    nowhere = {"spec": {"template": {"spec": {"nodeSelector": {"disk": "none-such"}}}}}
    return cluster.patch("Deployment", "web", nowhere)["metadata"]["generation"]


def run(cluster, approve, **more):
    given = {"deployment": "web", "namespace": cluster.namespace}
    return runbooks.run(more.pop("name", RUNBOOK), given, approve=approve, context=cluster.context, **more)


def own_runbook(folder, *sources):
    """A runbook of these cells, beside the real one."""
    head = "from kitlib import connect\nfrom kitlib.runbooks import Deployment, Namespace, start"
    declared = 'namespace: Namespace = "x"\ndeployment: Deployment = "y"'
    return write_runbook(folder / "own.ipynb", (head, declared, "rb = start()", *sources))


def never(_change):
    raise AssertionError("nothing should have been asked")


def test_what_nobody_approved_changes_nothing(place):
    generation = break_it(place)
    result = run(place, lambda change: False)
    assert (result.exit_code, result.record["status"]) == (4, "not approved")
    assert place.get("Deployment", "web")["metadata"]["generation"] == generation
    assert "nothing was changed" in result.record["message"]
    assert "Nothing was changed" in result.report.read_text()


def test_an_approved_change_repairs_and_is_recorded(place):
    break_it(place)
    seen = []
    result = run(place, lambda change: bool(seen.append(change)) or True)
    assert result.exit_code == 0, result.record["message"]
    assert place.get("Deployment", "web").at("spec.template.spec.nodeSelector") is None
    assert [finding["id"] for finding in result.record["findings"]] == ["unschedulable"]
    assert result.record["approval"] | {"at": ""} == {
        "approved": True, "by": "the caller", "hash": seen[0].hash, "at": ""
    }  # fmt: skip
    assert all(check["ok"] for check in result.record["checks"])
    assert {step["status"] for step in result.record["steps"]} == {"done"}
    assert json.loads((result.folder / "record.json").read_text()) == result.record
    assert "-      nodeSelector" in result.record["change"]["diff"]
    page = result.report.read_text()
    assert "none-such" in page
    assert "src=" not in page
    assert "http://" not in page.replace(place.server, "")
    assert (result.folder / "output.ipynb").exists()
    assert (result.folder / "plan.ipynb").exists()
    made = [entry for entry in policy.current().audit.read() if entry["event"] == "begin"][-1]
    assert made["actor"] == f"runbook run {result.folder.name}"
    assert (made["action"]["kind"], made["action"]["name"]) == ("Deployment", "web")


def test_a_healthy_deployment_is_left_alone(place):
    generation = place.get("Deployment", "web")["metadata"]["generation"]
    result = run(place, never)
    assert result.exit_code == 0
    assert "healthy" in result.record["message"]
    assert result.record["findings"] == []
    assert place.get("Deployment", "web")["metadata"]["generation"] == generation


def test_a_cause_that_only_a_person_can_mend_says_what_to_do(place):
    place.delete("Deployment", "web")
    spec = {"nodeSelector": {"disk": "none-such"}, "containers": [{"name": "web", "image": "web:1"}]}
    template = {"metadata": {"labels": {"app": "new"}}, "spec": spec}
    body = {"selector": {"matchLabels": {"app": "new"}}, "template": template}  # no earlier revision
    place.apply({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": body})
    result = run(place, never)
    assert result.exit_code == 1
    assert "no node takes the pod" in result.record["message"]
    assert "describe pod" in result.record["message"]


def test_another_hash_than_the_approved_one_is_refused(place):
    generation = break_it(place)
    result = run(place, never, approved="0" * 32)
    assert result.exit_code == 4
    assert "00000000" in result.record["message"]
    assert place.get("Deployment", "web")["metadata"]["generation"] == generation


def test_plain_papermill_runs_the_same_notebook(place, tmp_path, monkeypatch):
    import papermill

    monkeypatch.setenv("KIT_CONTEXT", place.context)
    given = {"deployment": "web", "namespace": place.namespace}
    output = tmp_path / "plain.ipynb"
    papermill.execute_notebook(RUNBOOK, str(output), given, progress_bar=False)
    assert "nothing to change" in output.read_text()


def test_refused_before_anything_starts(place, tmp_path, monkeypatch):
    given = {"deployment": "web", "namespace": place.namespace}
    with pytest.raises(UsageError, match="did you mean 'deployment'"):
        runbooks.run(RUNBOOK, {"deploymnt": "web"}, approve=never, context=place.context)
    with pytest.raises(PrecheckFailed, match="did you mean 'web'") as missing:
        runbooks.run(RUNBOOK, given | {"deployment": "wbe"}, approve=never, context=place.context)
    assert missing.value.exit_code == 3
    dead = place.api.binding.files[0].read_text().replace(place.server, "https://127.0.0.1:1")
    (tmp_path / "dead").write_text(dead)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "dead"))
    with pytest.raises(ClusterUnreachable) as unreachable:
        runbooks.run(RUNBOOK, given, approve=never, context=place.context)
    assert unreachable.value.exit_code == 8
    assert not (tmp_path / "runs").exists()


def test_a_namespace_outside_the_scope_is_refused(place, tmp_path):
    content = json.loads(Path(RUNBOOK).read_text())
    content["metadata"]["kitlib"]["scope"]["namespaces"] = ["production"]
    (tmp_path / "scoped.ipynb").write_text(json.dumps(content))
    given = {"deployment": "web", "namespace": place.namespace}
    with pytest.raises(PrecheckFailed, match="scope is production"):
        preflight.check(catalogue.find(str(tmp_path / "scoped.ipynb")), given, context=place.context)


def test_permissions_that_are_missing_are_named_and_the_declared_ones_suffice(place, tmp_path, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", as_service_account(place, tmp_path))
    given = {"deployment": "web", "namespace": place.namespace}
    book = catalogue.find(RUNBOOK)
    with pytest.raises(PrecheckFailed, match="patch secrets") as refusal:
        preflight.check(book, given, context=place.context)
    assert refusal.value.exit_code == 3
    rules = [
        {"apiGroups": [p.group], "resources": [p.resource], "verbs": p.verbs}
        for p in book.declared.permissions
    ]
    rbac, subject = "rbac.authorization.k8s.io", {"kind": "ServiceAccount", "name": "default"}
    role = {"apiVersion": f"{rbac}/v1", "kind": "Role", "metadata": {"name": "r"}, "rules": rules}
    ref = {"apiGroup": rbac, "kind": "Role", "name": "r"}
    binding = {"apiVersion": f"{rbac}/v1", "kind": "RoleBinding", "metadata": {"name": "r"}, "roleRef": ref}
    place.apply([role, binding | {"subjects": [subject | {"namespace": place.namespace}]}])
    use_wrong_host(place)
    result = run(place, lambda change: True)
    assert result.exit_code == 0, result.record["message"]


def test_a_command_asks_the_cluster_of_the_run_and_not_the_current_context(place, tmp_path, monkeypatch):
    config = yaml.safe_load(place.api.binding.files[0].read_text())
    elsewhere = {"name": "elsewhere", "cluster": {"server": "https://127.0.0.1:1"}}
    config["clusters"].append(elsewhere)
    config["contexts"].append({"name": "elsewhere", "context": {"cluster": "elsewhere", "user": ""}})
    (tmp_path / "both").write_text(yaml.safe_dump(config | {"current-context": "elsewhere"}))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "both"))
    command = '"kubectl", "get", "deployment", deployment, "-n", namespace, "-o", "name"'
    own = own_runbook(
        tmp_path,
        f'with rb.step("ask", "Ask"):\n    said = rb.sh(connect(namespace=namespace), {command})',
        "rb.result(said.strip())",
    )
    result = run(place, never, name=own)
    assert (result.exit_code, result.record["result"]) == (0, "deployment.apps/web"), result.record["message"]


def test_a_dead_kernel_leaves_a_true_record(place, tmp_path):
    own = own_runbook(
        tmp_path,
        'with rb.step("one", "First"):\n    pass',
        'import os, signal\nwith rb.step("two", "Second"):\n    os.kill(os.getpid(), signal.SIGKILL)',
        'with rb.step("three", "Third"):\n    pass',
    )
    result = run(place, never, name=own)
    assert (result.exit_code, result.record["status"]) == (6, "kernel died")
    statuses = {step["id"]: step["status"] for step in result.record["steps"]}
    assert statuses == {"one": "done", "two": "interrupted", "three": "not run"}


def test_a_run_that_takes_too_long_is_ended(place, tmp_path):
    own = own_runbook(tmp_path, 'import time\nwith rb.step("long", "Long"):\n    time.sleep(600)')
    result = run(place, never, name=own, timeout=8)
    assert (result.exit_code, result.record["status"]) == (5, "timeout")


def test_a_secret_never_reaches_the_disk(place, tmp_path):
    secret(place)
    own = own_runbook(
        tmp_path,
        "cluster = connect(namespace=namespace)\nfound = cluster.get('Secret', 'db')\nimport base64",
        "print(found['data'])\nprint(base64.b64decode(found['data']['URL']).decode())",
        "base64.b64decode(found['data']['URL']).decode()",
        'with rb.step("fails", "Fails"):\n    raise RuntimeError(str(found["data"]))',
    )
    result = run(place, never, name=own)
    assert result.exit_code == 1
    encoded = base64.b64encode(SECRET_URL.encode()).decode()
    files = [path for path in result.folder.rglob("*") if path.is_file()]
    assert {"record.json", "steps.jsonl", "report.html", "output.ipynb"} <= {path.name for path in files}
    for path in files:
        for text in ("pw-4f9a2c71e0", SECRET_URL, encoded, encoded[4:40]):
            assert text not in path.read_text(), path.name


def secret(cluster):
    made = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "db"},
        "stringData": {"URL": SECRET_URL},
    }
    return cluster.apply(made)[0]


def use_wrong_host(cluster):
    """The Deployment reads the Secret, and its pod says, by an event, that the host does not resolve."""
    secret(cluster)
    ports = [{"port": 5432}]
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "db-postgresql"}}
    cluster.apply(service | {"spec": {"ports": ports, "selector": {"app": "db"}}})
    env = [{"name": "DATABASE_URL", "valueFrom": {"secretKeyRef": {"name": "db", "key": "URL"}}}]
    container = {"name": "web", "image": "web:1", "env": env}
    cluster.patch("Deployment", "web", {"spec": {"template": {"spec": {"containers": [container]}}}})
    cluster.wait("Deployment", "web")
    for pod in cluster.list("Pod", labels={"app": "web"}):
        about = {"kind": "Pod", "name": pod.name, "namespace": pod.namespace, "uid": pod["metadata"]["uid"]}
        said = f"Readiness probe failed: {SECRET_URL}: db-postgres: Name or service not known"
        cluster.apply({
            "apiVersion": "v1", "kind": "Event", "metadata": {"name": f"e-{pod.name}"}, "type": "Warning",
            "involvedObject": about, "reason": "Unhealthy", "message": said, "count": 9,
        })  # fmt: skip


def test_a_wrong_host_in_a_secret_is_repaired_and_its_value_is_written_nowhere(place):
    use_wrong_host(place)
    shown = []
    result = run(place, lambda change: bool(shown.append(change)) or True)
    assert result.exit_code == 0, result.record["message"]
    now = base64.b64decode(place.get("Secret", "db")["data"]["URL"]).decode()
    assert now == SECRET_URL.replace("db-postgres", "db-postgresql")
    assert [action.text for action in shown[0].actions] == [
        f"patch Secret/db -n {place.namespace}",
        f"restart Deployment/web -n {place.namespace}",
    ]
    assert "@db-postgresql:5432" in result.report.read_text()
    encoded = [base64.b64encode(text.encode()).decode() for text in (SECRET_URL, now)]
    for path in (path for path in result.folder.rglob("*") if path.is_file()):
        for text in ("pw-4f9a2c71e0", SECRET_URL, now, *encoded, encoded[0][4:40]):
            assert text not in path.read_text(), path.name
    second = run(place, never)
    assert (second.exit_code, second.record["findings"]) == (0, [])


def host_fix(cluster):
    edit = Edit("URL", "db-postgres", "db-postgresql")
    return Fix("replace the host", Ref("Secret", "db", cluster.namespace), edits=(edit,))


def test_a_host_in_a_secret_is_replaced_and_nothing_else(place):
    secret(place)
    change = plan_fix(place, host_fix(place), Ref("Deployment", "web", place.namespace))
    assert "@db-postgres:5432" in change.diff
    assert "@db-postgresql:5432" in change.diff
    assert "pw-4f9a" not in change.diff + repr(change)
    assert base64.b64decode(place.get("Secret", "db")["data"]["URL"]).decode() == SECRET_URL
    change.apply(place)
    now = base64.b64decode(place.get("Secret", "db")["data"]["URL"]).decode()
    assert now == SECRET_URL.replace("db-postgres", "db-postgresql")
    annotations = place.get("Deployment", "web").at("spec.template.metadata.annotations")
    assert "kubectl.kubernetes.io/restartedAt" in annotations


def test_a_secret_that_changed_since_is_not_touched(place):
    secret(place)
    change = plan_fix(place, host_fix(place), Ref("Deployment", "web", place.namespace))
    place.patch("Secret", "db", {"stringData": {"URL": SECRET_URL + "2"}}, type="merge")
    with pytest.raises(Conflict, match="changed since"):
        change.apply(place)


def start(place, path):
    code = f"{KIT}try:\n    app(sys.argv[1:])\nexcept KitError as e:\n    sys.exit(e.exit_code)"
    given = ["-p", "deployment=web", "-p", f"namespace={place.namespace}", "--context", place.context]
    command = [sys.executable, "-c", code, "run", path, *given]
    return subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def only_run(deadline=60.0):
    """The folder of the one run, once its first step has begun."""
    end = time.monotonic() + deadline
    while time.monotonic() < end:
        journals = list(Path("runs").glob("*/steps.jsonl"))
        if journals and '"step"' in journals[0].read_text():
            return journals[0].parent
        time.sleep(0.1)
    raise AssertionError("no step has begun")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_signal_ends_the_run_with_a_true_record(place, tmp_path, number):
    own = own_runbook(tmp_path, 'import time\nwith rb.step("long", "Long"):\n    time.sleep(600)')
    process = start(place, own)
    folder = only_run()
    started = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(number)
    process.wait(timeout=30)
    if number != signal.SIGKILL:
        assert process.returncode == 7
    gone, alive = psutil.wait_procs(started, timeout=20)
    assert gone
    assert not alive
    record = json.loads((folder / "record.json").read_text())
    assert (record["status"], record["exit_code"]) == ("aborted", 7)
    assert [step["status"] for step in record["steps"]] == ["interrupted"]


def test_the_command_asks_nobody_when_there_is_no_terminal(place):
    generation = break_it(place)
    process = start(place, RUNBOOK)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 4, output
    assert "nodeSelector" in output
    assert place.get("Deployment", "web")["metadata"]["generation"] == generation
