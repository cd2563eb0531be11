"""A namespace is cleaned up: what may go, what stays, what is refused, and what undo brings back."""

from __future__ import annotations

import re

import papermill
import pytest
from runbooks_help import deployment, never, run, texts, use

from kitlib.errors import Conflict, UsageError
from kitlib.operations import cleaning
from kitlib.runbooks import catalogue, undoing

DEMO = {"app": "demo"}
ALL = ["ConfigMap", "Deployment", "Secret", "PersistentVolumeClaim"]


@pytest.fixture
def place(namespace, tmp_path, monkeypatch):
    use(monkeypatch, namespace, tmp_path)
    return namespace


def made(kind, name, version="v1", labels=DEMO, **rest):
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "labels": labels}} | rest


def ended(cluster, name, phase="Succeeded"):
    """A pod that has ended; no kubelet is there to say so."""
    spec = {"containers": [{"name": "c", "image": "c:1"}], "schedulerName": "nobody"}
    pod = cluster.apply(made("Pod", name, spec=spec))[0]
    pod["status"]["phase"] = phase
    cluster.api.raw("put", f"/api/v1/namespaces/{cluster.namespace}/pods/{name}/status", body=pod)


def finished(cluster, name, condition="Complete"):
    """A Job that has ended."""
    pod = {"restartPolicy": "Never", "containers": [{"name": "c", "image": "c:1"}], "schedulerName": "nobody"}
    job = cluster.apply(made("Job", name, "batch/v1", spec={"suspend": True, "template": {"spec": pod}}))[0]
    before = "SuccessCriteriaMet" if condition == "Complete" else "FailureTarget"
    now = "2026-01-01T00:00:00Z"
    head = {"status": "True", "lastTransitionTime": now}
    job["status"] = {"conditions": [head | {"type": before}, head | {"type": condition}], "startTime": now}
    job["status"] |= {"completionTime": now} if condition == "Complete" else {}
    path = f"/apis/batch/v1/namespaces/{cluster.namespace}/jobs/{name}/status"
    while True:  # its controller writes to it, too
        try:
            cluster.api.raw("put", path, body=cluster.get("Job", name) | {"status": job["status"]})
            return
        except Conflict:
            continue


def forgotten(cluster):
    """A ConfigMap and a Deployment that a demo left behind."""
    cluster.apply([made("ConfigMap", "left", data={"a": "1"}), deployment("demo")])
    cluster.wait("Deployment", "demo")


def test_ended_jobs_and_pods_go_and_what_runs_stays(place):
    for name in ("old-1", "old-2"):
        finished(place, name)
    finished(place, "bad", "Failed")
    ended(place, "done")
    ended(place, "evicted", "Failed")
    forgotten(place)
    before = {pod.name for pod in place.list("Pod", labels={"app": "demo"})}
    done = run(place, "namespace-clean-up", namespace=place.namespace, older_than="0s")
    assert done.exit_code == 0, done.record["message"]
    gone = ["Job/bad", "Job/old-1", "Job/old-2", "Pod/done", "Pod/evicted"]
    assert sorted(texts(done)) == [f"delete {name} -n {place.namespace}" for name in gone]
    assert place.list("Job") == []
    assert {pod.name for pod in place.list("Pod")} == before - {"done", "evicted"}
    assert place.find("Deployment", "demo")
    assert place.find("ConfigMap", "left")

    again = run(place, "namespace-clean-up", never, namespace=place.namespace, older_than="0s")
    assert (again.exit_code, texts(again)) == (0, [])
    assert "nothing to change" in again.record["message"]


def test_what_is_young_stays(place):
    ended(place, "done")
    result = run(place, "namespace-clean-up", never, namespace=place.namespace, older_than="1h")
    assert (result.exit_code, texts(result)) == (0, [])
    assert place.find("Pod", "done")


def test_what_a_demo_left_goes_and_undo_brings_it_back(place):
    forgotten(place)
    given = {"namespace": place.namespace, "kinds": ["ConfigMap", "Deployment"], "older_than": "0s"}
    done = run(place, "namespace-clean-up", **given, selector="app=demo")
    assert done.exit_code == 0, done.record["message"]
    assert place.find("Deployment", "demo") is None
    assert place.find("ConfigMap", "left") is None
    undoing.undo_run(place, done.folder)
    assert place.get("ConfigMap", "left")["data"] == {"a": "1"}
    place.wait("Deployment", "demo")


def test_what_is_used_or_owned_or_of_a_release_stays(place):
    volume = {"name": "v", "configMap": {"name": "used"}}
    claimed = {"name": "d", "persistentVolumeClaim": {"claimName": "used"}}
    env = [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "used", "key": "a"}}}]
    containers = [{"name": "web", "image": "web:1", "env": env}]
    owner = place.apply(deployment("web", 0, volumes=[volume, claimed], containers=containers))[0]
    reference = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "name": "web",
        "uid": owner["metadata"]["uid"],
    }
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}
    helm = {"annotations": {"meta.helm.sh/release-name": "todo"}}
    owned = {"ownerReferences": [reference]}
    place.apply([
        made("ConfigMap", "used", data={}),
        made("Secret", "used", stringData={"a": "b"}),
        made("PersistentVolumeClaim", "used", spec=claim),
        made("PersistentVolumeClaim", "spare", spec=claim),
        made("Secret", "spare", stringData={"a": "long-secret-value"}),
        made("ConfigMap", "owned") | {"metadata": {"name": "owned", "labels": DEMO, **owned}},
        made("ConfigMap", "released") | {"metadata": {"name": "released", "labels": DEMO, **helm}},
    ])  # fmt: skip
    found = cleaning.candidates(place, ALL, selector="app=demo", older_than=0)
    names = [f"{item['kind']}/{item['name']}" for item in found]
    assert names == ["Secret/spare", "PersistentVolumeClaim/spare"]
    without = cleaning.candidates(place, ["ConfigMap", "Deployment"], selector="app=demo", older_than=0)
    assert without == []


def test_all_of_a_namespace_is_never_looked_at(place):
    with pytest.raises(UsageError, match="ConfigMap: without a selector"):
        cleaning.candidates(place, ["Job", "ConfigMap"], selector=" ", older_than=0)
    given = {"namespace": place.namespace, "kinds": ["ConfigMap"], "older_than": "0s"}
    result = run(place, "namespace-clean-up", never, **given)
    assert result.exit_code == 1
    assert "selector" in result.record["message"]


def test_more_than_the_limit_is_refused(place):
    for number in range(3):
        ended(place, f"done-{number}")
    given = {"namespace": place.namespace, "older_than": "0s", "limit": 2}
    result = run(place, "namespace-clean-up", never, **given)
    assert result.exit_code == 1
    assert "3 found, limit 2" in result.record["message"]
    assert len(place.list("Pod")) == 3


def test_plain_papermill_plans_and_then_cleans_up(place, tmp_path):
    ended(place, "done")
    book = str(catalogue.find("namespace-clean-up").path)
    given = {"namespace": place.namespace, "older_than": "0s"}
    planned = tmp_path / "plan.ipynb"
    papermill.execute_notebook(book, str(planned), given, progress_bar=False)
    assert place.find("Pod", "done")
    found = re.search(r"plan ([0-9a-f]{32})", planned.read_text())
    given |= {"approve": found[1]}
    papermill.execute_notebook(book, str(tmp_path / "apply.ipynb"), given, progress_bar=False)
    assert place.find("Pod", "done") is None
