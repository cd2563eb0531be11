"""What the chart renders, held by a real API server: schema, admission, restricted Pod Security."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from connection_attempts import LEARNS, attempt
from service_answers import ask

from kitlib import tools
from kitlib.cluster.resource import pod_ready
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


@pytest.fixture
def guarded(namespace, images, network_policy):
    """The chart's NetworkPolicies and the API's Service, before a server that stands in for the API."""
    objects = render(namespace.namespace, "")
    kept = [o for o in objects if o["kind"] == "NetworkPolicy" or o["metadata"]["name"] == "todo-app-api"]
    namespace.apply([o for o in kept if o["kind"] in ("NetworkPolicy", "Service")])
    (template,) = (o["spec"]["template"] for o in kept if o["kind"] == "Deployment")
    ports = template["spec"]["containers"][0]["ports"]
    listen = [["python", "-m", "http.server", str(port["containerPort"])] for port in ports]
    servers = [
        {"name": port["name"], "image": images["worker"], "command": command, "ports": [port]}
        for port, command in zip(ports, listen, strict=True)
    ]
    metadata = {"name": "api", "labels": template["metadata"]["labels"]}
    namespace.apply(
        {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": servers}}
    )
    namespace.wait("Pod", "api", until=pod_ready)
    return namespace


def test_the_policies_let_the_real_callers_in_and_a_stranger_not(guarded, images, controllers):
    image, part = images["worker"], "app.kubernetes.io/component"
    release = {"app.kubernetes.io/name": "todo-app", "app.kubernetes.io/instance": "todo-app"}
    page, host = release | {part: "frontend"}, f"todo-app-api.{guarded.namespace}"
    assert attempt(guarded, image, page, host, 80, LEARNS) == "Succeeded"
    assert attempt(controllers, image, {}, host, 80, LEARNS) == "Succeeded"
    assert attempt(guarded, image, {}, host, 80) == "Failed"
    assert attempt(guarded, image, page, host, 9090) == "Failed"  # Prometheus' alone
    assert "Directory listing" in ask(guarded, "GET", "todo-app-api", "/")  # by the API server, as kit asks


def test_the_server_refuses_a_misspelt_field_by_name(namespace):
    objects = render(namespace.namespace, "dev")
    next(o for o in objects if o["kind"] == "Deployment")["spec"]["replica"] = 1
    with pytest.raises(Invalid, match="replica"):
        namespace.apply(objects, dry_run=True)
