"""What the agent's pod says over HTTP, and what is said about an AgentConfig that is wrong."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import yaml

from kitlib.agent.custom_resource import Condition, read, status_of
from kitlib.agent.events import Notice
from kitlib.agent.serving import Health, Pulse, Server
from kitlib.agent.status import AgentStatus

ROOT = Path(__file__).parents[2]
STATUS = AgentStatus("watching", 12, 2, 3, 7, fired=5, executed=3)


class Said:
    """What the parts of a replica say, changed by the test."""

    def __init__(self):
        self.now, self.ready, self.leads, self.status = 0.0, "", True, STATUS


@pytest.fixture
def said():
    return Said()


@pytest.fixture
def ask(said):
    said.pulse = Pulse(lambda: said.now)
    health = Health(
        said.pulse, lambda: said.leads, lambda: said.ready, lambda: said.status, waiting=lambda: 4
    )
    server = Server(health, 0, "127.0.0.1")

    def get(path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{server.port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    yield get
    server.close()


def test_the_metrics_are_the_status(ask, said):
    status, text = ask("/metrics")
    found = dict(re.findall(r"^(kit_agent_\S+) (\S+)$", text, re.MULTILINE))
    assert status == 200
    assert found["kit_agent_leader"] == "1.0"
    assert found["kit_agent_watched"] == "12.0"
    assert found["kit_agent_budget_left"] == "7.0"
    assert found["kit_agent_fired_total"] == "5.0"
    assert found["kit_agent_notices_waiting"] == "4.0"
    assert found['kit_agent_phase{phase="watching"}'] == "1.0"
    said.leads, said.status = False, None
    _, text = ask("/metrics")
    assert "kit_agent_leader 0.0" in text
    assert "kit_agent_watched" not in text


def test_it_lives_while_its_loops_come_round(ask, said):
    said.pulse.beat("main")
    assert ask("/healthz") == (200, "ok\n")
    said.now = 181.0
    assert ask("/healthz") == (503, "no sign of life from: main\n")
    said.pulse.beat("main")
    said.pulse.beat("agent")
    said.now = 400.0
    said.pulse.end("agent")
    said.pulse.beat("main")
    assert ask("/healthz") == (200, "ok\n")


def test_it_is_ready_when_it_can_do_its_work(ask, said):
    assert ask("/readyz") == (200, "ok\n")
    said.ready = "no API server answers"
    assert ask("/readyz") == (503, "no API server answers\n")
    assert ask("/secrets")[0] == 404


def document(**spec):
    found = yaml.safe_load((ROOT / "todo-app/specs/agent.yaml").read_text())
    found["metadata"] |= {"uid": "u", "generation": 1, "resourceVersion": "5"}
    found["spec"] |= spec
    return found


def test_an_object_is_read_as_a_file_is():
    config, trouble = read(document())
    assert trouble == ""
    assert config.spec.safety.max_actions_per_hour == 10


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"safety": {"maxActionPerHour": 3}}, "did you mean maxActionsPerHour?"),
        (
            {"safety": {"maxActionsPerHour": -1}},
            "spec.safety.maxActionsPerHour: found -1, expected a number at",
        ),
        ({"monitoring": [{"name": "x", "condition": "true", "action": "restrat"}]}, "write restart"),
        ({"scope": {"namespaces": ["a"], "resources": ["deploymnts"]}}, "did you mean deployments?"),
        ({"scope": {"namespaces": ["a"], "resources": ["secrets"]}}, "no agent reads"),
    ],
)
def test_what_is_wrong_is_said_with_the_fields_path(change, said):
    config, trouble = read(document(**change))
    assert config is None
    assert said in trouble


def test_a_condition_keeps_the_moment_at_which_it_came_true():
    first = Condition("Valid", True, "Read", "").after([])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", first.since)
    old = Condition("Valid", True, "Read", "", "2026-01-01T00:00:00Z")
    assert Condition("Valid", True, "Read", "again").after([old]).since == old.since
    assert Condition("Valid", False, "NotValid", "no").after([old]).since != old.since


def test_the_status_has_the_agents_words_and_kubernetes_names():
    notice = Notice("action-suggested", "a", "k", "scale web", "", "channel", "2026-01-05")
    found = status_of(3, [Condition("Valid", True, "Read", "", "t")], STATUS, notice, "pod-1")
    assert found["observedGeneration"] == 3
    assert found["budgetLeft"] == 7
    assert found["executedLastHour"] == 3
    assert found["lastDecision"] == {"at": "2026-01-05", "event": "action-suggested", "title": "scale web"}
    assert found["conditions"] == [
        {"type": "Valid", "status": "True", "reason": "Read", "message": "",
         "lastTransitionTime": "t", "observedGeneration": 3}
    ]  # fmt: skip
    assert status_of(3, [], None, None, "pod-1")["phase"] == "stopped"


def test_only_housekeeping_writes_past_the_gate():
    """No other module of the agent sends a request of its own that changes anything, but questions."""
    questions = {"annotating.py"}  # who am I: a SelfSubjectReview is created, and nothing is stored
    for path in (ROOT / "kitlib/agent").glob("*.py"):
        if path.name not in {"housekeeping.py", *questions}:
            assert not re.search(r"""\.raw\(\s*["'](?!get)""", path.read_text()), path.name
            assert "_dynamic" not in path.read_text(), path.name
