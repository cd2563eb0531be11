"""The agent's limits where pods really run: who is asked, what drift voids, what an hour holds, what never.

Memory is what the metrics API of the cluster measures. A restart of the agent is a process of its own.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from agent_help import Ahead, Heard, started
from typer.testing import CliRunner

import kitlib
from kitlib.agent import operations, starting
from kitlib.agent.history import decisions
from kitlib.agent.operations import OperationsPolicy
from kitlib.agent.state import state_of
from kitlib.asking import Verdict
from kitlib.asking.proposing import gate as asking_gate
from kitlib.cli.app import app
from kitlib.errors import Conflict
from kitlib.faults import images
from kitlib.policy import Actor, Denied, Following, Gate, acting, current
from kitlib.specs.models.agent import AgentConfig

SPECS = Path(__file__).parents[2] / "todo-app/specs"
HUNGRY = "x = bytearray(112 * 1024 * 1024); import time; time.sleep(3600)"  # of 128 MiB
LIMIT = "spec.template.spec.containers.0.resources.limits.memory"
ROWS = {  # of the seed's table: restarts are done alone here, at once, and no log is collected
    "| Pod restart | CrashLoopBackOff > 5min | Manual |": "| Pod restart | Any pod failure | Auto |",
    "| Log collection | Any pod failure | Auto |\n": "",
}
KIT = "import sys; from kitlib.cli.entry import main; main()"


def deployment(name, image, command, resources=None):
    labels = {"app": name}
    container = {"name": "c", "image": image, "command": command, "resources": resources or {}}
    pod = {
        "metadata": {"labels": labels},
        "spec": {"terminationGracePeriodSeconds": 0, "containers": [container]},
    }
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": pod}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


def until(true, seconds=120.0):
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end
        time.sleep(0.5)
    return found


@pytest.fixture(scope="module")
def shop(shared_namespace):
    """A namespace with a Deployment whose one pod uses nearly all the memory it may."""
    resources = {"requests": {"memory": "64Mi"}, "limits": {"memory": "128Mi"}}
    image = images.name(shared_namespace, "PYTHON")
    shared_namespace.apply(deployment("hungry", image, ["python", "-c", HUNGRY], resources))
    return shared_namespace


def config(namespace, monitoring=(), **safety):
    """The seed's AgentConfig, for one namespace."""
    found = yaml.safe_load((SPECS / "agent.yaml").read_text())
    found["metadata"] = {"name": f"agent-{uuid.uuid4().hex[:6]}", "namespace": namespace}
    found["spec"]["scope"]["namespaces"] = [namespace]
    found["spec"]["monitoring"] = list(monitoring)
    found["spec"]["safety"] |= safety
    return found


@pytest.fixture
def clock():
    return Ahead()


@pytest.fixture
def make(shop, clock):
    """Makes agents of this process, with the memory that `kit agent` answers to."""
    with started() as begin:

        def start(rules, monitoring=()):
            spec = AgentConfig.model_validate(config(shop.namespace, monitoring, dryRunDefault=False))
            return begin(starting.make(spec, shop, rules, listener=Heard(), clock=clock))

        yield start


def run_agent(folder, spec):
    """One life of the agent, as its own process."""
    (folder / "agent.yaml").write_text(yaml.safe_dump(spec))
    text = (SPECS / "ai-operations.md").read_text()
    for seed, here in ROWS.items():
        assert seed in text
        text = text.replace(seed, here)
    (folder / "operations.md").write_text(text)
    files = [folder / "agent.yaml", "--operations", folder / "operations.md"]
    done = subprocess.run(
        [sys.executable, "-c", KIT, "agent", "run", *files, "--once"],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return state_of(spec["metadata"]["name"]).proposals()


def loops(cluster, count):
    """The pods of so many workloads, once each of them crashes again and again."""

    def crashing():
        pods = [pod for pod in cluster.list("Pod") if not pod.at("metadata.deletionTimestamp")]
        waits = [pod.at("status.containerStatuses.0.state.waiting.reason") for pod in pods]
        return waits == ["CrashLoopBackOff"] * count and {pod["metadata"]["uid"] for pod in pods}

    return until(crashing)


def test_the_eleventh_action_of_an_hour_is_refused_also_after_a_restart(shop, namespace, tmp_path):
    image = images.name(namespace, "PYTHON")
    namespace.apply([deployment(f"loop-{n:02d}", image, ["sh", "-c", "exit 3"]) for n in range(11)])
    before = loops(namespace, 11)
    spec = config(namespace.namespace, requireApproval=["delete"], dryRunDefault=False)
    assert spec["spec"]["safety"]["maxActionsPerHour"] == 10
    proposals = run_agent(tmp_path, spec)
    assert [item.state for item in proposals] == ["done"] * 10 + ["refused"]
    assert "10 actions were done within the last hour" in proposals[-1].reason
    assert len(before & loops(namespace, 11)) == 1  # ten pods were made anew

    namespace.apply(deployment("late", image, ["sh", "-c", "exit 3"]))
    now = loops(namespace, 12)
    again = [item for item in run_agent(tmp_path, spec) if item.workload.name == "late"]
    assert [item.state for item in again] == ["refused"]
    assert "10 actions were done within the last hour" in again[0].reason
    assert loops(namespace, 12) == now
    name = spec["metadata"]["name"]
    told = [item.what for item in decisions(current().audit.read(), name)]
    assert (told.count("executed"), told.count("refused")) == (10, 2)
    assert current().audit.verify().ok


def kit(*arguments):
    return CliRunner().invoke(app, [str(item) for item in arguments])


NEAR = ({"name": "near", "condition": "pod.memoryUsage > 85%", "action": "suggest-resource-increase"},)


def proposed(agent, but=""):
    """The newest proposal about memory, once the metrics API has measured the pod."""

    def look():
        agent.look()
        found = agent.desk.state.proposals()
        return [item for item in found if item.act == "increase-resources" and item.id != but]

    return until(look)[-1]


def test_memory_near_its_limit_waits_for_a_person_and_drift_voids_the_answer(shop, make, clock):
    agent = make(operations.load(SPECS / "ai-operations.md"), NEAR)
    proposal = proposed(agent)
    assert (proposal.state, proposal.automatic) == ("open", False)
    assert proposal.value["raises"] == [
        {"group": "containers", "container": "c", "was": "128Mi", "limit": "228Mi", "request": "114Mi"}
    ]
    (share,) = re.findall(r"pod\.memoryUsage > 85%: pod\.memoryUsage is (\S+)", "\n".join(proposal.evidence))
    assert 0.85 < float(share) < 1
    assert any(line.startswith("c uses up to 1") for line in proposal.evidence)
    assert "228Mi" in proposal.diff
    for minutes, told in ((10, ["on-call"]), (16, ["on-call", "team-lead"])):
        clock.ahead = timedelta(minutes=minutes)
        agent.look()
        assert [item.to for item in agent.desk.listener] == told
    assert shop.get("Deployment", "hungry").at("metadata.generation") == 1

    shop.scale("Deployment", "hungry", 2)
    assert kit("agent", "approve", proposal.id).exit_code == 0
    agent.look()
    void = agent.desk.state.get(proposal.id)
    assert (void.state, "is void" in void.reason) == ("refused", True)
    found = shop.get("Deployment", "hungry")
    assert (found.at("spec.replicas"), found.at(LIMIT)) == (2, "128Mi")
    shop.scale("Deployment", "hungry", 1)

    clock.ahead = timedelta()
    again = proposed(agent, but=proposal.id)
    assert again.state == "open"
    assert kit("agent", "approve", again.id).exit_code == 0
    agent.look()
    done = agent.desk.state.get(again.id)
    assert done.state == "done"
    assert shop.get("Deployment", "hungry").at(LIMIT) == "228Mi"

    shop.scale("Deployment", "hungry", 2)
    refused = kit("undo", done.change, "--yes")
    assert isinstance(refused.exception, Conflict)
    assert "changed since by somebody else: spec.replicas" in refused.exception.message
    assert shop.get("Deployment", "hungry").at(LIMIT) == "228Mi"
    shop.scale("Deployment", "hungry", 1)
    assert kit("undo", done.change, "--yes").exit_code == 0
    assert shop.get("Deployment", "hungry").at(LIMIT) == "128Mi"


def test_a_namespace_is_deleted_for_no_program_whoever_approved(shop, make):
    asked = kitlib.ask(
        f"delete namespace {shop.namespace}", shop, model=False, decide=lambda _: Verdict("yes")
    )
    assert (asked.status, asked.classification.kind) == ("refused", "prohibited")

    person, agent = current(), make(OperationsPolicy())
    with acting(Gate(Actor("runbook", "t"), person.approvals, person.audit, planning=True)) as planned:
        shop.delete("Namespace", shop.namespace)
    plan = planned.finish_plan(f"agent {agent.desk.name}, proposal 1")
    for hash in (plan.hash, plan.actions[0].hash):
        assert kit("approve", hash).exit_code == 0
    gates = (
        asking_gate(Actor("model", "kit ask")),
        agent.desk.gate(planning=True),
        agent.desk.gate(Following(plan)),  # as an approved proposal is carried out
    )
    for one in gates:
        with acting(one), pytest.raises(Denied, match="namespace deletion"):
            shop.delete("Namespace", shop.namespace)
    assert shop.get("Namespace", shop.namespace).at("status.phase") == "Active"
    assert shop.list("Pod", labels={"app": "hungry"})
