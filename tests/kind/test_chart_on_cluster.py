"""What the chart renders, held by a real API server: schema, admission, restricted Pod Security."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from kitlib import tools
from kitlib.errors import Invalid

CHART = Path(__file__).parents[2] / "charts/todo-app"
EVERYTHING = {
    "postgresql": {"auth": {"password": "x"}},
    "redis": {"auth": {"enabled": True, "password": "y"}},
    "networkPolicy": {"enabled": True},
    "worker": {"replicaCount": 3},
}


def render(namespace, environment):
    files = ["-f", CHART / f"values-{environment}.yaml"] if environment else []
    command = [tools.find("helm"), "template", "todo-app", CHART, "--namespace", namespace, *files, "-f", "-"]
    return [
        item for item in yaml.safe_load_all(tools.run(command, input=json.dumps(EVERYTHING)).stdout) if item
    ]


@pytest.mark.parametrize("environment", ["", "dev"])
def test_the_server_takes_every_object_and_warns_of_nothing(namespace, environment):
    enforce = {
        "pod-security.kubernetes.io/enforce": "restricted",
        "pod-security.kubernetes.io/warn": "restricted",
    }
    namespace.patch("Namespace", namespace.namespace, {"metadata": {"labels": enforce}})
    applied = namespace.apply(render(namespace.namespace, environment), dry_run=True)
    assert {"Deployment", "StatefulSet", "Service", "Secret", "NetworkPolicy"} <= {o.kind for o in applied}
    deployments = {item.name for item in applied if item.kind == "Deployment"}
    assert deployments == {"todo-app-api", "todo-app-frontend", "todo-app-worker"}
    assert applied.warnings == ()


def test_the_server_refuses_a_misspelt_field_by_name(namespace):
    objects = render(namespace.namespace, "dev")
    next(o for o in objects if o["kind"] == "Deployment")["spec"]["replica"] = 1
    with pytest.raises(Invalid, match="replica"):
        namespace.apply(objects, dry_run=True)
