"""The agent where pods really run: a crash loop of over five minutes is restarted, and recorded.

The five minutes pass on a clock that the test moves; the pod really crashes.
"""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from agent_help import Ahead, Heard

from kitlib.agent.agent import Agent
from kitlib.agent.history import decisions
from kitlib.agent.operations import OperationsPolicy, Permission
from kitlib.agent.state import State
from kitlib.agent.triggers import parse
from kitlib.faults import images
from kitlib.policy import current
from kitlib.specs.models.agent import AgentConfig

STEP = timedelta(seconds=30)


@pytest.fixture
def clock():
    return Ahead()


@pytest.fixture
def agent(namespace, clock, tmp_path):
    config = AgentConfig.model_validate(
        {
            "apiVersion": "kagent.io/v1",
            "kind": "AgentConfig",
            "metadata": {"name": f"agent-{namespace.namespace}", "namespace": namespace.namespace},
            "spec": {
                "scope": {"namespaces": [namespace.namespace], "resources": ["deployments", "pods"]},
                "model": {"provider": "openai", "name": "none"},
                "safety": {"requireApproval": ["delete", "scale"], "dryRunDefault": False},
            },
        }
    )
    row = Permission("Pod restart", "restart-pod", parse("CrashLoopBackOff > 5min"), True, "spec:1")
    agent = Agent(
        config,
        namespace,
        rules=OperationsPolicy((row,)),
        state=State(tmp_path, config.metadata.name),
        listener=Heard(),
        clock=clock,
        may_act=lambda: True,
    )
    agent.start()
    yield agent
    agent.close()


def test_a_crash_loop_of_over_five_minutes_is_restarted_and_recorded(namespace, agent, clock):
    image = images.name(namespace, "PYTHON")
    pod = {
        "metadata": {"labels": {"app": "loop"}},
        "spec": {
            "terminationGracePeriodSeconds": 0,
            "containers": [{"name": "c", "image": image, "command": ["sh", "-c", "exit 3"]}],
        },
    }
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": "loop"}}, "template": pod}
    namespace.apply(
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "loop"}, "spec": spec}
    )
    agent.wait_until_listed()
    first = crashing(namespace)
    deadline = time.monotonic() + 60
    while not agent.desk.state.proposals():
        assert time.monotonic() < deadline
        clock.ahead += STEP
        agent.look()
    (proposal,) = agent.desk.state.proposals()
    assert (proposal.state, proposal.target.name) == ("done", first.name)
    assert clock.ahead >= timedelta(minutes=5)
    while [p.name for p in namespace.list("Pod", labels={"app": "loop"})] == [first.name]:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    told = [item.what for item in decisions(current().audit.read(), agent.desk.name)]
    assert told[:3] == ["fired", "suggested", "executed"]


def crashing(namespace):
    """The pod, once its kubelet holds it back."""
    deadline = time.monotonic() + 120
    while True:
        for pod in namespace.list("Pod", labels={"app": "loop"}):
            waits = pod.at("status.containerStatuses.0.state.waiting.reason")
            if waits == "CrashLoopBackOff" and pod.at("status.containerStatuses.0.restartCount", 0) >= 2:
                return pod
        assert time.monotonic() < deadline
        time.sleep(0.5)
