"""The plain manifests on a real cluster: restricted enforced, NetworkPolicies enforced, every pod ready."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from connection_attempts import LEARNS, attempt
from service_answers import ask

from kitlib.app import manifests
from kitlib.cluster.resource import pod_ready
from kitlib.drift import drift

SPECS = Path(__file__).parents[2] / "todo-app/specs"
PARTS = {"api", "frontend", "worker", "postgresql", "redis"}
NAME = "app.kubernetes.io/name"


@pytest.fixture(scope="module")
def applied(kind_cluster, images, network_policy):
    """The cluster, bound to a namespace that holds the manifests, and what applying them said."""
    cluster = kind_cluster.connect(f"m-{uuid.uuid4().hex[:8]}")
    outcome = manifests.apply(SPECS, cluster, images=images)
    yield cluster, outcome
    cluster.delete("Namespace", cluster.namespace, wait_seconds=0)


def test_every_pod_is_ready_under_restricted_and_the_server_warns_of_nothing(applied):
    cluster, outcome = applied
    assert outcome.warnings == ()
    labels = cluster.get("Namespace", cluster.namespace).labels
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    assert {pod.labels[NAME] for pod in outcome.pods if pod_ready(pod)} == PARTS


def test_a_todo_made_through_the_frontend_is_in_the_api(applied):
    cluster, _ = applied
    made = ask(cluster, "POST", "frontend", "/api/todos", {"title": "by the manifests"})
    assert made["title"] == "by the manifests"
    assert made["id"] in {item["id"] for item in ask(cluster, "GET", "api", "/todos")["items"]}


def test_policies_let_the_calls_through_and_nothing_else(applied, images):
    cluster, _ = applied
    part_of = {"app.kubernetes.io/part-of": "todo-app"}
    worker = {NAME: "worker"} | part_of
    assert attempt(cluster, images["worker"], worker, "postgresql", 5432, LEARNS) == "Succeeded"
    assert attempt(cluster, images["worker"], {NAME: "stranger"} | part_of, "postgresql", 5432) == "Failed"
    assert attempt(cluster, images["worker"], worker, "api", 80) == "Failed"
    frontend = {NAME: "frontend"} | part_of
    assert attempt(cluster, images["worker"], frontend, "api", 80, LEARNS) == "Succeeded"
    assert attempt(cluster, images["worker"], {NAME: "stranger"} | part_of, "api", 80) == "Failed"


def test_the_ingress_controllers_namespace_reaches_what_has_a_host_and_another_does_not(
    applied, images, controllers, namespace
):
    cluster, _ = applied
    host = f"api.{cluster.namespace}"
    assert attempt(controllers, images["worker"], {}, host, 80, LEARNS) == "Succeeded"
    assert attempt(namespace, images["worker"], {}, host, 80) == "Failed"
    assert attempt(controllers, images["worker"], {}, host, 9090) == "Failed"


def test_applying_again_replaces_no_pod_and_keeps_the_secrets(applied, images):
    cluster, outcome = applied
    before = {pod["metadata"]["uid"] for pod in outcome.pods}
    secret = cluster.get("Secret", "api-secrets")["data"]
    again = manifests.apply(SPECS, cluster, images=images)
    assert {pod["metadata"]["uid"] for pod in again.pods if pod.labels[NAME] in PARTS} == before
    assert cluster.get("Secret", "api-secrets")["data"] == secret


def test_there_is_no_drift(applied):
    cluster, _ = applied
    report = drift(SPECS, cluster)
    assert report.findings == []
    assert report.warnings == ()
    assert report.compared > 30
