"""The certificate of an Ingress is replaced by one that was found fit, and by no other."""

from __future__ import annotations

import base64
import re

import papermill
import pytest
from runbooks_help import never, run, texts, use
from tls_help import secret, signed

from kitlib.errors import UsageError
from kitlib.runbooks import catalogue, undoing

HOSTS = ["app.example.com", "api.example.com"]
GIVEN = {"ingress": "web", "certificate": "web-tls", "replacement": "web-tls-new"}


@pytest.fixture(scope="module")
def root():
    return signed("root")


@pytest.fixture
def place(namespace, tmp_path, monkeypatch):
    """An Ingress that serves its hosts with a Secret."""
    use(monkeypatch, namespace, tmp_path)
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    paths = {"http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
    spec = {"tls": [{"secretName": "web-tls", "hosts": HOSTS}], "rules": [{"host": h} | paths for h in HOSTS]}
    head = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "web"}}
    namespace.apply(head | {"spec": spec})
    return namespace


def put(cluster, name, root, *, days=90.0, hosts=HOSTS, key=None):
    pair = signed(name, by=root, hosts=hosts, days=days)
    cluster.apply(secret(name, pair.pem + root.pem, (key or pair).key_pem))
    return pair


def serves(cluster, pair, name="web-tls"):
    stored = base64.b64decode(cluster.get("Secret", name)["data"]["tls.crt"])
    return stored.startswith(pair.pem)


def rotate(cluster, approve=lambda change: True, **more):
    return run(cluster, "tls-rotation", approve, namespace=cluster.namespace, **{**GIVEN, **more})


def test_an_expired_certificate_is_replaced_and_its_key_is_written_nowhere(place, root):
    old, new = put(place, "web-tls", root, days=-1), put(place, "web-tls-new", root)
    done = rotate(place)
    assert done.exit_code == 0, done.record["message"]
    assert texts(done) == [
        f"apply Secret/web-tls-previous -n {place.namespace}",
        f"apply Secret/web-tls -n {place.namespace}",
    ]
    assert "expired at" in done.record["message"]
    assert serves(place, new)
    assert serves(place, old, "web-tls-previous")
    assert all(check["ok"] for check in done.record["checks"])
    hidden = [line for pair in (old, new) for line in pair.key_pem.decode().splitlines() if "---" not in line]
    hidden += [base64.b64encode(pair.key_pem).decode()[:64] for pair in (old, new)]
    for path in (path for path in done.folder.rglob("*") if path.is_file()):
        for text in hidden:
            assert text not in path.read_text(), path.name
    with pytest.raises(UsageError, match="never kept"):
        undoing.undo_run(place, done.folder)

    again = rotate(place, never)
    assert (again.exit_code, texts(again)) == (0, [])
    assert "nothing to change" in again.record["message"]


def test_the_way_back_is_the_same_runbook_with_the_pair_that_was_kept(place, root):
    old, new = put(place, "web-tls", root, days=5), put(place, "web-tls-new", root)
    assert rotate(place).exit_code == 0
    assert serves(place, new)
    back = rotate(place, replacement="web-tls-previous", renew_before="365d", valid_for="1d")
    assert back.exit_code == 0, back.record["message"]
    assert serves(place, old)
    assert serves(place, new, "web-tls-previous")


def test_a_certificate_that_is_well_is_left_alone(place, root):
    own = put(place, "web-tls", root)
    put(place, "web-tls-new", root)
    result = rotate(place, never)
    assert (result.exit_code, texts(result)) == (0, [])
    assert serves(place, own)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"days": -1}, "expired at"),
        ({"days": 20}, "is valid only until"),
        ({"hosts": HOSTS[:1]}, "it is not for the host api.example.com"),
        ({"key": "another"}, "its private key belongs to another certificate"),
    ],
)
def test_a_pair_that_is_not_fit_is_refused(place, root, wrong, said):
    old = put(place, "web-tls", root, days=-1)
    key = signed("other") if wrong.get("key") else None
    put(place, "web-tls-new", root, **{**wrong, "key": key})
    result = rotate(place, never)
    assert result.exit_code == 1
    assert said in result.record["message"]
    assert serves(place, old)


def test_a_new_pair_that_changed_since_the_plan_voids_it(place, root):
    old = put(place, "web-tls", root, days=-1)
    put(place, "web-tls-new", root)

    def approve(_change):
        put(place, "web-tls-new", root)
        return True

    result = rotate(place, approve)
    assert result.exit_code == 4
    assert serves(place, old)
    assert place.find("Secret", "web-tls-previous") is None


def test_plain_papermill_plans_and_then_replaces(place, root, tmp_path):
    put(place, "web-tls", root, days=-1)
    new = put(place, "web-tls-new", root)
    book = str(catalogue.find("tls-rotation").path)
    given = {"namespace": place.namespace, **GIVEN}
    papermill.execute_notebook(book, str(tmp_path / "plan.ipynb"), given, progress_bar=False)
    assert not serves(place, new)
    given["approve"] = re.search(r"plan ([0-9a-f]{32})", (tmp_path / "plan.ipynb").read_text())[1]
    papermill.execute_notebook(book, str(tmp_path / "apply.ipynb"), given, progress_bar=False)
    assert serves(place, new)
