"""Live views: what is seen at once, what changes by itself, and that they end."""

from __future__ import annotations

import re
import time

import pytest
from runbooks_help import deployment

from kitlib.errors import ClusterUnreachable
from kitlib.widgets import Dashboard, OwnerTree, PodView, RolloutView, live, stop_all


@pytest.fixture
def there(namespace, monkeypatch):
    monkeypatch.setattr(live, "SECONDS", 0.2)
    namespace.apply(deployment("web", 2))
    namespace.wait("Deployment", "web")
    yield namespace
    stop_all()


def until(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.1)


def test_the_dashboard_shows_the_first_look_at_once_and_then_what_changes(there):
    board = Dashboard(there)
    assert f"2 of 2 pods of {there.namespace} are ready" in repr(board)
    assert "fake" in board.nodes.value
    assert "web-" in board.pods.value
    assert "ScalingReplicaSet" in board.events.value
    there.scale("Deployment", "web", 3)
    until(lambda: "3 of 3" in board.status.value)


def test_a_newer_view_of_the_same_stops_the_older_and_other_views_go_on(there):
    first, tree = Dashboard(there), OwnerTree(there)
    second = Dashboard(there)
    assert not first.looking
    assert first.pause.disabled
    assert second.looking
    assert tree.looking
    first._thread.join(5)
    assert not first._thread.is_alive()


def test_a_notebook_ends_all_its_views_and_waits_for_their_last_look(there):
    views = [Dashboard(there), OwnerTree(there), PodView(there), RolloutView("web", there)]
    stop_all()
    assert not any(view._thread.is_alive() for view in views)
    assert all(view.pause.disabled for view in views)
    assert Dashboard(there).looking


def test_a_pod_that_is_chosen_while_the_cluster_is_away_is_no_failure(there, monkeypatch):
    view = PodView(there)
    view.pause.value = True

    def refuse(*_arguments, **_named):
        raise ClusterUnreachable("the API server does not answer")

    monkeypatch.setattr(there, "logs", refuse)
    view.choice.index = 1
    assert "✗ the API server does not answer" in view.said.value


def test_it_pauses_and_goes_on(there):
    board = Dashboard(there)
    board.pause.value = True
    board.look()
    seen = board.status.value
    there.scale("Deployment", "web", 1)
    there.wait("Deployment", "web")
    time.sleep(1)  # five looks, had it gone on
    assert board.status.value == seen
    board.pause.value = False
    until(lambda: "1 of 1" in board.status.value)


def test_a_cluster_that_does_not_answer_is_said_and_asked_again(there, monkeypatch):
    board = Dashboard(there)

    def refuse(*_arguments, **_named):
        raise ClusterUnreachable("the API server does not answer")

    monkeypatch.setattr(there, "list", refuse)
    until(lambda: "✗ the API server does not answer" in board.status.value)
    monkeypatch.undo()
    until(lambda: "2 of 2" in board.status.value)


def test_the_owner_tree_leads_from_the_deployment_to_its_pods(there):
    tree = OwnerTree(there).tree.value
    places = [tree.index(part) for part in ("Deployment <b>web<", "ReplicaSet <b>web-", "Pod <b>web-")]
    assert places == sorted(places)
    assert tree.count("✓ Pod") == 2
    assert tree.count("<ul role='list'") == tree.count("</ul>") == 3


def test_a_pod_is_chosen_and_stays_chosen(there):
    view = PodView(there)
    names = [name for _, name in view.choice.options]
    assert len(names) == 2
    assert view.choice.value == names[0]
    assert f"Log of {names[0]}" in view.said.value
    view.choice.value = names[1]
    view.look()
    assert view.choice.value == names[1]
    assert f"Log of {names[1]}" in view.said.value
    there.delete("Pod", names[1])
    until(lambda: names[1] not in [name for _, name in view.choice.options])
    assert view.choice.value in [name for _, name in view.choice.options]
    assert PodView(there, "app=none").choice.value is None


def test_a_rollout_is_drawn_revision_by_revision(there):
    view = RolloutView("web", there)
    assert "2 of 2 replicas available" in repr(view)
    there.restart("Deployment", "web")
    until(lambda: len({name for _, ready in view.moments for name in ready}) == 2)
    until(lambda: "2 of 2 replicas available" in repr(view))
    for revision in ("revision 1", "revision 2"):
        assert f"■ {revision}</tspan>" in view.picture.value
        assert re.search(rf"{revision}: \d ready", view.picture.value.partition("<svg")[0])  # aria-label


def test_a_revision_that_is_gone_back_to_has_its_new_number_and_the_old_one(there):
    first = there.get("Deployment", "web").at("spec.template")
    view = RolloutView("web", there)
    there.restart("Deployment", "web")
    there.wait("Deployment", "web")
    view.look()
    back = [{"op": "replace", "path": "/spec/template", "value": first}]
    there.patch("Deployment", "web", back, type="json")
    there.wait("Deployment", "web")
    until(lambda: "■ revision 3 (was 1)</tspan>" in view.picture.value)
    assert "■ revision 2</tspan>" in view.picture.value


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet"])
def test_revisions_of_other_workloads_have_numbers_too(there, kind):
    made = deployment("db")["spec"]
    spec = {"selector": made["selector"], "template": made["template"]}
    there.apply({"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "db"}, "spec": spec})
    there.wait(kind, "db")
    assert "■ revision 1</tspan>" in RolloutView(f"{kind}/db", there).picture.value


def test_a_workload_that_is_not_there_is_said(there):
    assert "there is no Deployment 'wep'" in repr(RolloutView("wep", there))
