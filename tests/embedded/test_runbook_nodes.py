"""A node is drained and opened again: real evictions, budgets and controllers; only the pods are fake."""

from __future__ import annotations

import re
import time

import papermill
import pytest
from runbooks_help import deployment, never, run, texts, use, wait_empty

from kitlib import runbooks
from kitlib.errors import Forbidden, NotApproved, WaitTimeout
from kitlib.operations import draining
from kitlib.runbooks import catalogue, engine

NODE, OTHER = "fake-1", "fake-2"


@pytest.fixture
def place(namespace, tmp_path, monkeypatch):
    """A Deployment on both nodes and a DaemonSet; the node is open before and after."""
    use(monkeypatch, namespace, tmp_path)
    wait_empty(namespace, NODE)
    draining.set_cordon(namespace, NODE, cordoned=False)
    namespace.apply([deployment("web", 4), agent()])
    namespace.wait("Deployment", "web")
    namespace.wait("DaemonSet", "agent")
    yield namespace
    draining.set_cordon(namespace, NODE, cordoned=False)


def agent():
    made = deployment("agent")
    template = made["spec"]["template"]
    return made | {"kind": "DaemonSet", "spec": {"selector": made["spec"]["selector"], "template": template}}


def budget(cluster, **spec):
    selector = {"matchLabels": {"app": "web"}}
    body = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "web"}}
    cluster.apply(body | {"spec": {"selector": selector, **spec}})
    cluster.wait("PodDisruptionBudget", "web", until=lambda item: item.at("status.expectedPods", 0) == 4)


def on(cluster, node, app):
    pods = cluster.list("Pod", labels={"app": app}, fields=f"spec.nodeName={node}")
    return [pod for pod in pods if not pod["metadata"].get("deletionTimestamp")]


def cordoned(cluster):
    return draining.is_cordoned(cluster, NODE)


def test_a_node_is_drained_as_its_budget_allows_and_opened_again(place):
    budget(place, minAvailable=3)
    leaving = {pod.name for pod in on(place, NODE, "web")}
    assert leaving
    asked = []
    done = run(place, "node-drain", lambda change: bool(asked.append(change)) or True, node=NODE)
    assert done.exit_code == 0, done.record["message"]
    assert texts(done)[0] == f"patch Node/{NODE}"
    assert {f"evict Pod/{name} -n {place.namespace}" for name in leaving} <= set(texts(done))
    assert len(asked) == 1
    assert cordoned(place)
    assert on(place, NODE, "web") == []
    assert len(on(place, NODE, "agent")) == 1
    place.wait("Deployment", "web")
    assert len(on(place, OTHER, "web")) == 4
    assert [check["ok"] for check in done.record["checks"]] == [True, True]

    opened = run(place, "node-uncordon", node=NODE)
    assert opened.exit_code == 0, opened.record["message"]
    assert texts(opened) == [f"patch Node/{NODE}"]
    assert not cordoned(place)
    again = run(place, "node-uncordon", never, node=NODE)
    assert (again.exit_code, texts(again)) == (0, [])
    assert "nothing to change" in again.record["message"]


def test_only_pods_with_the_labels_leave(place):
    place.apply(deployment("other", 4))
    place.wait("Deployment", "other")
    before = {pod.name for pod in on(place, NODE, "other")}
    done = run(place, "node-drain", node=NODE, selector="app=web")
    assert done.exit_code == 0, done.record["message"]
    assert on(place, NODE, "web") == []
    assert {pod.name for pod in on(place, NODE, "other")} == before


def test_a_budget_that_allows_nothing_is_named_and_nothing_is_changed(place):
    budget(place, maxUnavailable=0)
    before = {pod.name for pod in on(place, NODE, "web")}
    started = time.monotonic()
    done = run(place, "node-drain", never, node=NODE, timeout_seconds=10, selector="app=web")
    assert done.exit_code == 1
    assert (
        "PodDisruptionBudget web allows no disruption: 4 healthy pods, at least 4 wanted"
        in done.record["message"]
    )
    assert time.monotonic() - started > 10
    assert {pod.name for pod in on(place, NODE, "web")} == before
    assert not cordoned(place)


def test_pods_that_would_be_lost_stop_it_unless_that_is_accepted(place):
    bare = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "bare", "labels": {"app": "bare"}}}
    spec = {"containers": [{"name": "c", "image": "c:1"}], "nodeName": NODE}
    place.apply([bare | {"spec": spec}, deployment("cache", 2, volumes=[{"name": "v", "emptyDir": {}}])])
    place.wait("Deployment", "cache")
    place.wait("Pod", "bare")
    refused = run(place, "node-drain", never, node=NODE)
    assert refused.exit_code == 1
    assert f"{place.namespace}/bare has no controller" in refused.record["message"]
    assert "keeps data in an emptyDir" in refused.record["message"]
    assert not cordoned(place)
    assert place.find("Pod", "bare")
    done = run(place, "node-drain", node=NODE, unmanaged=True, local_data=True)
    assert done.exit_code == 0, done.record["message"]
    assert place.find("Pod", "bare") is None
    assert on(place, NODE, "cache") == []


def test_a_pod_that_left_since_the_plan_voids_it(place):
    planned = engine.make_plan("node-drain", {"node": NODE}, context=place.context, quiet=True)
    assert planned.exit_code == 0, planned.record["message"]
    place.delete("Pod", on(place, NODE, "web")[0].name)
    result = runbooks.run(
        "node-drain",
        {"node": NODE},
        approve=never,
        approved=planned.record["plan"]["hash"],
        context=place.context,
        quiet=True,
    )
    assert result.exit_code == NotApproved.exit_code
    assert not cordoned(place)


def test_what_a_kubelet_writes_to_its_node_does_not_void_a_plan(place):
    def approve(_change):
        node = place.get("Node", NODE)
        before = node["metadata"].pop("resourceVersion")  # whatever the fake node writes meanwhile
        node["status"]["conditions"][0]["reason"] = "SaidAgain"
        place.api.raw("put", f"/api/v1/nodes/{NODE}/status", body=node)
        assert place.get("Node", NODE)["metadata"]["resourceVersion"] != before
        return True

    done = run(place, "node-drain", approve, node=NODE, selector="app=web")
    assert done.exit_code == 0, done.record["message"]


def test_a_pod_whose_namespace_is_being_deleted_leaves_by_itself(place):
    """The server accepts no eviction there, so asking for one must not end the drain."""
    ending = place.within(f"{place.namespace}-ends")
    ending.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": ending.namespace}})
    ending.wait("ServiceAccount", "default", until="exists")
    held = deployment("held", 4)
    held["spec"]["template"]["metadata"]["finalizers"] = ["kit.test/hold"]
    ending.apply(held)
    ending.wait("Deployment", "held")
    leaving = draining.to_evict(place, NODE, selector="app=held")
    assert leaving
    ending.delete("Namespace", ending.namespace, wait_seconds=0)
    with pytest.raises(Forbidden) as refused:
        ending.evict(leaving[0]["name"], dry_run=True)
    assert refused.value.causes == ("NamespaceTerminating",)
    draining.evict_all(place, leaving, timeout=5, tell=print)
    with pytest.raises(WaitTimeout, match=leaving[0]["name"]):
        draining.wait_gone(place, NODE, leaving, timeout=2, tell=print)
    for pod in ending.list("Pod"):
        ending.patch("Pod", pod.name, {"metadata": {"finalizers": None}}, type="merge")
    draining.wait_gone(place, NODE, leaving, timeout=60, tell=print)


def by_papermill(folder, name, given):
    """Plan, then carry out the plan's hash, as a person does with plain papermill."""
    book = str(catalogue.find(name).path)
    planned = folder / f"{name}-plan.ipynb"
    papermill.execute_notebook(book, str(planned), given, progress_bar=False)
    found = re.search(r"plan ([0-9a-f]{32})", planned.read_text())
    applied = str(folder / f"{name}-apply.ipynb")
    papermill.execute_notebook(book, applied, given | {"approve": found[1]}, progress_bar=False)


def test_plain_papermill_drains_a_node_and_opens_it_again(place, tmp_path):
    by_papermill(tmp_path, "node-drain", {"node": NODE, "selector": "app=web"})
    assert cordoned(place)
    assert on(place, NODE, "web") == []
    by_papermill(tmp_path, "node-uncordon", {"node": NODE})
    assert not cordoned(place)
