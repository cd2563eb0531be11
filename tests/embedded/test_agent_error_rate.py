"""`Error rate > 5%` from a server that speaks Prometheus' HTTP API, to a rollback that waits for a person.

The server replays what a Prometheus answered (tests/prometheus_exchange.yaml), with this cluster's names.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
import yaml
from agent_help import Clock, Heard, deployment
from werkzeug import Response

from kitlib.agent import starting
from kitlib.agent.operations import OperationsPolicy, Permission
from kitlib.agent.triggers import parse
from kitlib.settings import get_settings
from kitlib.specs.models.agent import AgentConfig

TESTS = Path(__file__).parents[1]
EXCHANGE = yaml.safe_load((TESTS / "prometheus_exchange.yaml").read_text())
ROW = Permission("Deployment rollback", "rollback", parse("Error rate > 5%"), False, "spec:1")


class Prometheus:
    """Answers the two queries as recorded; anything else as Prometheus answers a query it can't read."""

    def __init__(self, namespace, pod):
        self.names = {EXCHANGE["namespace"]: namespace, EXCHANGE["pod"]: pod}
        self.scene, self.asked = "failing", []

    def here(self, text):
        for recorded, now in self.names.items():
            text = text.replace(recorded, now)
        return text

    def answer(self, request):
        self.asked.append(request.args["query"])
        for one in EXCHANGE["exchanges"]:
            if one["scene"] == self.scene and self.here(one["query"]) == request.args["query"]:
                return Response(self.here(one["body"]), one["status"], content_type="application/json")
        bad = EXCHANGE["unreadable"]
        return Response(bad["body"], bad["status"], content_type="application/json")


@pytest.fixture
def pod(namespace):
    """The one pod of a Deployment's second revision."""
    body = deployment()
    for revision in (1, 2):
        body["spec"]["template"]["spec"]["containers"][0]["image"] = f"kit.local/c:{revision}"
        namespace.apply(body)
        namespace.wait(
            "Deployment", "api", until=lambda d, seen=revision: d.at("status.observedGeneration") == seen
        )

    def settled(item):
        return item.at("status.updatedReplicas") == item.at("status.replicas") == 1

    namespace.wait("Deployment", "api", until=settled, timeout=60)
    deadline = time.monotonic() + 60
    while len(found := [p for p in namespace.list("Pod") if not p.at("metadata.deletionTimestamp")]) != 1:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return found[0].name


@pytest.fixture
def prometheus(namespace, pod, httpserver, monkeypatch):
    found = Prometheus(namespace.namespace, pod)
    httpserver.expect_request("/api/v1/query").respond_with_handler(found.answer)
    monkeypatch.setenv("KIT_PROMETHEUS_URL", httpserver.url_for("/"))
    get_settings.cache_clear()
    yield found
    monkeypatch.delenv("KIT_PROMETHEUS_URL")
    get_settings.cache_clear()


@pytest.fixture
def agent(namespace, prometheus):
    data = yaml.safe_load((TESTS.parent / "todo-app/specs/agent.yaml").read_text())
    data["metadata"] = {"name": f"agent-{namespace.namespace}", "namespace": namespace.namespace}
    data["spec"]["scope"]["namespaces"] = [namespace.namespace]
    config = AgentConfig.model_validate(data)
    clock = Clock()
    agent = starting.make(config, namespace, OperationsPolicy((ROW,)), listener=Heard(), clock=clock)
    agent.start()
    agent.wait_until_listed()
    yield agent
    agent.close()


def test_an_error_rate_above_its_share_proposes_a_rollback_and_below_it_nothing(
    namespace, prometheus, agent, httpserver
):
    clock = agent.desk.clock
    prometheus.scene = "well"
    agent.look()
    assert not agent.desk.state.proposals()
    assert "Prometheus" not in agent.status().last_error
    assert len(prometheus.asked) == 2

    prometheus.scene = "unreadable"
    clock.forward(seconds=20)
    agent.look()
    assert not agent.desk.state.proposals()
    assert f"Prometheus: HTTP Error {EXCHANGE['unreadable']['status']}" in agent.status().last_error
    assert json.loads(EXCHANGE["unreadable"]["body"])["errorType"] in agent.status().last_error

    prometheus.scene = "failing"
    clock.forward(seconds=20)
    agent.look()
    (proposal,) = agent.desk.state.proposals()
    assert (proposal.act, proposal.state, proposal.automatic) == ("rollback", "open", False)
    assert proposal.target.name == "api"
    assert "Error rate > 5%" in proposal.evidence[0]
    assert "(prometheus)" in proposal.evidence[0]

    httpserver.stop()
    clock.forward(seconds=20)
    agent.look()
    assert "Prometheus: <urlopen error" in agent.status().last_error
