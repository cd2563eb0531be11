"""The agent against a real API server: what it does alone, what waits, what never happens, what survives."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from kitlib.agent import answering
from kitlib.agent.agent import Agent
from kitlib.agent.carrying import carry_out
from kitlib.agent.facts import Usage
from kitlib.agent.history import decisions
from kitlib.agent.measuring import Measured
from kitlib.agent.operations import OperationsPolicy, Permission
from kitlib.agent.state import State
from kitlib.agent.triggers import parse
from kitlib.agent.watching import WATCHABLE, Watch
from kitlib.errors import NotApproved, NotFound
from kitlib.policy import Actor, Audit, Denied, Gate, acting, current
from kitlib.settings import get_settings
from kitlib.specs.models.agent import AgentConfig
from kitlib.undo import undo


class Clock:
    """The time, which the tests move."""

    def __init__(self):
        self.now = datetime.now(UTC)

    def __call__(self):
        return self.now

    def forward(self, **span):
        self.now += timedelta(**span)


class Meter:
    """Usage as a test sets it."""

    def __init__(self, clock):
        self.clock, self.used = clock, {}

    def measure(self, namespace, *, rates):
        return Measured({pod: Usage(self.clock(), used) for pod, used in self.used.items()})


class Heard(list):
    """A listener that keeps what it hears."""

    notify = list.append


def policy(*rows):
    names = {
        "restart-pod": "Pod restart",
        "increase-resources": "Resource scaling",
        "scale": "Replica scaling",
    }
    return OperationsPolicy(
        tuple(Permission(names.get(act, act), act, parse(text), auto, "spec:1") for act, text, auto in rows)
    )


def config(namespace, monitoring=(), **safety):
    return AgentConfig.model_validate(
        {
            "apiVersion": "kagent.io/v1",
            "kind": "AgentConfig",
            "metadata": {"name": f"agent-{namespace}", "namespace": namespace},
            "spec": {
                "scope": {"namespaces": [namespace], "resources": ["deployments", "pods", "hpa"]},
                "model": {"provider": "openai", "name": "none"},
                "safety": {"requireApproval": [], "dryRunDefault": False, **safety},
                "monitoring": list(monitoring),
            },
        }
    )


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def make(namespace, clock, tmp_path):
    """Makes agents that share one memory, as restarts of one agent do."""
    made = []

    def start(rules, monitoring=(), may_act=lambda: True, **safety):
        spec = config(namespace.namespace, monitoring, **safety)
        agent = Agent(
            spec,
            namespace,
            rules=rules,
            state=State(tmp_path / "memory", spec.metadata.name),
            listener=Heard(),
            clock=clock,
            may_act=may_act,
            meter=Meter(clock),
        )
        made.append(agent)
        agent.start()
        agent.wait_until_listed()
        return agent

    yield start
    for agent in made:
        agent.close()


def deployment(name="api", memory="256Mi", replicas=1, **template):
    resources = {"requests": {"memory": "128Mi", "cpu": "100m"}, "limits": {"memory": memory, "cpu": "500m"}}
    pod = {
        "metadata": {"labels": {"app": name}},
        "spec": {
            "terminationGracePeriodSeconds": 0,
            "containers": [{"name": "c", "image": "kit.local/c:1", "resources": resources}],
        },
    }
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": pod}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


def pods_of(namespace, app="api"):
    return [p for p in namespace.list("Pod", labels={"app": app}) if not p.at("metadata.deletionTimestamp")]


def running(namespace, app="api", count=1):
    deadline = time.monotonic() + 20
    while len(found := pods_of(namespace, app)) != count:
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
    return found


def crash(namespace, pod, reason="CrashLoopBackOff", restarts=6, ended="Error"):
    """A pod's status as its kubelet would write it."""
    status = {
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": "False"}],
        "containerStatuses": [
            {
                "name": "c",
                "image": "kit.local/c:1",
                "imageID": "",
                "ready": False,
                "restartCount": restarts,
                "state": {"waiting": {"reason": reason}} if reason else {"running": {}},
                "lastState": {"terminated": {"reason": ended, "exitCode": 137}},
            }
        ],
    }
    path = f"/api/v1/namespaces/{namespace.namespace}/pods/{pod.name}/status"
    now = namespace.get("Pod", pod.name)
    namespace.api.raw("put", path, body={**now, "status": {**now["status"], **status}})


def seen(agent, test):
    """Wait until the agent's watches show something."""
    deadline = time.monotonic() + 20
    while not any(test(item) for watch in agent.watches for item in watch.objects()):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def crashed(agent, name):
    seen(agent, lambda item: item.metadata.name == name and getattr(item, "statuses", list)())


def looks(agent, clock, minutes, step=30):
    for _ in range(int(minutes * 60 / step)):
        clock.forward(seconds=step)
        agent.look()


AUTO = policy(("restart-pod", "CrashLoopBackOff > 5min", True))


def entries(agent):
    found = decisions(current().audit.read(), agent.desk.name)
    return Counter(item.what for item in found)


def test_a_crash_loop_of_over_five_minutes_is_evicted_and_recorded(namespace, make, clock):
    namespace.apply(deployment())
    (pod,) = running(namespace)
    crash(namespace, pod)
    agent = make(AUTO)
    crashed(agent, pod.name)
    looks(agent, clock, 4.5)
    assert not agent.desk.state.proposals()
    looks(agent, clock, 1)
    (proposal,) = agent.desk.state.proposals()
    assert (proposal.state, proposal.act, proposal.target.name) == ("done", "restart-pod", pod.name)
    assert "held for 5.0 min" in proposal.evidence[0]
    (new,) = running(namespace)
    assert new.name != pod.name
    assert [(n.event, n.to) for n in agent.desk.listener] == [
        ("action-suggested", "channel"),
        ("action-executed", "channel"),
    ]
    begun = [e for e in current().audit.read() if e["event"] == "begin" and e["id"] == proposal.change]
    assert begun[0]["actor"] == f"agent {agent.desk.name}"
    assert begun[0]["action"]["verb"] == "evict"
    assert entries(agent) == {"fired": 1, "suggested": 1, "executed": 1}
    assert agent.status().executed_last_hour == 1


def test_a_pod_that_recovers_in_between_is_left_alone(namespace, make, clock):
    namespace.apply(deployment())
    (pod,) = running(namespace)
    crash(namespace, pod)
    agent = make(AUTO)
    crashed(agent, pod.name)
    looks(agent, clock, 4)
    path = f"/api/v1/namespaces/{namespace.namespace}/pods/{pod.name}/status"
    now = namespace.get("Pod", pod.name)
    now["status"]["containerStatuses"][0] |= {"ready": True, "restartCount": 0, "state": {"running": {}}}
    namespace.api.raw("put", path, body=now)
    seen(agent, lambda item: item.metadata.name == pod.name and item.statuses()[0].ready)
    looks(agent, clock, 1)
    crash(namespace, pod)
    seen(agent, lambda item: item.metadata.name == pod.name and not item.statuses()[0].ready)
    looks(agent, clock, 4)
    assert not agent.desk.state.proposals()


def test_memory_near_its_limit_waits_for_a_person_and_grows_on_a_yes(namespace, make, clock):
    namespace.apply(deployment())
    (pod,) = running(namespace)
    agent = make(policy(("increase-resources", "Memory > 85%", False)))
    agent._meter.used[pod.name] = {"c": (0.1, 0.9 * 256 * 1024**2)}
    crash(namespace, pod, "", 0)
    crashed(agent, pod.name)
    looks(agent, clock, 1)
    (proposal,) = agent.desk.state.proposals()
    assert (proposal.state, proposal.automatic) == ("open", False)
    assert proposal.value["raises"][0]["limit"] == "384Mi"
    assert "c uses up to 230Mi" in proposal.evidence
    assert "384Mi" in proposal.diff
    looks(agent, clock, 10, step=60)
    assert namespace.get("Deployment", "api").at("metadata.generation") == 1
    assert [n.to for n in agent.desk.listener] == ["on-call"]
    looks(agent, clock, 10, step=60)
    assert [n.to for n in agent.desk.listener] == ["on-call", "team-lead"]
    answering.approve(agent.desk.state, proposal.id, "ada")
    agent.look()
    limit = "spec.template.spec.containers.0.resources.limits.memory"
    assert namespace.get("Deployment", "api").at(limit) == "384Mi"
    done = agent.desk.state.get(proposal.id)
    assert (done.state, done.by) == ("done", "ada")
    undo(namespace, done.change)
    assert namespace.get("Deployment", "api").at(limit) == "256Mi"


SCALE = ({"name": "busy", "condition": "deployment.replicas < 50", "action": "scale", "cooldownMinutes": 1},)


def test_a_no_is_kept_and_the_rule_is_quiet_for_its_cooldown(namespace, make, clock):
    namespace.apply(deployment())
    agent = make(OperationsPolicy(), SCALE)
    agent.look()
    (proposal,) = agent.desk.state.proposals()
    answering.deny(agent.desk.state, proposal.id, "ada", "not now", clock=clock)
    with pytest.raises(NotApproved, match="is denied already by ada"):
        answering.approve(agent.desk.state, proposal.id, "eve")
    agent.look()
    assert [n.event for n in agent.desk.listener] == ["action-suggested", "action-denied"]
    assert len(agent.desk.state.proposals()) == 1
    clock.forward(minutes=2)
    agent.look()
    assert len(agent.desk.state.proposals()) == 2
    assert namespace.get("Deployment", "api").at("spec.replicas") == 1


def test_an_approval_after_drift_is_refused(namespace, make, clock):
    namespace.apply(deployment())
    agent = make(OperationsPolicy(), SCALE)
    agent.look()
    (proposal,) = agent.desk.state.proposals()
    namespace.scale("Deployment", "api", 3)
    answering.approve(agent.desk.state, proposal.id, "ada")
    agent.look()
    assert agent.desk.state.get(proposal.id).state == "refused"
    assert "is void" in agent.desk.state.get(proposal.id).reason
    assert namespace.get("Deployment", "api").at("spec.replicas") == 3


def test_what_is_prohibited_is_refused_under_any_approval(namespace, make, clock):
    namespace.apply(deployment())
    body = deployment()
    body["spec"]["template"]["spec"] |= {"serviceAccountName": "default", "hostNetwork": False}
    body["spec"]["template"]["spec"]["containers"][0]["command"] = ["sleep", "1"]
    namespace.apply(body, force=True)
    namespace.wait("Deployment", "api", until=lambda d: d.at("status.observedGeneration") == 2)
    namespace.apply(deployment(), force=True)
    namespace.wait("Deployment", "api", until=lambda d: d.at("status.observedGeneration") == 3)
    rule = {"name": "back", "condition": "deployment.replicas > 0", "action": "suggest-rollback"}
    agent = make(OperationsPolicy(), (rule,))
    agent.look()
    (proposal,) = agent.desk.state.proposals()
    assert proposal.state == "refused"
    assert "runs a command of the program's choice" in proposal.reason
    gate = agent.desk.gate(planning=True)
    person = current()
    with acting(Gate(Actor("runbook", "t"), person.approvals, person.audit, planning=True)) as planned:
        namespace.delete("Namespace", namespace.namespace)
    plan = planned.finish_plan("a namespace")
    person.approvals.approve(plan.hash, "ada")
    with acting(gate), pytest.raises(Denied, match="namespace deletion"):
        namespace.delete("Namespace", namespace.namespace)
    answered = replace(proposal, hash=plan.hash, state="approved", act="rollback")
    assert carry_out(agent.desk, answered).state == "refused"
    assert namespace.get("Namespace", namespace.namespace).at("status.phase") == "Active"


def test_the_next_action_of_an_hour_is_refused_also_after_a_restart(namespace, make, clock):
    namespace.apply(deployment())
    allowed = policy(("scale", "Any pod failure", True))
    (pod,) = running(namespace)
    crash(namespace, pod, "CrashLoopBackOff")
    rule = {"name": "broken", "condition": "pod.restartCount > 3", "action": "scale", "cooldownMinutes": 1}
    for attempt in range(3):
        agent = make(allowed, (rule,), maxActionsPerHour=2)
        crashed(agent, pod.name)
        clock.forward(minutes=2)
        agent.look()
        newest = agent.desk.state.proposals()[-1]
        assert newest.state == ("done" if attempt < 2 else "refused"), newest
        agent.close()
    assert "2 actions were done within the last hour" in newest.reason
    assert namespace.get("Deployment", "api").at("spec.replicas") == 3
    assert agent.status().budget_left == 0


def test_a_replica_that_does_not_lead_decides_nothing(namespace, make, clock):
    namespace.apply(deployment())
    agent = make(OperationsPolicy(), SCALE, may_act=lambda: False)
    agent.look()
    assert not agent.desk.state.proposals()
    assert agent.status().phase == "standing by"


def test_what_was_begun_when_the_agent_died_is_looked_at_and_not_repeated(namespace, make, clock):
    namespace.apply(deployment())
    agent = make(OperationsPolicy(), SCALE)
    agent.look()
    (proposal,) = agent.desk.state.proposals()
    answering.approve(agent.desk.state, proposal.id, "ada")
    done = carry_out(agent.desk, agent.desk.state.get(proposal.id))
    assert namespace.get("Deployment", "api").at("spec.replicas") == 2
    for change, state in ((done.change, "done"), ("", "failed")):
        agent.desk.settle(done, state="executing", change=change)
        again = make(OperationsPolicy(), SCALE)
        again.look()
        assert again.desk.state.get(proposal.id).state == state
        assert namespace.get("Deployment", "api").at("spec.replicas") == 2


def test_an_expired_watch_lists_anew_and_misses_nothing(namespace):
    woken = threading.Event()
    watch = Watch(namespace, WATCHABLE["deployments"], namespace.namespace, woken.set)
    watch._version = "1"  # the server compacted it long ago
    watch.start()
    namespace.apply(deployment("one"))
    deadline = time.monotonic() + 20
    while [item.metadata.name for item in watch.objects()] != ["one"]:
        assert time.monotonic() < deadline, watch.error
        woken.wait(0.2)
    namespace.delete("Deployment", "one")
    while watch.objects():
        assert time.monotonic() < deadline
        woken.wait(0.2)
    watch.stop()
    assert watch.fresh


def test_the_log_of_a_failing_pod_and_its_diagnosis_change_nothing(namespace, make, clock):
    namespace.apply(deployment())
    (pod,) = running(namespace)
    crash(namespace, pod)
    rule = {"name": "loop", "condition": "pod.restartCount > 3", "action": "diagnose"}
    agent = make(policy(("collect-logs", "Any pod failure", True)), (rule,), dryRunDefault=True)
    crashed(agent, pod.name)
    agent.look()
    found = {item.act: item for item in agent.desk.state.proposals()}
    assert {item.state for item in found.values()} == {"done"}, found
    assert "crash" in " ".join(found["diagnose"].evidence).lower() + found["diagnose"].title.lower()
    assert namespace.get("Deployment", "api").at("metadata.generation") == 1


def test_every_entry_is_in_a_chain_that_holds():
    assert Audit(get_settings().state_dir / "audit.jsonl").verify().ok


def test_the_named_kinds_exist(embedded):
    for item in WATCHABLE.values():
        try:
            assert embedded.list(item.kind) is not None
        except NotFound as error:
            pytest.fail(str(error))
