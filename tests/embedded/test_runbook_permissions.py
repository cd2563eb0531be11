"""A ServiceAccount with exactly the permissions that a runbook declares can run it to its end."""

from __future__ import annotations

import pytest
from runbooks_help import as_service_account, deployment, run, use, wait_empty
from tls_help import secret, signed

from kitlib.operations import draining
from kitlib.runbooks import catalogue

RBAC = "rbac.authorization.k8s.io"
HOST = "app.example.com"


@pytest.fixture
def place(namespace, tmp_path, monkeypatch):
    use(monkeypatch, namespace, tmp_path)
    namespace.apply(deployment("web", 2))
    namespace.wait("Deployment", "web")
    yield namespace
    draining.set_cordon(namespace, "fake-1", cordoned=False)
    for kind in ("ClusterRoleBinding", "ClusterRole"):
        namespace.delete(kind, namespace.namespace, missing_ok=True)


def limited(cluster, folder, monkeypatch, name, *, everywhere=False):
    """Act as the namespace's own ServiceAccount, with a role of the runbook's permissions."""
    permissions = catalogue.find(name).declared.permissions
    rules = [{"apiGroups": [p.group], "resources": [p.resource], "verbs": p.verbs} for p in permissions]
    kind = "ClusterRole" if everywhere else "Role"
    meta = {"name": cluster.namespace}
    role = {"apiVersion": f"{RBAC}/v1", "kind": kind, "metadata": meta, "rules": rules}
    subject = {"kind": "ServiceAccount", "name": "default", "namespace": cluster.namespace}
    ref = {"apiGroup": RBAC, "kind": kind, "name": cluster.namespace}
    binding = {"apiVersion": f"{RBAC}/v1", "kind": f"{kind}Binding", "metadata": meta, "roleRef": ref}
    cluster.apply([role, binding | {"subjects": [subject]}])
    monkeypatch.setenv("KUBECONFIG", as_service_account(cluster, folder))


@pytest.mark.parametrize("name", ["incident-report", "security-audit", "weekly-report"])
def test_reports_of_a_namespace(place, tmp_path, monkeypatch, name):
    limited(place, tmp_path, monkeypatch, name)
    result = run(place, name, namespace=place.namespace)
    assert result.exit_code == 0, result.record["message"]


@pytest.mark.parametrize(
    ("name", "given"), [("capacity-report", {}), ("node-drain", {"selector": "app=web"})]
)
def test_what_needs_the_whole_cluster(place, tmp_path, monkeypatch, name, given):
    wait_empty(place, "fake-1")
    limited(place, tmp_path, monkeypatch, name, everywhere=True)
    result = run(place, name, **given, **({"node": "fake-1"} if name == "node-drain" else {}))
    assert result.exit_code == 0, result.record["message"]
    if name == "node-drain":
        limited(place, tmp_path, monkeypatch, "node-uncordon", everywhere=True)
        opened = run(place, "node-uncordon", node="fake-1")
        assert opened.exit_code == 0, opened.record["message"]


def test_clean_up(place, tmp_path, monkeypatch):
    made = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "left", "labels": {"app": "web"}}}
    place.apply(made | {"data": {}})
    limited(place, tmp_path, monkeypatch, "namespace-clean-up")
    kinds = ["ConfigMap", "Service", "Secret", "PersistentVolumeClaim", "Deployment", "StatefulSet"]
    given = {"kinds": [*kinds, "Job", "Pod"], "selector": "app=web", "older_than": "0s"}
    result = run(place, "namespace-clean-up", namespace=place.namespace, **given)
    assert result.exit_code == 0, result.record["message"]
    assert place.find("ConfigMap", "left") is None
    assert place.find("Deployment", "web") is None


def test_rotation(place, tmp_path, monkeypatch):
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    rule = {"host": HOST, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
    ingress = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "web"}}
    place.apply(ingress | {"spec": {"tls": [{"secretName": "old"}], "rules": [rule]}})
    for name, days in (("old", -1), ("new", 90)):
        pair = signed(name, hosts=[HOST], days=days)
        place.apply(secret(name, pair.pem, pair.key_pem))
    limited(place, tmp_path, monkeypatch, "tls-rotation")
    given = {"ingress": "web", "certificate": "old", "replacement": "new"}
    result = run(place, "tls-rotation", namespace=place.namespace, **given)
    assert result.exit_code == 0, result.record["message"]
