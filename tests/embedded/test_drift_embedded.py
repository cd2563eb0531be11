"""Drift where the API is enough: the chart's release and the manifests, changed in one place at a time."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import yaml

from kitlib import tools
from kitlib.app.manifests import IMAGES, placed, put_in
from kitlib.artifacts.manifests import Target
from kitlib.artifacts.manifests.config import secrets
from kitlib.cluster.manifests import read
from kitlib.drift import drift
from kitlib.errors import UsageError
from kitlib.specs import read_application

ROOT = Path(__file__).parents[2]
SPECS = ROOT / "todo-app/specs"
CHART = ROOT / "charts/todo-app"
RELEASE = "todo-app"
SCALED = {"api": {"autoscaling": {"enabled": True, "minReplicas": 1, "maxReplicas": 4}}}


def install(cluster, environment="dev", **values):
    """Install the chart's release; nothing is awaited."""
    binding = cluster.api.binding
    given = {"postgresql": {"auth": {"password": "drift-password"}}, **values}
    where = ["--namespace", cluster.namespace, "--kube-context", binding.context]
    files = ["--values", CHART / f"values-{environment}.yaml", "--values", "-"]
    command = [tools.find("helm"), "upgrade", "--install", RELEASE, CHART, *files, *where]
    env = {"KUBECONFIG": os.pathsep.join(map(str, binding.files))}
    tools.run(command, input=json.dumps(given), env=env, timeout=120)


def found(cluster, **options):
    """The drift as (sort, object, field) of each difference that is about the cluster."""
    report = drift(SPECS, cluster, **options)
    assert report.compared > 10
    return {
        (item.sort, item.object.kind, item.object.name, item.field)
        for item in report.differences
        if item.sort != "spec"
    }


def api(field):
    return {("cluster", "Deployment", "todo-app-api", field)}


API = "spec.template.spec.containers[api]"


@pytest.fixture
def release(namespace):
    install(namespace)
    return namespace


def container(**fields):
    return {"spec": {"template": {"spec": {"containers": [{"name": "api", **fields}]}}}}


def test_a_fresh_release_has_no_drift(release):
    assert found(release) == set()


CHANGES = [
    ("Deployment", "todo-app-api", container(image="todo-api:other"), "strategic", api(f"{API}.image")),
    (
        "Deployment",
        "todo-app-api",
        container(env=[{"name": "DEBUG_SQL", "value": "1"}]),
        "strategic",
        api(f"{API}.env[DEBUG_SQL]"),
    ),
    (
        "Deployment",
        "todo-app-api",
        container(resources={"limits": {"cpu": "2"}}),
        "strategic",
        api(f"{API}.resources.limits.cpu"),
    ),
    (
        "Deployment",
        "todo-app-api",
        container(livenessProbe={"failureThreshold": 99}),
        "strategic",
        api(f"{API}.livenessProbe.failureThreshold"),
    ),
    (
        "Deployment",
        "todo-app-api",
        {"metadata": {"labels": {"team": "blue"}}},
        "merge",
        api("metadata.labels.team"),
    ),
    ("Deployment", "todo-app-api", {"spec": {"replicas": 3}}, "merge", api("spec.replicas")),
    (
        "Service",
        "todo-app-api",
        [{"op": "replace", "path": "/spec/ports/0/port", "value": 81}],
        "json",
        {("cluster", "Service", "todo-app-api", "spec.ports[http].port")},
    ),
    (
        "ConfigMap",
        "todo-app-api",
        {"data": {"LOG_LEVEL": "ERROR"}},
        "merge",
        {("cluster", "ConfigMap", "todo-app-api", "data.LOG_LEVEL")},
    ),
]


@pytest.mark.parametrize(
    ("kind", "name", "change", "type", "expected"), CHANGES, ids=lambda value: str(value)[:40]
)
def test_exactly_the_changed_field_is_reported(release, kind, name, change, type, expected):
    release.patch(kind, name, change, type=type)
    assert found(release) == expected


def test_a_difference_has_three_values_a_line_and_who_made_it(release):
    release.patch("Deployment", "todo-app-api", container(resources={"limits": {"cpu": "2"}}))
    (item,) = drift(SPECS, release).differences
    assert (item.spec, item.artifact, item.cluster) == ("500m", "500m", "2")
    assert "local-cluster.md:" in item.where
    assert item.changed_by.startswith("kit, ")
    assert item.finding().id == "drift-cluster"


def test_a_network_policys_changed_port_is_reported(namespace):
    install(namespace, networkPolicy={"enabled": True})
    changed = [{"op": "replace", "path": "/spec/ingress/0/ports/0/port", "value": 9999}]
    # The values file has no policies in development, so all of them stand in no artifact.
    assert {(sort, kind) for sort, kind, *_ in found(namespace)} == {("extra", "NetworkPolicy")}
    namespace.patch("NetworkPolicy", "todo-app-postgresql", changed, type="json")
    assert {sort for sort, *_ in found(namespace)} == {"extra"}


def test_what_was_set_on_the_release_by_hand_is_drift_from_the_files(namespace):
    install(namespace, worker={"replicaCount": 3})
    assert found(namespace) == {("cluster", "Deployment", "todo-app-worker", "spec.replicas")}


def test_replicas_are_the_autoscalers(namespace):
    install(namespace, **SCALED)
    before = found(namespace)
    assert before == {("extra", "HorizontalPodAutoscaler", "todo-app-api", "")}
    namespace.scale("Deployment", "todo-app-api", 4)
    assert found(namespace) == before
    assert [item for item in drift(SPECS, namespace).differences if item.sort == "spec"] == []


def test_a_deleted_object_is_missing_and_a_new_one_extra(release):
    release.delete("ConfigMap", "todo-app-worker")
    labels = {"app.kubernetes.io/instance": RELEASE}
    release.apply(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "left", "labels": labels},
            "data": {"a": "b"},
        }
    )
    assert found(release) == {
        ("missing", "ConfigMap", "todo-app-worker", ""),
        ("extra", "ConfigMap", "left", ""),
    }


def test_a_changed_secret_is_reported_and_never_shown(release):
    release.patch(
        "Secret", "todo-app-api", {"stringData": {"REDIS_URL": "redis://elsewhere:6379/0"}}, type="merge"
    )
    (item,) = drift(SPECS, release).differences
    assert item.field == "data.REDIS_URL"
    assert item.artifact.startswith("(hidden, ")
    assert item.cluster != item.artifact
    assert "elsewhere" not in repr(item)


def test_a_restart_is_no_drift(release):
    release.restart("Deployment", "todo-app-api")
    assert found(release) == set()


def test_nothing_deployed_is_said(namespace):
    with pytest.raises(UsageError, match="neither a release"):
        drift(SPECS, namespace)


def test_the_production_values_are_what_the_specification_says(namespace):
    install(namespace, "prod")
    report = drift(SPECS, namespace, environment="production")
    assert [item for item in report.differences if item.sort == "spec"] == []


def apply_manifests(cluster, images=None):
    target = Target(read_application(SPECS).spec, "development")
    items = placed(read(ROOT / "manifests/development"), cluster.namespace)
    items = [put_in(item, images or {}) for item in items]
    cluster.apply(items, force=True)
    cluster.apply(placed(secrets(target, "p" * 8, lambda: "x" * 8), cluster.namespace))


def test_the_applied_manifests_have_no_drift_and_a_change_is_found(namespace):
    apply_manifests(namespace, {"api": "todo-api:local"})
    assert found(namespace) == set()
    assert namespace.get("Deployment", "api").at("metadata.annotations")[IMAGES]
    rule = [{"op": "replace", "path": "/spec/ingress/0/ports/0/port", "value": 9999}]
    namespace.patch("NetworkPolicy", "postgresql", rule, type="json")
    namespace.patch("Deployment", "api", container(image="todo-api:evil"))
    assert found(namespace) == {
        ("cluster", "NetworkPolicy", "postgresql", "spec.ingress[0].ports[0].port"),
        ("cluster", "Deployment", "api", f"{API}.image"),
    }


def test_specification_and_artifact_are_compared(namespace, tmp_path):
    root = tmp_path / "project"
    for part in ("todo-app/specs", "charts/todo-app", "manifests/development"):
        for source in (ROOT / part).rglob("*"):
            if source.is_file():
                place = root / part / source.relative_to(ROOT / part)
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(source.read_bytes())
    apply_manifests(namespace)
    file = root / "manifests/development/deployments.yaml"
    items = list(yaml.safe_load_all(file.read_text()))
    api = next(item for item in items if item["metadata"]["name"] == "api")
    api["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["memory"] = "9Gi"
    file.write_text(yaml.safe_dump_all(items))
    report = drift(root / "todo-app/specs", namespace)
    sorts = {(item.sort, item.field): item for item in report.differences}
    field = f"{API}.resources.limits.memory"
    assert sorts.keys() == {("spec", field), ("cluster", field)}
    item = sorts["spec", field]
    assert (item.spec, item.artifact, item.cluster) == ("512Mi", "9Gi", "512Mi")
    assert "artifact-edited" in {finding.id for finding in report.files}
