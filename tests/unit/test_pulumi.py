"""The Pulumi program under Pulumi's mocks: its resources are the manifests, field by field."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

import pytest
from artifacts_help import ROOT, SPECS, application

from kitlib.artifacts.manifests import ENVIRONMENTS, Target, config, objects
from kitlib.artifacts.rendering import compare_folder

pytestmark = pytest.mark.slow

PROGRAM = ROOT / "todo-app/deploy/infrastructure"
SECRETS = {
    "database_url": "postgresql://todoapp:p@postgresql:5432/todoapp",
    "redis_url": "redis://redis:6379/0",
}
OTHERWISE = {"Role", "RoleBinding", "StatefulSet", "ExternalSecret"}  # what the program leaves to others


ELSEWHERE = {
    "registry": "registry.example.org",
    "version": "2.1.0",
    "namespace": "shop",
    "hosts": json.dumps({"frontend": ["todo.example.org"], "api": []}),
    "store_cidr": "10.9.0.0/24",
}
RUNS = {"development": {}, "production": {}, "elsewhere": {"environment": "production", **ELSEWHERE}}


@lru_cache
def lines():
    """What the program registers with each of the settings."""
    every = [{"environment": name, "version": "1.0.0", **SECRETS, **more} for name, more in RUNS.items()]
    script = Path(__file__).parent / "pulumi_run.py"
    command = [sys.executable, str(script), str(PROGRAM), json.dumps(every), ",".join(SECRETS)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return dict(zip(RUNS, done.stdout.splitlines(), strict=True))


def run(name):
    """The program's resources by kind and name."""
    rows = [row for row in json.loads(lines()[name]) if row["type"].startswith("kubernetes:")]
    found = {(row["inputs"]["kind"], row["inputs"]["metadata"]["name"]): row for row in rows}
    assert len(found) == len(rows)
    return found


def expected(environment):
    """The manifests' objects that the program makes: all but the backing services and the empty Roles."""
    target = Target(application(), environment)
    made = objects(application(), environment) + config.secrets(target, "p", lambda: "x")
    stores = {"postgresql", "redis"}
    return {
        (item["kind"], item["metadata"]["name"]): item
        for item in made
        if item["kind"] not in OTHERWISE
        and not (
            item["metadata"]["labels"].get("app.kubernetes.io/component") in stores
            and item["kind"] != "NetworkPolicy"
        )
    }


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_each_resource_is_its_manifest_field_by_field(environment):
    found, wanted = run(environment), expected(environment)
    assert found.keys() == wanted.keys()
    for key, item in wanted.items():
        assert found[key]["inputs"] == item, key


def test_secret_values_are_secrets_of_pulumi():
    marked = {key: row["secrets"] for key, row in run("production").items() if row["secrets"]}
    assert marked.keys() == {("Secret", "api-secrets"), ("Secret", "worker-secrets")}
    assert all(path.startswith(".stringData") for paths in marked.values() for path in paths)


def test_replicas_are_left_to_the_autoscaler():
    ignored = {key[1]: row["ignored"] for key, row in run("production").items() if key[0] == "Deployment"}
    assert ignored == {"frontend": ["spec.replicas"], "api": ["spec.replicas"], "worker": []}
    fixed = [row["ignored"] for key, row in run("development").items() if key[0] == "Deployment"]
    assert fixed == [[], [], []]


def test_registry_version_namespace_hosts_and_stores_are_configuration():
    found = run("elsewhere")
    deployment = found["Deployment", "api"]["inputs"]
    assert deployment["metadata"]["namespace"] == "shop"
    image = deployment["spec"]["template"]["spec"]["containers"][0]["image"]
    assert image == "registry.example.org/todo-api:2.1.0"
    assert [rule["host"] for rule in found["Ingress", "todo-app"]["inputs"]["spec"]["rules"]] == [
        "todo.example.org"
    ]
    peers = [rule["to"] for rule in found["NetworkPolicy", "worker"]["inputs"]["spec"]["egress"]]
    assert peers == [[{"ipBlock": {"cidr": "10.9.0.0/24"}}]] * 2
    assert ("NetworkPolicy", "postgresql") not in found


def test_what_is_committed_is_what_renders():
    assert compare_folder(SPECS, "todo-app/deploy/infrastructure/*").findings() == []
