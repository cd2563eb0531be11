"""Drift of the real application: none when fresh, and exactly what kubectl changed afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kitlib import app as application
from kitlib import tools
from kitlib.drift import drift

ROOT = Path(__file__).parents[2]
SPECS = ROOT / "todo-app/specs"
API = "spec.template.spec.containers[api]"
LIMIT = (
    '{"spec":{"template":{"spec":{"containers":[{"name":"api","resources":{"limits":{"memory":"600Mi"}}}]}}}}'
)
PROBE = '{"spec":{"template":{"spec":{"containers":[{"name":"api","livenessProbe":{"periodSeconds":77}}]}}}}'
EDITS = [  # what kubectl is told, and the difference that it makes
    (["set", "image", "deployment/todo-app-worker", "worker=todo-worker:other"], "worker", "image"),
    (["set", "env", "deployment/todo-app-api", "--containers", "api", "EXTRA=1"], "api", f"{API}.env[EXTRA]"),
    (["patch", "deployment/todo-app-api", "--patch", LIMIT], "api", f"{API}.resources.limits.memory"),
    (["patch", "deployment/todo-app-api", "--patch", PROBE], "api", f"{API}.livenessProbe.periodSeconds"),
    (["label", "deployment/todo-app-api", "team=blue"], "api", "metadata.labels.team"),
]


def kubectl(cluster, *arguments):
    binding = cluster.api.binding
    env = {"KUBECONFIG": os.pathsep.join(map(str, binding.files))}
    where = ["--context", binding.context, "--namespace", cluster.namespace]
    return tools.run([tools.find("kubectl"), *arguments, *where], env=env).stdout


def found(cluster):
    return {(item.object.kind, item.object.name, item.field) for item in drift(SPECS, cluster).differences}


@pytest.fixture
def fresh(app, kind_cluster):
    application.up(kind_cluster.name)
    yield app
    application.up(kind_cluster.name)


def command(cluster, kind_cluster):
    """`kit spec drift` as a person types it."""
    start = "from kitlib.cli.entry import main; main()"
    options = ["--context", kind_cluster.context, "--namespace", cluster.namespace]
    env = {**os.environ, "KUBECONFIG": str(kind_cluster.kubeconfig), "COLUMNS": "300"}
    line = [sys.executable, "-c", start, "spec", "drift", *options]
    return subprocess.run(line, capture_output=True, text=True, env=env, cwd=ROOT, check=False, timeout=120)


def test_a_fresh_deployment_agrees_with_artifacts_and_specification(fresh, kind_cluster):
    report = drift(SPECS, fresh)
    assert report.findings == []
    assert report.warnings == ()
    done = command(fresh, kind_cluster)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "no drift" in done.stdout


def test_exactly_what_kubectl_changed_is_found_and_deploying_again_mends_it(fresh, kind_cluster):
    for arguments, *_ in EDITS:
        kubectl(fresh, *arguments)
    ports = '[{"op":"replace","path":"/spec/ports/0/port","value":%d}]'
    kubectl(fresh, "patch", "service/todo-app-api", "--type", "json", "--patch", ports % 81)
    kubectl(fresh, "delete", "configmap/todo-app-frontend")
    deny = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "by-hand", "labels": {"app.kubernetes.io/instance": "todo-app"}},
        "spec": {"podSelector": {"matchLabels": {"app": "none"}}},
    }
    fresh.apply(deny)
    worker = "spec.template.spec.containers[worker].image"
    expected = {
        ("Deployment", f"todo-app-{part}", worker if field == "image" else field) for _, part, field in EDITS
    } | {
        ("Service", "todo-app-api", "spec.ports[http].port"),
        ("ConfigMap", "todo-app-frontend", ""),
        ("NetworkPolicy", "by-hand", ""),
    }
    report = drift(SPECS, fresh)
    assert {(item.object.kind, item.object.name, item.field) for item in report.differences} == expected
    makers = {item.field: item.changed_by for item in report.differences}
    assert makers[worker].startswith("kubectl-set, ")
    assert makers["metadata.labels.team"].startswith("kubectl-label, ")
    done = command(fresh, kind_cluster)
    assert done.returncode == 1
    assert "kubectl-label" in done.stdout
    # Helm tells a Service's ports apart by their number, and can't put a changed one back.
    kubectl(fresh, "patch", "service/todo-app-api", "--type", "json", "--patch", ports % 80)
    application.up(kind_cluster.name)  # it puts its own fields back, and leaves what others added
    added = {
        ("Deployment", "todo-app-api", f"{API}.env[EXTRA]"),
        ("Deployment", "todo-app-api", "metadata.labels.team"),
        ("NetworkPolicy", "by-hand", ""),
    }
    assert found(fresh) == added
    kubectl(fresh, "set", "env", "deployment/todo-app-api", "EXTRA-")
    kubectl(fresh, "label", "deployment/todo-app-api", "team-")
    fresh.delete("NetworkPolicy", "by-hand")
    assert found(fresh) == set()


def test_the_replicas_of_an_autoscaled_workload_are_no_drift(fresh):
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "todo-app-frontend"}
    scaler = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "todo-app-frontend"},
        "spec": {"scaleTargetRef": target, "minReplicas": 2, "maxReplicas": 2},
    }
    fresh.apply(scaler)
    kubectl(fresh, "scale", "deployment/todo-app-frontend", "--replicas", "2")
    assert found(fresh) == set()
    fresh.delete("HorizontalPodAutoscaler", "todo-app-frontend")
    assert found(fresh) == {("Deployment", "todo-app-frontend", "spec.replicas")}
