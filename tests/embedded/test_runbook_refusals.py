"""Wrong inputs, each refused before anything is started: with the right exit code, and what to do."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
import yaml
from runbooks_help import never, write_runbook
from typer.testing import CliRunner

from kitlib import runbooks
from kitlib.cli.runbook import app
from kitlib.errors import KitError
from kitlib.settings import get_settings

DECLARED = """
namespace: Namespace
deployment: Deployment = "web"  # which Deployment
pod: Pod | None = None
node: Node | None = None
replicas: Annotated[int, Ge(1), Le(50)] = 3  # how many pods
share: Annotated[float, Ge(0), Lt(1)] = 0.5
mode: Literal["fast", "safe"] = "safe"
tag: Annotated[str, Pattern("[0-9]+[.][0-9]+")] = "1.10"
wait: Duration = "5m"
memory: Quantity = "512Mi"
credentials: SecretRef | None = None
zones: Annotated[list[str], MaxLen(2)] = []
force: bool = False
approve: str = ""
"""


@pytest.fixture(scope="module")
def shared(embedded):
    """A namespace with a Deployment and a Secret, for all cases; none of them changes anything."""
    name = "refusals"
    cluster = embedded.within(name)
    cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": "web:1"}]}}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    cluster.apply({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec})
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "db"},
        "stringData": {"password": "x"},
    }
    cluster.apply(secret)
    cluster.wait("ServiceAccount", "default", until="exists")
    yield cluster
    cluster.delete("Namespace", name, wait_seconds=0)


@pytest.fixture
def place(shared, tmp_path, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(map(str, shared.api.binding.files)))
    monkeypatch.chdir(tmp_path)
    get_settings.cache_clear()
    write("good.ipynb")
    yield shared
    get_settings.cache_clear()


def write(name, *, declared=DECLARED, cell="pass", metadata=None):
    write_runbook(name, (declared, cell), declared=0, metadata=metadata)


def refused(cluster, given, *, name="good.ipynb", context=None, **more):
    """The refusal, which leaves no record and takes no time."""
    started = time.monotonic()
    with pytest.raises(KitError) as found:
        runbooks.run(
            name,
            {"namespace": cluster.namespace} | given,
            approve=never,
            context=context or cluster.context,
            **more,
        )
    assert time.monotonic() - started < 30
    assert not Path("runs").exists()
    assert found.value.message
    return found.value


PARAMETERS = [
    ({"replica": "3"}, "has no parameter 'replica'", "did you mean 'replicas'?"),
    ({"Deployment": "web"}, "has no parameter 'Deployment'", "did you mean 'deployment'?"),
    ({"namspace": "x"}, "has no parameter 'namspace'", "did you mean 'namespace'?"),
    ({"colour": "red"}, "has no parameter 'colour'", ""),
    ({"replicas": "0"}, "replicas: found '0', expected greater than or equal to 1", "kit runbook show"),
    ({"replicas": "51"}, "less than or equal to 50", "kit runbook show"),
    ({"replicas": "three"}, "replicas: found 'three'", "kit runbook show"),
    ({"replicas": "3.5"}, "replicas: found '3.5'", "kit runbook show"),
    ({"replicas": ""}, "replicas: found ''", "kit runbook show"),
    ({"replicas": "1e3"}, "replicas", "kit runbook show"),
    ({"share": "1"}, "share: found '1', expected less than 1", "kit runbook show"),
    ({"share": "nan"}, "share", "kit runbook show"),
    ({"share": "half"}, "share: found 'half'", "kit runbook show"),
    ({"force": "maybe"}, "force: found 'maybe', expected valid boolean", "kit runbook show"),
    ({"force": ""}, "force: found ''", "kit runbook show"),
    ({"mode": "slow"}, "mode: found 'slow', expected 'fast' or 'safe'", "kit runbook show"),
    ({"mode": "Fast"}, "'fast' or 'safe'", "kit runbook show"),
    ({"tag": "latest"}, "tag: found 'latest'", "kit runbook show"),
    ({"tag": "1.10\n2.0"}, "tag", "kit runbook show"),
    ({"wait": "5"}, "wait: found '5', expected duration such as", "kit runbook show"),
    ({"wait": "soon"}, "wait", "kit runbook show"),
    ({"memory": "512mb"}, "memory: found '512mb', expected Kubernetes quantity", "kit runbook show"),
    ({"memory": "-1Gi"}, "memory", "kit runbook show"),
    ({"credentials": "db"}, "credentials: found 'db'", "kit runbook show"),
    ({"credentials": "db/a/b"}, "credentials", "kit runbook show"),
    ({"namespace": "Not A Name"}, "namespace: found 'Not A Name'", "kit runbook show"),
    ({"namespace": "x" * 64}, "namespace", "kit runbook show"),
    ({"deployment": "-web"}, "deployment: found '-web'", "kit runbook show"),
    ({"deployment": "web; rm -rf /"}, "deployment", "kit runbook show"),
    ({"pod": "../etc"}, "pod", "kit runbook show"),
    ({"zones": "a,b,c"}, "zones", "kit runbook show"),
    ({"zones": "[1"}, "zones", "kit runbook show"),
    ({"replicas": "0", "mode": "x", "wait": "y"}, "replicas", "kit runbook show"),
]


@pytest.mark.parametrize(("given", "message", "fix"), PARAMETERS, ids=lambda value: str(value)[:40])
def test_a_wrong_parameter(place, given, message, fix):
    found = refused(place, given)
    assert found.exit_code == 2
    assert message in found.message
    assert fix in found.fix
    if len(given) == 3:
        assert all(name in found.message for name in given)  # all at once


@pytest.mark.parametrize(
    ("given", "message", "fix"),
    [
        ({"namespace": "refusal"}, "there is no Namespace 'refusal'", "did you mean 'refusals'?"),
        ({"deployment": "wbe"}, "there is no Deployment 'wbe' in namespace refusals", "did you mean 'web'?"),
        ({"pod": "web-0"}, "there is no Pod 'web-0'", ""),
        ({"node": "node-99"}, "there is no Node 'node-99'", ""),
        ({"credentials": "dbs/password"}, "there is no Secret 'dbs'", "did you mean 'db'?"),
        ({"credentials": "db/pasword"}, "has no key 'pasword'; it has password", ""),
    ],
    ids=lambda value: str(value)[:40],
)
def test_an_object_that_is_not_there(place, given, message, fix):
    found = refused(place, given)
    assert found.exit_code == 3
    assert message in found.message
    assert fix in found.fix


def test_a_parameter_that_must_be_given(place):
    with pytest.raises(KitError, match="parameter namespace is missing") as found:
        runbooks.run("good.ipynb", {}, approve=never, context=place.context)
    assert found.value.exit_code == 2


@pytest.mark.parametrize(
    ("what", "code", "message"),
    [
        ({"cell": "!kubectl delete ns x"}, 2, "runs in a shell"),
        ({"metadata": {"scope": {"namespaces": ["production"]}}}, 3, "its scope is production"),
        ({"metadata": {"scope": {"contexts": ["prod-*"]}}}, 3, "its scope is prod-*"),
        ({"metadata": {"risks": "low"}}, 2, "metadata kitlib.risks"),
        ({"declared": "namespace: Namespace\nx: dict = {}"}, 2, "line 2: the type dict is not known"),
        ({"declared": "namespace: Namespace\nimport os"}, 2, "line 2"),
        ({"declared": 'namespace: Namespace\ndb_password: str = ""'}, 2, "secret as plain text"),
        ({"declared": "namespace: Namespace = 'a'\nreplicas: Annotated[int, Le(3)] = 9"}, 2, "replicas"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_runbook_that_is_not_right(place, what, code, message):
    write("bad.ipynb", **what)
    found = refused(place, {}, name="bad.ipynb")
    assert (found.exit_code, message in found.message) == (code, True), found.message


def test_a_runbook_that_is_not_there(place, monkeypatch):
    Path("text.ipynb").write_text("not a notebook")
    assert refused(place, {}, name="text.ipynb").exit_code == 2
    Path("runbooks").mkdir()
    Path("good.ipynb").rename("runbooks/scale-workload.ipynb")
    found = refused(place, {}, name="scale-worklod")
    assert (found.exit_code, found.fix) == (2, "did you mean 'scale-workload'?")


def test_a_context_that_is_not_there(place):
    assert refused(place, {}, context="nowhere").exit_code == 2


def kubeconfig(cluster, folder, change):
    config = yaml.safe_load(cluster.api.binding.files[0].read_text())
    change(config)
    (folder / "other").write_text(yaml.safe_dump(config))
    return str(folder / "other")


@pytest.mark.parametrize("what", ["no server", "another authority", "no such host"])
def test_a_cluster_that_does_not_answer(place, tmp_path, monkeypatch, what):
    def change(config):
        for entry in config["clusters"]:
            if what == "no server":
                entry["cluster"]["server"] = "https://127.0.0.1:1"
            elif what == "no such host":
                entry["cluster"]["server"] = "https://no-such-host.invalid:6443"
            else:
                entry["cluster"].pop("certificate-authority-data", None)
                entry["cluster"].pop("certificate-authority", None)

    monkeypatch.setenv("KUBECONFIG", kubeconfig(place, tmp_path, change))
    found = refused(place, {})
    assert found.exit_code == 8
    assert found.message


def test_a_user_without_the_permissions(place, tmp_path, monkeypatch):
    write("needs.ipynb", metadata={"permissions": [{"resource": "pods", "verbs": ["list", "delete"]}]})
    path = f"/api/v1/namespaces/{place.namespace}/serviceaccounts/default/token"
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    token = json.loads(place.api.raw("post", path, body=body).data)["status"]["token"]

    def change(config):
        for user in config["users"]:
            user["user"] = {"token": token}

    monkeypatch.setenv("KUBECONFIG", kubeconfig(place, tmp_path, change))
    found = refused(place, {}, name="needs.ipynb")
    assert found.exit_code == 3
    assert "list pods, delete pods" in found.message


def test_a_hash_for_a_runbook_that_changes_nothing(place):
    write("reads.ipynb", declared="namespace: Namespace")
    found = refused(place, {}, name="reads.ipynb", approved="0" * 32)
    assert (found.exit_code, "changes nothing" in found.message) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-p", "replicas"], "has no value"),
        (["-p", "replicas=3", "-p", "replicas=4"], "is given twice"),
        (["--contexts", "a,b,a"], "named twice"),
        (["--timeout", "0"], "greater than or equal to 1"),
    ],
    ids=str,
)
def test_a_wrong_command_line(place, arguments, message):
    command = [
        "run",
        "good.ipynb",
        "--context",
        place.context,
        "-p",
        f"namespace={place.namespace}",
        *arguments,
    ]
    result = CliRunner().invoke(app, command)
    assert result.exit_code != 0
    said = result.exception.message if isinstance(result.exception, KitError) else result.output
    assert message in said
    assert not isinstance(result.exception, (AttributeError, TypeError, KeyError))
    assert not Path("runs").exists()
