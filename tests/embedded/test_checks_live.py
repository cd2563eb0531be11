"""The rules on the live objects of a namespace, with a real API server and its controllers."""

from __future__ import annotations

import json

from kitlib.checks import check
from kitlib.checks.live import bundle
from kitlib.checks.security import checklist
from kitlib.findings import Ref

CONTAINER = {"name": "api", "image": "ghcr.io/example/api:latest"}


def deployment(name, annotations=None):
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "annotations": annotations or {}},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [CONTAINER]}},
        },
    }


SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "db"},
    "stringData": {"password": "hunter2"},
}


def ready(cluster):
    """Two pods are there, so that the check has something to leave out."""
    cluster.wait("Deployment", "api", timeout=90)


def test_a_defect_of_a_deployment_is_reported_once_on_the_deployment(namespace):
    namespace.apply([deployment("api")])
    ready(namespace)
    assert len(namespace.list("Pod")) == 2
    report = check([], live=namespace)
    where = Ref("Deployment", "api", namespace.namespace)
    assert [item.object for item in report.findings if item.id == "image-version"] == [where]
    assert {item.object.kind for item in report.findings if isinstance(item.object, Ref)} <= {
        "Deployment",
        "Namespace",
    }
    assert not report.passed


def test_what_kubernetes_made_is_left_out(namespace):
    namespace.apply([deployment("api"), SECRET])
    ready(namespace)
    objects = bundle(namespace).objects
    assert [(item.kind, item.name) for item in objects] == [
        ("Namespace", namespace.namespace),
        ("Deployment", "api"),
        ("Secret", "db"),
    ]
    assert objects[2].get("data") == {"password": ""}
    assert "hunter2" not in json.dumps([dict(item.body) for item in objects])
    assert "aHVudGVyMg" not in json.dumps([dict(item.body) for item in objects])


def test_an_annotation_sets_a_finding_aside(namespace):
    namespace.apply([deployment("api", {"kit.dev/ignore.image-version": "the lesson of today"})])
    report = check([], live=namespace)
    assert "image-version" not in {item.id for item in report.findings}
    assert ("image-version", "the lesson of today") in [(item.id, reason) for item, reason in report.ignored]


def test_the_checklist_asks_the_cluster_too(namespace):
    namespace.apply([deployment("api")])
    failed = {item.title: item.evidence for item in checklist([], live=namespace) if item.state == "failed"}
    assert "Non-root containers" in failed
    assert "Network policies configured" in failed
    assert any(f"Deployment/api -n {namespace.namespace}" in line for line in failed["Read-only filesystem"])
