"""The verbs of Cluster against a real API server."""

from __future__ import annotations

import pytest

from kitlib.errors import Conflict, Forbidden, Invalid, NotFound, WaitTimeout


def config_map(name, **data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def deployment(name, replicas=1):
    container = {"name": "web", "image": "web:1"}
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


def test_a_list_longer_than_a_page_is_whole(namespace):
    namespace.apply([config_map(f"c{number}", n=str(number)) for number in range(510)])
    names = [item.name for item in namespace.list("ConfigMap") if item.name != "kube-root-ca.crt"]
    assert len(names) == len(set(names)) == 510


def test_apply_refuses_an_unknown_field_and_names_it(namespace):
    wrong = deployment("web")
    wrong["spec"]["replicaz"] = 2
    with pytest.raises(Invalid, match="replicaz"):
        namespace.apply(wrong)
    assert namespace.apply(deployment("web"))[0].at("spec.replicas") == 1


def test_a_dry_run_stores_nothing(namespace):
    namespace.apply(config_map("dry", a="1"), dry_run=True)
    assert namespace.find("ConfigMap", "dry") is None
    namespace.apply(config_map("dry", a="1"))
    assert namespace.find("ConfigMap", "dry") is not None


def test_a_field_of_another_manager_is_a_conflict_unless_forced(namespace):
    path = f"/api/v1/namespaces/{namespace.namespace}/configmaps?fieldManager=other"
    namespace.api.raw("post", path, body=config_map("shared", a="theirs"))
    with pytest.raises(Conflict, match=r"(?s)other.*take them over"):
        namespace.apply(config_map("shared", a="ours"))
    namespace.apply(config_map("shared", a="ours"), force=True)
    assert namespace.get("ConfigMap", "shared").at("data.a") == "ours"


def test_a_finalizer_that_holds_an_object_is_named(namespace):
    held = config_map("held", a="1")
    held["metadata"]["finalizers"] = ["example.org/hold"]
    namespace.apply(held)
    with pytest.raises(WaitTimeout, match=r"example\.org/hold"):
        namespace.delete("ConfigMap", "held", wait_seconds=1)
    namespace.patch("ConfigMap", "held", {"metadata": {"finalizers": None}}, type="merge")
    assert namespace.find("ConfigMap", "held") is None


def test_pods_on_fake_nodes_become_ready_and_scale(namespace):
    namespace.apply(deployment("web"))
    namespace.wait("Deployment", "web")
    namespace.scale("Deployment", "web", 3)
    assert namespace.wait("Deployment", "web").at("status.availableReplicas") == 3


def test_a_wait_that_ends_says_what_it_saw(namespace):
    stuck = deployment("stuck")
    stuck["spec"]["template"]["spec"]["nodeSelector"] = {"none": "such"}
    namespace.apply(stuck)
    with pytest.raises(WaitTimeout, match="stuck"):
        namespace.wait("Deployment", "stuck", timeout=1)


def test_errors_have_their_class(namespace):
    with pytest.raises(NotFound, match="absent"):
        namespace.get("ConfigMap", "absent")
    with pytest.raises(NotFound, match="Deploymnt") as caught:
        namespace.get("Deploymnt", "web")
    assert "Deployment" in caught.value.fix
    with pytest.raises(Invalid):
        namespace.apply(config_map("Not_A_Name", a="1"))
    with pytest.raises(Forbidden):
        namespace.delete("Namespace", "kube-system")
