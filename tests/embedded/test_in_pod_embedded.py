"""A pod's own binding against a real API server: it acts as its ServiceAccount; plans have the same hash."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from kitlib import policy
from kitlib.cluster import Cluster, in_pod
from kitlib.errors import Forbidden, Invalid, PrecheckFailed
from kitlib.runbooks.catalogue import Permission
from kitlib.runbooks.remote import cron, objects, permissions, storage
from kitlib.runbooks.remote.permissions import Need
from kitlib.runbooks.remote.pod import Order


def authority(cluster):
    if "certificate-authority-data" in cluster:
        return base64.b64decode(cluster["certificate-authority-data"])
    return Path(cluster["certificate-authority"]).read_bytes()


@pytest.fixture
def pod(namespace, tmp_path, monkeypatch):
    """A Cluster as a pod of the namespace would have it."""
    address = urlsplit(namespace.server)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", address.hostname)
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(address.port))
    path = f"/api/v1/namespaces/{namespace.namespace}/serviceaccounts/default/token"
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    token = json.loads(namespace.api.raw("post", path, body=body).data)["status"]["token"]
    (tmp_path / "token").write_text(token)
    [found] = yaml.safe_load(namespace.api.binding.files[0].read_text())["clusters"]
    (tmp_path / "ca.crt").write_bytes(authority(found["cluster"]))
    binding = in_pod.bind(namespace.context, namespace.server, folder=tmp_path)
    return Cluster(binding, namespace=namespace.namespace)


DECLARED = [
    Permission(resource="pods", verbs=["list"]),
    Permission(resource="configmaps", verbs=["get", "patch"]),
    Permission(resource="nodes", verbs=["list"]),
]


def grant_of(cluster):
    known = permissions._namespaced(cluster, {""})
    return permissions.divide(DECLARED, (cluster.namespace,), known)


@pytest.fixture
def granted(namespace, pod):
    """The pod's ServiceAccount has what is declared."""
    made = grant_of(namespace).objects(f"run-{namespace.namespace}", namespace.namespace, {})
    for item in made:
        for subject in item.get("subjects", []):
            subject["name"] = "default"
    namespace.apply(made)
    yield pod
    for item in made:
        namespace.delete(item["kind"], item["metadata"]["name"], missing_ok=True)


def test_the_server_says_which_resources_live_in_a_namespace(namespace):
    found = grant_of(namespace)
    assert [item.resource for item in found.namespaced] == ["pods", "configmaps"]
    assert [item.resource for item in found.wide] == ["nodes"]
    known = permissions._namespaced(namespace, {"apps", "no.such.group"})
    assert known["apps", "deployments"] is True
    assert not [key for key in known if key[0] == "no.such.group"]


def test_a_pod_may_what_was_declared_and_nothing_more(granted):
    assert granted.list("Pod") == []
    assert granted.list("Node")
    for kind, everywhere in (("Secret", False), ("Deployment", False), ("Pod", True)):
        with pytest.raises(Forbidden, match="serviceaccount"):
            granted.list(kind, everywhere=everywhere)
    where = granted.namespace
    needs = {
        Need("list", "", "pods", where): True,
        Need("get", "", "pods", where): False,
        Need("list", "", "pods", "default"): False,
        Need("patch", "", "configmaps", where): True,
        Need("list", "", "nodes"): True,
        Need("patch", "", "nodes"): False,
    }
    assert {found.need: found.allowed for found in permissions.review(granted, needs)} == needs


def test_the_caller_is_asked_for_all_that_he_would_grant(namespace, granted):
    needs = list(permissions.needs_of(grant_of(namespace)))
    assert all(found.allowed for found in permissions.review(namespace, needs))
    with pytest.raises(PrecheckFailed, match="create roles") as caught:
        permissions.refuse_missing(permissions.review(granted, needs), "look")
    assert "list pods" not in caught.value.message


def planned(cluster):
    """The action that changes a ConfigMap, as a runbook that plans would have it."""
    gate = policy.person()
    gate.actor, gate.planning = policy.Actor("runbook", "run"), True
    with policy.acting(gate):
        cluster.patch("ConfigMap", "note", {"data": {"text": "new"}}, type="merge")
    return gate.planned[0]


def test_a_plan_made_outside_has_the_same_hash_inside(namespace, granted, tmp_path):
    note = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "note"}, "data": {"text": "old"}}
    namespace.apply(note)
    outside, inside = planned(namespace), planned(granted)
    assert (inside.server, inside.hash) == (outside.server, outside.hash)
    unnamed = Cluster(in_pod.bind(folder=granted.api.binding.folder), namespace=granted.namespace)
    assert planned(unnamed).server == granted.api.binding.server
    other = Cluster(in_pod.bind("", "https://other", folder=granted.api.binding.folder))
    assert planned(other.within(granted.namespace)).hash != outside.hash


def test_the_server_takes_every_object_of_a_run_and_warns_of_nothing(namespace):
    levels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}
    namespace.patch("Namespace", namespace.namespace, {"metadata": {"labels": levels}})
    order = Order(
        "look", {"a": "b"}, "kit-runner:abc", "acc", "shop", "kind-kit", namespace.server, "kit-runs",
        approve="f00", secret="acc",
    )  # fmt: skip
    found = grant_of(namespace)
    reader = storage.Reader(namespace, "kit-reader-1", "token")
    applied = namespace.apply(
        [
            storage.namespace("kit-runs-new"),
            storage.claim(),
            *found.objects("acc", namespace.namespace, {}),
            objects.job(order, "acc", {}),
            objects.key("acc", {}),
            cron.cron_job(order, cron.Timing("0 3 * * 1", "Europe/Berlin"), "weekly", {}, found),
            *storage.reader_objects(reader, "kit-runner:abc"),
        ],
        dry_run=True,
    )
    assert applied.warnings == ()
    assert {item.kind for item in applied} >= {"Job", "CronJob", "Pod", "PersistentVolumeClaim", "Secret"}


def test_of_two_who_make_the_same_job_one_is_refused(namespace):
    """The Job is the lock of those who run the same on other machines."""
    orders = [
        Order("look", {}, "kit-runner:abc", "acc", "shop", "c", "s", "kit-runs", mark=mark)
        for mark in ("one", "other")
    ]
    namespace.apply(objects.job(orders[0], "acc", {}))
    with pytest.raises(Invalid, match="immutable"):
        namespace.apply(objects.job(orders[1], "acc", {}))
