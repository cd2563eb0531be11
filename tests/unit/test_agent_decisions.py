"""What the agent may do alone, what it remembers, whom it tells when: with a clock that the tests move."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kitlib.agent import answering
from kitlib.agent.desk import Desk, told
from kitlib.agent.escalating import follow_up
from kitlib.agent.history import decisions
from kitlib.agent.judging import Judge, Rule, rules_of
from kitlib.agent.measuring import Measured, Rate, _usage
from kitlib.agent.names import MUTATIONS, OPERATIONS
from kitlib.agent.objects import Meta, Node, Pod
from kitlib.agent.operations import OperationsPolicy, Permission
from kitlib.agent.permitting import alone
from kitlib.agent.proposals import Proposal
from kitlib.agent.scope import watchables
from kitlib.agent.state import State, StateError
from kitlib.agent.triggers import parse
from kitlib.agent.view import View
from kitlib.errors import NotApproved, SettingsError
from kitlib.findings import Ref
from kitlib.policy import Audit, Budget, Limits
from kitlib.settings import get_settings
from kitlib.specs.models.agent import AgentConfig, Safety

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
API = Ref("Deployment", "api", "shop")
ACTS = st.sampled_from(sorted(MUTATIONS))
TRIGGER = parse("CrashLoopBackOff > 5min")
ROWS = st.lists(
    st.builds(Permission, st.just("row"), ACTS, st.just(TRIGGER), st.booleans(), st.just("f:1")), max_size=4
)
SAFETY = st.builds(
    Safety,
    require_approval=st.lists(st.sampled_from(sorted(set(MUTATIONS.values()))), max_size=3).map(tuple),
    dry_run_default=st.booleans(),
)


@settings(deadline=None)
@given(ACTS, SAFETY, ROWS, st.booleans(), st.booleans())
def test_nothing_is_done_alone_that_anything_asks_a_person_for(act, safety, rows, holds, suggests):
    policy = OperationsPolicy(tuple(rows))
    if not alone(act, safety, policy, lambda _: holds, suggests=suggests):
        return
    assert holds
    assert not suggests
    assert not safety.dry_run_default
    assert MUTATIONS[act] not in safety.require_approval
    assert [row.automatic for row in rows if row.act == act].count(False) == 0
    assert any(row.act == act for row in rows)
    # Whatever is made stricter ends it.
    manual = OperationsPolicy((*rows, Permission("row", act, TRIGGER, False, "f:2")))
    stricter = safety.model_copy(update={"require_approval": (MUTATIONS[act],)})
    assert not alone(act, safety, manual, lambda _: True, suggests=False)
    assert not alone(act, stricter, policy, lambda _: True, suggests=False)
    never = replace(policy, never=frozenset({act}))
    assert not alone(act, safety, never, lambda _: True, suggests=False)


@pytest.mark.parametrize("act", sorted(set(OPERATIONS.values()) - set(MUTATIONS)))
def test_what_only_reads_is_no_change_to_allow(act):
    assert not alone(act, Safety(dry_run_default=False), OperationsPolicy(), lambda _: True, suggests=False)


class Clock:
    """The time, which the tests move."""

    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now


class Heard(list):
    """A listener that keeps what it hears."""

    notify = list.append


def config(**safety):
    return AgentConfig.model_validate(
        {
            "apiVersion": "kagent.io/v1",
            "kind": "AgentConfig",
            "metadata": {"name": "unit", "namespace": "kagent-system"},
            "spec": {
                "scope": {"namespaces": ["shop"], "resources": ["pods", "deployments"]},
                "model": {"provider": "openai", "name": "none"},
                "safety": safety,
            },
        }
    )


@pytest.fixture
def desk(tmp_path):
    state = State(tmp_path / "memory", "unit")
    return Desk(config(), None, OperationsPolicy(), state, Heard(), Clock(), lambda: True)


def proposal(id="a1b2c3d4", **more):
    at = NOW.isoformat()
    return Proposal(id, "rule", "scale", API, API, "scale api", at, at, **{"hash": "h" * 32, **more})


def test_the_on_call_engineer_is_asked_then_the_team_lead_each_once_and_silence_is_a_no(desk):
    desk.tell(desk.state.save(proposal()), "action-suggested", "on-call")

    def later(minutes):
        desk.clock.now = NOW + timedelta(minutes=minutes)
        for item in desk.state.proposals():
            follow_up(desk, item)
        return [(notice.event, notice.to) for notice in desk.listener]

    assert later(14) == [("action-suggested", "on-call")]
    assert later(15)[1:] == [("action-escalated", "team-lead")]
    assert len(later(120)) == 2
    assert later(24 * 60)[2:] == [("action-denied", "channel")]
    assert desk.state.get("a1b2c3d4").state == "expired"
    assert len({notice.key for notice in desk.listener}) == 3


def test_a_proposal_tells_its_evidence_and_how_to_answer():
    text = told(proposal(evidence=("pod.cpuUsage is 0.95",), diff="+ spec.replicas: 3"))
    for part in ("pod.cpuUsage is 0.95", "+ spec.replicas: 3", "kit agent approve a1b2c3d4"):
        assert part in text
    assert "approve" not in told(proposal(hash=""))


def test_the_memory_outlives_the_process(desk, tmp_path):
    desk.state.save(proposal(value={"replicas": 3}, evidence=("x",)))
    desk.state.cool(proposal(), NOW)
    again = State(tmp_path / "memory", "unit")
    (found,) = again.proposals()
    assert found == proposal(value={"replicas": 3}, evidence=("x",))
    for key in found.keys:
        assert again.cooling(key, NOW + timedelta(minutes=29))
        assert not again.cooling(key, NOW + timedelta(minutes=30))


def test_a_memory_that_can_not_be_read_stops_the_agent(desk):
    desk.state.save(proposal())
    path = desk.state.folder / "proposals" / "a1b2c3d4.json"
    path.write_text(path.read_text()[:40])
    with pytest.raises(StateError, match="does nothing"):
        desk.state.proposals()


def test_settled_proposals_are_kept_for_a_week(desk):
    desk.state.save(proposal())
    desk.state.save(proposal("b1b2c3d4", state="done"))
    desk.state.prune(NOW + timedelta(days=6))
    assert len(desk.state.proposals()) == 2
    desk.state.prune(NOW + timedelta(days=8))
    assert [item.id for item in desk.state.proposals()] == ["a1b2c3d4"]


def test_advice_can_not_be_approved_and_another_plan_neither(desk):
    desk.state.save(proposal(hash="", reason="kit runbook run node-drain"))
    with pytest.raises(NotApproved, match="is advice"):
        answering.approve(desk.state, "a1b2c3d4", "ada")
    desk.state.save(proposal())
    with pytest.raises(NotApproved, match="was approved"):
        answering.approve(desk.state, "a1b2c3d4", "ada", hash="other")
    with pytest.raises(NotApproved, match="no plan"):
        answering.approve(desk.state, "a1b2c3d4", "ada")


def test_a_denial_is_in_the_history_with_its_reason(desk):
    desk.state.save(proposal())
    answering.deny(desk.state, "a1b2c3d4", "ada", "quiet week", clock=desk.clock)
    audit = Audit(get_settings().state_dir / "audit.jsonl")
    last = list(decisions(audit.read(), "unit"))[-1]
    assert (last.what, last.proposal, last.reason) == ("denied", "a1b2c3d4", "quiet week")


def test_an_account_says_what_is_left_and_none_may_mean_none(tmp_path):
    budget = Budget(tmp_path / "budget.json", Limits(actions_per_hour=2))
    assert budget.left() == 2
    assert budget.spend(pods=1) == ""
    assert budget.left() == 1
    budget.path.write_text("{")
    assert budget.left() == 0
    none = Budget(tmp_path / "none.json", Limits(actions_per_hour=0))
    assert none.spend(pods=1) == "no action an hour is the limit"


def test_a_scope_that_leaves_out_what_a_rule_asks_about_is_refused():
    scope = config().spec.scope
    assert [item.kind for item in watchables(scope, [])] == ["Pod", "Deployment"]
    rules = rules_of(with_rule("node.ready == false"), OperationsPolicy())
    with pytest.raises(SettingsError, match=r"asks about node.*\n.*add nodes"):
        watchables(scope, rules)
    wrong = scope.model_copy(update={"resources": ("deploymnts",)})
    with pytest.raises(SettingsError, match=r"can't be watched.*\n.*write deployments"):
        watchables(wrong, [])


def with_rule(condition):
    rule = {"name": "r", "condition": condition, "action": "notify"}
    spec = config().spec.model_dump(by_alias=True) | {"monitoring": [rule]}
    data = config().model_dump(by_alias=True) | {"spec": spec}
    return AgentConfig.model_validate(data)


def test_an_error_rate_is_of_all_pods_of_a_workload_together():
    owner = {"kind": "ReplicaSet", "name": "api-h1", "uid": "r", "controller": True}
    metadata = {"namespace": "shop", "labels": {"pod-template-hash": "h1"}, "ownerReferences": [owner]}
    pods = tuple(read_pod({**metadata, "name": name, "uid": name}) for name in ("one", "two"))
    rates = {"one": Rate(NOW, 100, 0), "two": Rate(NOW, 10, 7)}
    view = View(NOW, pods, measured={"shop": Measured(rates=rates)})
    judge = Judge([Rule("r", "rollback", parse("Error rate > 5%"))])
    judge.observe(view)
    (fired,) = judge.fired(view)
    assert fired.seen.workload == API
    assert "Error rate > 5%" in fired.seen.evidence[0]
    calm = View(NOW, pods, measured={"shop": Measured(rates={"two": Rate(NOW, 1000, 7)})})
    judge = Judge(judge.rules)
    judge.observe(calm)
    assert not list(judge.fired(calm))


def test_a_node_that_is_not_ready_fires_and_a_ready_one_does_not():
    judge = Judge([Rule("r", "drain", parse("Node unhealthy"))])
    nodes = (node("sick", "False"), node("well", "True"))
    judge.observe(View(NOW, nodes=nodes))
    (fired,) = judge.fired(View(NOW, nodes=nodes))
    assert fired.subject.ref == Ref("Node", "sick")


def test_the_metrics_api_is_read_in_cores_and_bytes():
    item = {
        "metadata": {"name": "p"},
        "timestamp": "2026-11-26T12:00:00Z",
        "containers": [{"name": "c", "usage": {"cpu": "250m", "memory": "64Mi"}}],
    }
    found = _usage(json.loads(json.dumps({"items": [item]})))["p"]
    assert (found.at, found.containers) == (NOW, {"c": (0.25, 64 * 1024**2)})


def read_pod(metadata):
    import msgspec

    return msgspec.convert({"metadata": metadata, "status": {"phase": "Running"}}, Pod)


def node(name, ready):
    import msgspec

    status = {"conditions": [{"type": "Ready", "status": ready}]}
    return msgspec.convert({"metadata": {"name": name, "uid": name}, "status": status}, Node)


def test_what_is_not_named_is_not_kept():
    assert "managedFields" not in Meta.__struct_fields__
