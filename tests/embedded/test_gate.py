"""The gate in front of a real API server: who may change what, what is recorded, and how it is undone."""

from __future__ import annotations

import json

import pytest

from kitlib import undo as undo_module
from kitlib.errors import Conflict, NotApproved, UsageError
from kitlib.policy import (
    Actor,
    Approvals,
    Audit,
    Budget,
    Denied,
    Following,
    Gate,
    Limits,
    acting,
    current,
    preimages,
)
from kitlib.redaction import MARK
from kitlib.settings import get_settings
from kitlib.undo import plan_undo, undo


@pytest.fixture
def gates(tmp_path):
    """Makes gates that share one folder, as the processes of one machine do."""

    def make(kind, **more):
        actor = Actor(kind, "test")
        return Gate(actor, Approvals(tmp_path / "approvals"), Audit(tmp_path / "audit.jsonl"), **more)

    return make


def config_map(name="settings", **data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def deployment(name="api", replicas=1):
    labels = {"app": name}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "kit.local/c:1"}]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": pod}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


def test_a_person_is_recorded_and_can_take_it_back(namespace):
    namespace.apply(config_map(level="INFO"))
    namespace.apply(config_map(level="DEBUG"))
    newest = next(preimages.everything())
    assert (newest.verb, newest.kind, newest.name) == ("apply", "ConfigMap", "settings")
    _, fields = plan_undo(namespace, newest.id)
    assert [(field.dotted, field.before, field.after) for field in fields] == [
        ("data.level", "DEBUG", "INFO")
    ]
    undo(namespace, newest.id)
    assert namespace.get("ConfigMap", "settings").at("data.level") == "INFO"
    assert current().audit.verify().ok


def test_what_was_made_is_deleted_and_what_was_deleted_is_made_anew(namespace):
    namespace.apply(config_map(level="INFO"))
    undo(namespace, next(preimages.everything()).id)
    assert namespace.find("ConfigMap", "settings") is None
    namespace.apply(deployment(replicas=2))
    namespace.delete("Deployment", "api")
    undo(namespace, next(preimages.everything()).id)
    assert namespace.get("Deployment", "api").at("spec.replicas") == 2


def test_a_deleted_job_is_not_run_again_by_undo(namespace):
    pod = {"restartPolicy": "Never", "containers": [{"name": "c", "image": "kit.local/c:1"}]}
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "once"}}
    namespace.apply(job | {"spec": {"template": {"spec": pod}}})
    namespace.delete("Job", "once")
    with pytest.raises(UsageError, match="runs again"):
        plan_undo(namespace, next(preimages.everything()).id)


def test_undo_refuses_on_drift_and_names_the_field(namespace):
    namespace.apply(config_map(level="INFO"))
    namespace.apply(config_map(level="DEBUG"))
    change = next(preimages.everything())
    namespace.patch("ConfigMap", "settings", {"data": {"level": "TRACE"}})
    with pytest.raises(Conflict, match=r"changed since by somebody else: data\.level"):
        undo(namespace, change.id)
    assert namespace.get("ConfigMap", "settings").at("data.level") == "TRACE"


@pytest.mark.parametrize(("meanwhile", "undone"), [("status", True), ("spec", False)])
def test_a_status_that_is_written_meanwhile_does_not_stop_undo_and_a_spec_does(
    namespace, monkeypatch, meanwhile, undone
):
    pod = {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [{"name": "c", "image": "x:1"}]}}
    spec = {"replicas": 0, "paused": True, "selector": {"matchLabels": {"app": "x"}}, "template": pod}
    namespace.apply({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x"}, "spec": spec})
    namespace.patch("Deployment", "x", {"spec": {"minReadySeconds": 7}})
    change = next(preimages.everything())
    restored, path = undo_module._restored, f"/apis/apps/v1/namespaces/{namespace.namespace}/deployments/x"

    def late(before, now):
        """Somebody writes between the look and the replacement, the first time."""
        monkeypatch.undo()
        body = restored(before, now)
        if meanwhile == "status":
            status = {**now, "status": {**now["status"], "replicas": 0, "collisionCount": 1}}
            namespace.api.raw("put", f"{path}/status", body=status)
        else:
            namespace.patch("Deployment", "x", {"spec": {"minReadySeconds": 9}})
        return body

    monkeypatch.setattr(undo_module, "_restored", late)
    if undone:
        undo(namespace, change.id)
    else:
        with pytest.raises(Conflict, match=r"changed since by somebody else: spec\.minReadySeconds"):
            undo(namespace, change.id)
    assert namespace.get("Deployment", "x").at("spec.minReadySeconds", 0) == (0 if undone else 9)


def test_a_secrets_change_leaves_no_value_on_disk(namespace):
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "db"},
        "stringData": {"p": "canary-7331"},
    }
    namespace.apply(secret)
    namespace.apply(secret | {"stringData": {"p": "canary-7332"}})
    change = next(preimages.everything())
    with pytest.raises(UsageError, match="never kept on disk"):
        plan_undo(namespace, change.id)
    state = get_settings().state_dir
    for path in (p for p in state.rglob("*") if p.is_file()):
        assert b"canary-733" not in path.read_bytes(), path
        assert b"Y2FuYXJ5LTcz" not in path.read_bytes(), path
    assert MARK  # what stands in its place elsewhere


def test_an_agent_is_denied_before_anything_of_a_mixed_manifest_is_done(namespace, gates):
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "mine"}, "stringData": {"a": "b"}}
    gate = gates("agent", needs_approval=())
    with acting(gate), pytest.raises(Denied, match="Secret modification"):
        namespace.apply([config_map(a="b"), secret])
    assert namespace.find("ConfigMap", "settings") is None
    (entry,) = gate.audit.read()
    assert (entry["event"], entry["action"]["kind"]) == ("deny", "Secret")


def test_an_agent_needs_an_approval_of_exactly_this_action(namespace, gates):
    namespace.apply(deployment())
    gate = gates("agent", needs_approval=("scale",))
    with acting(gate), pytest.raises(NotApproved) as refused:
        namespace.scale("Deployment", "api", 3)
    hash = refused.value.fix.split()[2]
    gate.approvals.approve(hash, "ada")
    with acting(gate), pytest.raises(NotApproved):
        namespace.scale("Deployment", "api", 4)
    with acting(gate):
        namespace.scale("Deployment", "api", 3)
    assert namespace.get("Deployment", "api").at("spec.replicas") == 3
    events = [entry["event"] for entry in gate.audit.read()]
    assert events == ["needs approval", "needs approval", "begin", "end"]


def test_an_agents_budget_ends_it(namespace, gates, tmp_path):
    namespace.apply(deployment())
    budget = Budget(tmp_path / "budget.json", Limits(actions_per_hour=1, pods=3))
    gate = gates("agent", needs_approval=(), budget=budget)
    with acting(gate), pytest.raises(Denied, match="5 pods"):
        namespace.scale("Deployment", "api", 6)
    with acting(gate):
        namespace.scale("Deployment", "api", 2)
        with pytest.raises(Denied, match="within the last hour"):
            namespace.scale("Deployment", "api", 3)
    assert namespace.get("Deployment", "api").at("spec.replicas") == 2


def planned(namespace, gates):
    gate = gates("runbook", planning=True)
    with acting(gate):
        namespace.scale("Deployment", "api", 3)
        namespace.restart("Deployment", "api")
    return gate.finish_plan("scale api to 3")


def test_a_plan_changes_nothing_and_its_approval_does_exactly_that(namespace, gates):
    namespace.apply(deployment())
    plan = planned(namespace, gates)
    assert "+ spec.replicas: 3" in plan.diff
    assert namespace.get("Deployment", "api").at("spec.replicas") == 1
    gate = gates("runbook", following=Following(plan))
    with acting(gate):
        namespace.scale("Deployment", "api", 3)
        namespace.restart("Deployment", "api")
        with pytest.raises(NotApproved, match="not in the approved plan"):
            namespace.scale("Deployment", "api", 4)
    assert namespace.get("Deployment", "api").at("spec.replicas") == 3


def test_an_object_changed_after_the_plan_voids_it(namespace, gates):
    namespace.apply(deployment())
    plan = planned(namespace, gates)
    namespace.patch("Deployment", "api", {"spec": {"paused": True}})
    with (
        acting(gates("runbook", following=Following(plan))),
        pytest.raises(NotApproved, match="is at version 2, planned was 1"),
    ):
        namespace.scale("Deployment", "api", 3)
    assert namespace.get("Deployment", "api").at("spec.replicas") == 1


def test_an_object_made_anew_after_the_plan_voids_it(namespace, gates):
    namespace.apply(deployment())
    plan = planned(namespace, gates)
    namespace.delete("Deployment", "api")
    namespace.apply(deployment())
    with acting(gates("runbook", following=Following(plan))), pytest.raises(NotApproved, match="made anew"):
        namespace.scale("Deployment", "api", 3)


def test_a_failure_is_recorded_as_one(namespace, gates):
    gate = gates("person")
    with acting(gate), pytest.raises(Exception, match="not found"):
        namespace.scale("Deployment", "absent", 2)
    assert [entry["event"] for entry in gate.audit.read()] == ["begin", "end"]
    assert list(gate.audit.read())[-1]["result"] == "failed"


def test_without_an_audit_nothing_is_done(namespace, gates, tmp_path):
    gate = gates("person")
    with acting(gate):
        namespace.apply(config_map(level="INFO"))
        (tmp_path / "audit.jsonl").write_text(json.dumps({"n": 1}) + "\n")
        with pytest.raises(Exception, match="not as it was left"):
            namespace.apply(config_map(level="DEBUG"))
    assert namespace.get("ConfigMap", "settings").at("data.level") == "INFO"
