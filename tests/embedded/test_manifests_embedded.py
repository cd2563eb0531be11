"""The manifests, held by a real API server: schema, defaults, admission, Pod Security restricted."""

from __future__ import annotations

from pathlib import Path

import pytest

from kitlib.app import manifests
from kitlib.app.manifests import placed
from kitlib.artifacts.manifests import ENVIRONMENTS
from kitlib.cluster.manifests import read
from kitlib.errors import ClusterError, Invalid, NotFound, UsageError

ROOT = Path(__file__).parents[2]
SPECS = ROOT / "todo-app/specs"
CUSTOM = {"ExternalSecret", "HTTPRoute"}


def items(namespace, folder):
    found = placed(read(ROOT / "manifests" / folder), namespace.namespace)
    return [item for item in found if item["kind"] not in CUSTOM]


@pytest.fixture
def volumes(namespace):
    """Volumes for the two claims: the control plane alone has nobody who makes them."""
    names = [f"{namespace.namespace}-{store}" for store in ("postgresql", "redis")]
    for name, store in zip(names, ("postgresql", "redis"), strict=True):
        spec = {
            "capacity": {"storage": "1Gi"},
            "accessModes": ["ReadWriteOnce"],
            "hostPath": {"path": "/tmp"},
            "claimRef": {"namespace": namespace.namespace, "name": f"data-{store}-0"},
        }
        namespace.apply(
            {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name}, "spec": spec}
        )
    yield
    for name in names:
        namespace.delete("PersistentVolume", name, wait_seconds=0)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_server_takes_every_object_and_warns_of_nothing(namespace, environment):
    found = items(namespace, environment)
    first = [item for item in found if item["kind"] == "Namespace"]
    assert namespace.apply(first, force=True).warnings == ()
    labels = namespace.get("Namespace", namespace.namespace).labels
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    applied = namespace.apply([item for item in found if item["kind"] != "Namespace"], dry_run=True)
    assert applied.warnings == ()
    assert len(applied) == len(found) - 1 > 20


def test_the_pod_to_look_at_is_admitted_under_restricted(namespace):
    first = [
        item for item in items(namespace, "development") if item["kind"] in ("Namespace", "ServiceAccount")
    ]
    namespace.apply(first, force=True)
    (pod,) = [item for item in items(namespace, "reference") if item["kind"] == "Pod"]
    assert namespace.apply(pod, dry_run=True).warnings == ()


def test_a_pod_without_a_seccomp_profile_is_warned_of(namespace):
    found = items(namespace, "development")
    namespace.apply([item for item in found if item["kind"] == "Namespace"], force=True)
    api = next(item for item in found if (item["kind"], item["metadata"]["name"]) == ("Deployment", "api"))
    del api["spec"]["template"]["spec"]["securityContext"]["seccompProfile"]
    (warning,) = namespace.apply(api, dry_run=True).warnings
    assert "seccompProfile" in warning


def test_a_misspelt_field_is_refused_by_name(namespace):
    api = next(item for item in items(namespace, "development") if item["kind"] == "Deployment")
    api["spec"]["template"]["spec"]["containers"][0]["readinesProbe"] = {}
    with pytest.raises(Invalid, match="readinesProbe"):
        namespace.apply(api, dry_run=True)


def test_apply_makes_everything_and_the_secrets_once(namespace, volumes):
    outcome = manifests.apply(SPECS, namespace, timeout=60)
    assert outcome.warnings == ()
    assert {pod.labels["app.kubernetes.io/name"] for pod in outcome.pods} == {
        *("api", "frontend", "worker", "postgresql", "redis")
    }
    first = namespace.get("Secret", "api-secrets")["data"]
    assert first["DATABASE_URL"] == namespace.get("Secret", "worker-secrets")["data"]["DATABASE_URL"]
    manifests.apply(SPECS, namespace, timeout=60)
    assert namespace.get("Secret", "api-secrets")["data"] == first


def test_a_secret_that_is_gone_alone_is_not_made_anew(namespace, volumes):
    manifests.apply(SPECS, namespace, timeout=60)
    namespace.delete("Secret", "postgresql")
    with pytest.raises(ClusterError, match="Secret postgresql is gone"):
        manifests.apply(SPECS, namespace)


def test_manifests_that_are_not_what_the_specifications_render_are_not_applied(namespace, tmp_path):
    folder = tmp_path / "project/todo-app/specs"
    for source in SPECS.rglob("*"):
        if source.is_file():
            place = folder / source.relative_to(SPECS)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(source.read_bytes())
    with pytest.raises(UsageError, match=r"not what the specifications render: manifests/development"):
        manifests.apply(folder, namespace)


def test_production_needs_the_operator_for_its_secrets(namespace):
    with pytest.raises(NotFound, match="ExternalSecret"):
        manifests.apply(SPECS, namespace, environment="production")
