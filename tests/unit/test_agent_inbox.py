"""The inbox of proposals: what waits is approved by its hash, denied, or was settled by somebody else."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from kitlib.agent import answering
from kitlib.agent.proposals import Proposal
from kitlib.agent.state import state_of
from kitlib.findings import Ref
from kitlib.policy import Approvals
from kitlib.settings import get_settings
from kitlib.widgets import AgentInbox

API = Ref("Deployment", "api", "shop")


@pytest.fixture
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("KIT_STATE_DIR", str(tmp_path))
    get_settings.cache_clear()
    yield state_of("watcher")
    get_settings.cache_clear()


def waiting(state, id, title="scale api to 3", **more):
    """A proposal whose plan is stored; without a plan it is advice."""
    at = datetime.now(UTC).isoformat()
    plan = Approvals(get_settings().state_dir / "approvals").save_plan([], f"proposal {id}")
    made = {"hash": plan.hash, "diff": "+ spec.replicas: 3", **more}
    return state.save(Proposal(id, "busy", "scale", API, API, title, at, at, **made))


def buttons(inbox):
    return {button.description: button for card in inbox.cards for button in card.children[1].children}


def test_nothing_waits(state):
    inbox = AgentInbox()
    assert inbox.cards == []
    assert "nothing waits" in inbox.children[-1].value


def test_approving_means_the_plan_that_is_shown(state):
    item = waiting(state, "a1")
    inbox = AgentInbox()
    assert "+ spec.replicas: 3" in inbox.cards[0].children[0].value
    buttons(inbox)["Approve a1"].click()
    assert state.get("a1").state == "approved"
    assert Approvals(get_settings().state_dir / "approvals").approval(item.hash)
    assert inbox.cards == []


def test_denying(state):
    waiting(state, "a1")
    waiting(state, "b2", title="<b>scale</b>")
    inbox = AgentInbox("watcher")
    assert "&lt;b&gt;" in inbox.cards[1].children[0].value  # text of a cluster is no markup
    buttons(inbox)["Deny b2"].click()
    assert state.get("b2").state == "denied"
    assert list(buttons(inbox)) == ["Approve a1", "Deny a1"]


def test_advice_can_only_be_denied(state):
    waiting(state, "a1", hash="", reason="a person drains nodes")
    assert buttons(AgentInbox())["Approve a1"].disabled


def test_what_was_settled_meanwhile_is_said(state):
    waiting(state, "a1")
    inbox = AgentInbox()
    answering.deny(state, "a1", "somebody")
    buttons(inbox)["Approve a1"].click()
    assert "denied already by somebody" in inbox.said.value
    assert state.get("a1").state == "denied"


def test_another_plan_by_now_is_not_approved(state):
    waiting(state, "a1")
    inbox = AgentInbox()
    waiting(state, "a1", hash="f" * 32)
    buttons(inbox)["Approve a1"].click()
    assert "was approved" in inbox.said.value
    assert state.get("a1").state == "open"
