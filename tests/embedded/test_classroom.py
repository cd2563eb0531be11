"""Two learners on one cluster: each can work, and neither can touch what is the other's, nor the rules."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import lab_server
import pytest
from runbooks_help import deployment
from typer.testing import CliRunner

from kitlib import lessons
from kitlib.cli.app import app
from kitlib.cluster import Cluster
from kitlib.errors import Forbidden, Invalid, UsageError
from kitlib.lessons import classroom, desk
from kitlib.settings import get_settings


@pytest.fixture(scope="module")
def seats(embedded, tmp_path_factory):
    """Ann and Bob, each as a cluster that acts as the learner."""
    folder = tmp_path_factory.mktemp("class")
    made = classroom.enrol(embedded, ["ann", "bob"], folder)
    yield {seat.name: seat for seat in made}
    for seat in made:
        classroom.dismiss(embedded, seat.name)


def acting(seat):
    return Cluster.from_kubeconfig(seat.folder / "kubeconfig", namespace=seat.namespace)


def test_a_learner_works_in_the_own_namespace(seats):
    ann = acting(seats["ann"])
    ann.apply([deployment("web", 2), {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "mine"}}])
    ann.wait("Deployment", "web")
    ann.scale("Deployment", "web", 1)
    assert ann.list("Node")
    pod = ann.list("Pod")[0]
    assert pod.at("spec.containers.0.resources.requests.memory") == "64Mi"  # a quota wants a request
    ann.delete("Deployment", "web")


@pytest.mark.parametrize(
    "attempt",
    [
        lambda bob, ann: bob.list("Pod", namespace=ann),
        lambda bob, ann: bob.get("ConfigMap", "kube-root-ca.crt", namespace=ann),
        lambda bob, ann: bob.apply(deployment("evil"), namespace=ann),
        lambda bob, ann: bob.delete("ServiceAccount", "learner", namespace=ann),
        lambda bob, ann: bob.list("Secret", everywhere=True),
        lambda bob, ann: bob.list("Secret", namespace="kube-system"),
        lambda bob, ann: bob.patch("ResourceQuota", "learner", {"spec": {"hard": {"pods": "99"}}}),
        lambda bob, ann: bob.delete("ResourceQuota", "learner"),
        lambda bob, ann: bob.delete("LimitRange", "learner"),
        lambda bob, ann: bob.delete("RoleBinding", "learner"),
        lambda bob, ann: bob.patch("Namespace", bob.namespace, {"metadata": {"labels": {"x": "y"}}}),
        lambda bob, ann: bob.apply(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "mine-too"}}
        ),
        lambda bob, ann: bob.patch("Node", "fake-0", {"spec": {"unschedulable": True}}),
    ],
)
def test_what_is_another_learners_or_the_rules_is_forbidden(seats, attempt):
    with pytest.raises(Forbidden):
        attempt(acting(seats["bob"]), seats["ann"].namespace)


def test_the_quota_holds_and_nothing_privileged_runs(seats):
    bob = acting(seats["bob"])
    bob.apply(deployment("many", 21))
    bob.wait("Deployment", "many", until=lambda item: item.at("status.readyReplicas", 0) == 20, timeout=60)
    conditions = {
        c["type"]: c.get("message", "") for c in bob.get("Deployment", "many").at("status.conditions")
    }
    assert "exceeded quota" in conditions["ReplicaFailure"]
    bob.delete("Deployment", "many")
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "root"}}
    privileged = {"name": "c", "image": "web:1", "securityContext": {"privileged": True}}
    with pytest.raises(Forbidden, match="privileged"):
        bob.apply(pod | {"spec": {"containers": [privileged]}})
    port = {"type": "NodePort", "ports": [{"port": 80}], "selector": {"app": "x"}}
    with pytest.raises((Forbidden, Invalid), match="quota"):
        bob.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "out"}, "spec": port})


def test_lessons_run_in_the_learners_namespace(seats, monkeypatch):
    for key, value in seats["ann"].environment.items():
        monkeypatch.setenv(key, value)
    get_settings.cache_clear()
    try:
        lesson = lessons.start("03")
        assert lesson.cluster.namespace == "learner-ann"
        first = lesson.exercises[0]
        assert first.check().outcome != "correct"
        first.solution()
        assert first.check().outcome == "correct"
        lesson.clean_up()
        assert acting(seats["ann"]).find("Namespace", "learner-ann")  # it is not the learner's to remove
    finally:
        get_settings.cache_clear()


def test_who_was_enrolled_keeps_the_place_and_gets_a_new_token(embedded, seats):
    before = (seats["ann"].folder / "kubeconfig").read_text()
    classroom.enrol(embedded, ["ann"], seats["ann"].folder.parent)
    assert (seats["ann"].folder / "kubeconfig").read_text() != before
    assert (seats["ann"].folder / "kubeconfig").stat().st_mode & 0o077 == 0
    assert classroom.learners(embedded) == ["ann", "bob"]


def test_names_and_namespaces_that_can_not_be_used(embedded, namespace, tmp_path):
    for name in ("Ann", "a" * 40, "../x", ""):
        with pytest.raises(UsageError, match="learner: found"):
            classroom.enrol(embedded, [name], tmp_path)
    with pytest.raises(UsageError, match="hours"):
        classroom.enrol(embedded, ["carl"], tmp_path, hours=0)
    embedded.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "learner-dora"}})
    for refuse in (
        lambda: classroom.enrol(embedded, ["dora"], tmp_path),
        lambda: classroom.dismiss(embedded, "dora"),
    ):
        with pytest.raises(UsageError, match="no learner's"):
            refuse()
    embedded.delete("Namespace", "learner-dora", wait_seconds=0)
    assert not classroom.dismiss(embedded, "nobody")


def test_a_place_goes_with_everything_in_it(embedded, tmp_path):
    (seat,) = classroom.enrol(embedded, ["eve"], tmp_path)
    eve = acting(seat)
    assert eve.list("Pod") == []
    assert classroom.dismiss(embedded, "eve")
    assert embedded.find("ClusterRoleBinding", "kit-learner-reader-eve") is None
    assert embedded.get("Namespace", seat.namespace)["metadata"]["deletionTimestamp"]


def test_the_command(embedded, tmp_path, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(map(str, embedded.api.binding.files)))
    run = CliRunner().invoke
    where = ["--context", embedded.context]
    folder = ["--folder", str(tmp_path)]
    done = run(app, ["classroom", "enrol", "fay", *folder, *where])
    assert done.exit_code == 0, done.output
    assert "learner-fay" in done.output
    assert "fay" in run(app, ["classroom", "list", *where]).output
    assert "fay: removed" in run(app, ["classroom", "dismiss", "fay", *where]).output


def test_a_learners_jupyterlab_has_the_notebooks_and_the_place(seats):
    folder = seats["ann"].folder
    environment = desk.prepare("ann", folder)
    assert environment["KIT_LESSON_NAMESPACE"] == "learner-ann"
    assert environment["KUBECONFIG"] == str(folder / "kubeconfig")
    first = folder / "notebooks" / desk.FIRST
    first.write_text(first.read_text().replace("# ", "# My ", 1))
    mine = first.read_text()
    desk.prepare("ann", folder)
    assert first.read_text() == mine  # a learner's own work stays
    code = "from kitlib import connect; c = connect(); print(c.namespace, len(c.list('Pod')))"
    told = subprocess.check_output([sys.executable, "-c", code], env=environment, text=True, cwd=folder)
    assert told.split()[0] == "learner-ann"
    with pytest.raises(UsageError, match="not enrolled"):
        desk.prepare("zoe", Path(folder.parent / "zoe"))


def test_a_learners_jupyterlab_answers(seats, tmp_path):
    folder = seats["bob"].folder
    environment = desk.prepare("bob", folder) | {"JUPYTER_TOKEN": "for-this-test"}
    command = [*desk.command(folder, 0), "--ServerApp.port_retries=0"]
    with lab_server.running(command, environment, tmp_path) as server:
        asked = f"{server}/api/contents?token=for-this-test"
        with urllib.request.urlopen(asked, timeout=30) as answer:
            assert {"00-start.ipynb", "labs"} <= {item["name"] for item in json.load(answer)["content"]}
