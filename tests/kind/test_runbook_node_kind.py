"""The tier's node is emptied of real pods, as far as their budget allows, and opened again."""

from __future__ import annotations

import pytest
from runbooks_kind import deployment, keep_records, never, python_image, run, texts

from kitlib.operations import draining
from kitlib.settings import get_settings

SLEEP = ["python", "-c", "import time; time.sleep(3600)"]


@pytest.fixture
def place(namespace, kind_cluster, tmp_path, monkeypatch):
    """Two pods on the cluster's one node, which is open before and after."""
    keep_records(monkeypatch, tmp_path)
    namespace.apply(deployment("web", python_image(kind_cluster), 2, command=SLEEP))
    namespace.wait("Deployment", "web")
    yield namespace
    draining.set_cordon(namespace, node(namespace), cordoned=False)
    get_settings.cache_clear()


def node(cluster):
    return cluster.list("Node")[0].name


def placed(cluster):
    """The pods by name, with whether they have a node; those that end are left out."""
    pods = cluster.list("Pod", labels={"app": "web"})
    return {p.name: bool(p.at("spec.nodeName")) for p in pods if not p["metadata"].get("deletionTimestamp")}


def test_a_node_is_emptied_and_opened_again(place):
    name, before = node(place), placed(place)
    done = run("node-drain", node=name, selector="app=web")
    assert done.exit_code == 0, done.record["message"]
    assert texts(done) == [
        f"patch Node/{name}",
        *(f"evict Pod/{pod} -n {place.namespace}" for pod in sorted(before)),
    ]
    after = placed(place)
    assert not set(before) & set(after)
    assert not any(after.values())  # the only node takes no pods
    opened = run("node-uncordon", node=name)
    assert opened.exit_code == 0, opened.record["message"]
    place.wait("Deployment", "web")
    assert run("node-uncordon", never, node=name).exit_code == 0


def test_a_budget_stops_a_drain_half_way_and_the_record_says_so(place):
    budget = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "web"}}
    selector = {"matchLabels": {"app": "web"}}
    place.apply(budget | {"spec": {"minAvailable": 1, "selector": selector}})
    place.wait("PodDisruptionBudget", "web", until=lambda item: item.at("status.disruptionsAllowed", 0) == 1)
    name = node(place)
    result = run("node-drain", node=name, selector="app=web", timeout_seconds=10)
    assert result.exit_code == 1
    said = "PodDisruptionBudget web allows no disruption: 1 healthy pod, at least 1 wanted"
    assert said in result.record["message"]
    assert [action["state"] for action in result.record["actions"]] == ["done", "done"]
    assert {step["id"]: step["status"] for step in result.record["steps"] if step["phase"] != "plan"} | {
        "cordon": "done"
    } == {step["id"]: step["status"] for step in result.record["steps"] if step["phase"] != "plan"}
    assert sorted(placed(place).values()) == [False, True]
    assert run("node-uncordon", node=name).exit_code == 0
    place.wait("Deployment", "web")
