"""The agent against a real API server: what it does alone, what waits, what never happens, what survives."""

from __future__ import annotations

import json
import socket
import threading
import time
import uuid
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from agent_help import Clock, Heard, deployment, enforced, listed, started

from kitlib.agent import annotating, answering
from kitlib.agent.agent import Agent
from kitlib.agent.annotating import POLICY_FILE
from kitlib.agent.carrying import carry_out
from kitlib.agent.facts import Usage
from kitlib.agent.history import decisions
from kitlib.agent.measuring import Measured
from kitlib.agent.objects import Plain
from kitlib.agent.operations import OperationsPolicy, Permission
from kitlib.agent.state import State
from kitlib.agent.triggers import parse
from kitlib.agent.watching import WATCHABLE, Watch, Watchable
from kitlib.cluster import Cluster
from kitlib.errors import Conflict, Forbidden, NotApproved, NotFound
from kitlib.operations import automation
from kitlib.policy import RESTARTED, Actor, Audit, Denied, Gate, acting, current
from kitlib.settings import get_settings
from kitlib.specs.models.agent import AgentConfig
from kitlib.undo import undo

ROOT = Path(__file__).parents[2]


class Meter:
    """Usage as a test sets it."""

    def __init__(self, clock):
        self.clock, self.used = clock, {}

    def measure(self, namespace, *, rates):
        return Measured({pod: Usage(self.clock(), used) for pod, used in self.used.items()})


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
    with started() as begin:

        def start(rules, monitoring=(), may_act=lambda: True, **safety):
            spec = config(namespace.namespace, monitoring, **safety)
            return begin(
                Agent(
                    spec,
                    namespace,
                    rules=rules,
                    state=State(tmp_path / "memory", spec.metadata.name),
                    listener=Heard(),
                    clock=clock,
                    may_act=may_act,
                    meter=Meter(clock),
                )
            )

        yield start


def pods_of(namespace, app="api"):
    return [p for p in namespace.list("Pod", labels={"app": app}) if not p.at("metadata.deletionTimestamp")]


def running(namespace, app="api", count=1):
    """The pods, once their fake node called them Running: it writes their status only then."""
    deadline = time.monotonic() + 60
    while True:
        found = [pod for pod in pods_of(namespace, app) if pod.at("status.phase") == "Running"]
        if len(found) == count:
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.1)


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
    write_status(namespace, pod.name, status)


def write_status(namespace, pod, status):
    """Others write to the pod too, such as its scheduler."""
    path = f"/api/v1/namespaces/{namespace.namespace}/pods/{pod}/status"
    while True:
        now = namespace.get("Pod", pod)
        try:
            namespace.api.raw("put", path, body={**now, "status": {**now["status"], **status}})
        except Conflict:
            continue
        return


def seen(agent, test):
    """Wait until the agent's watches show something."""
    deadline = time.monotonic() + 20
    while not any(test(item) for watch in agent.watches for item in watch.objects()):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def crashed(agent, name):
    """Wait until the agent's watches show the crash: the fake node wrote a status of the pod's before it."""

    def ended(item):
        return any(status.last_state.terminated for status in getattr(item, "statuses", list)())

    seen(agent, lambda item: item.metadata.name == name and ended(item))


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
    changes = automation.changes(current().audit.read(), since=timedelta(hours=1))
    row = automation.automated(changes).set_index("object").loc[f"Pod/{pod.name} -n {namespace.namespace}"]
    assert (row["verb"], row["result"]) == ("evict", "done")


def test_an_eviction_that_did_not_help_is_told_to_a_person_once(namespace, make, clock):
    namespace.apply(deployment())
    (pod,) = running(namespace)
    crash(namespace, pod)
    agent = make(AUTO)
    crashed(agent, pod.name)
    looks(agent, clock, 5.5)
    (new,) = running(namespace)
    crash(namespace, new)
    crashed(agent, new.name)
    looks(agent, clock, 8)
    heard = [(n.event, n.to) for n in agent.desk.listener]
    assert heard[2:] == [("action-escalated", "on-call")]
    assert len(agent.desk.state.proposals()) == 1


def test_a_pod_that_recovers_in_between_is_left_alone(namespace, make, clock):
    namespace.apply(deployment())
    (pod,) = running(namespace)
    crash(namespace, pod)
    agent = make(AUTO)
    crashed(agent, pod.name)
    looks(agent, clock, 4)
    (status,) = namespace.get("Pod", pod.name)["status"]["containerStatuses"]
    well = {**status, "ready": True, "restartCount": 0, "state": {"running": {}}}
    write_status(namespace, pod.name, {"containerStatuses": [well]})
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
    assert "c uses up to 231Mi" in proposal.evidence
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


def approved(agent, rule_of):
    """What became of the one proposal, once a person said yes to it."""
    agent.look()
    (proposal,) = agent.desk.state.proposals()
    assert (proposal.act, proposal.state, proposal.reason) == (rule_of, "open", "")
    answering.approve(agent.desk.state, proposal.id, "ada")
    agent.look()
    return agent.desk.state.get(proposal.id)


def test_a_restart_on_a_yes_makes_the_pods_anew(namespace, make, clock):
    namespace.apply(deployment())
    (before,) = running(namespace)
    rule = {"name": "again", "condition": "deployment.replicas > 0", "action": "suggest-restart"}
    done = approved(make(OperationsPolicy(), (rule,)), "restart")
    assert (done.state, done.title) == (
        "done",
        f"restart Deployment/api -n {namespace.namespace}, its pods one by one",
    )
    annotations = namespace.get("Deployment", "api").at("spec.template.metadata.annotations")
    assert list(annotations) == [RESTARTED]
    namespace.wait("Deployment", "api", until=lambda d: d.at("status.updatedReplicas") == 1)
    deadline = time.monotonic() + 60
    while [pod.name for pod in pods_of(namespace)] in ([], [before.name]) or len(pods_of(namespace)) > 1:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_maximum_that_an_autoscaler_reached_is_raised_on_a_yes(namespace, make, clock):
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "api"}
    body = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "api"},
        "spec": {"minReplicas": 1, "maxReplicas": 3, "scaleTargetRef": target},
    }
    namespace.apply([deployment(), body])
    path = f"/apis/autoscaling/v2/namespaces/{namespace.namespace}/horizontalpodautoscalers/api/status"
    namespace.api.raw("patch", path, body={"status": {"desiredReplicas": 3, "currentReplicas": 3}})
    rule = {"name": "full", "condition": "hpa.atMax", "action": "scale"}
    done = approved(make(OperationsPolicy(), (rule,)), "adjust-autoscaler")
    assert (done.state, done.value) == ("done", {"was": 3, "maxReplicas": 4})
    assert namespace.get("HorizontalPodAutoscaler", "api").at("spec.maxReplicas") == 4
    assert namespace.get("Deployment", "api").at("metadata.generation") == 1
    undo(namespace, done.change)
    assert namespace.get("HorizontalPodAutoscaler", "api").at("spec.maxReplicas") == 3


def test_a_rollback_on_a_yes_brings_the_image_before_back(namespace, make, clock):
    body = deployment()
    namespace.apply(body)
    namespace.wait("Deployment", "api", until=lambda d: d.at("status.observedGeneration") == 1)
    body["spec"]["template"]["spec"]["containers"][0]["image"] = "kit.local/c:2"
    namespace.apply(body)
    namespace.wait("Deployment", "api", until=lambda d: d.at("status.observedGeneration") == 2)
    rule = {"name": "back", "condition": "deployment.replicas > 0", "action": "suggest-rollback"}
    done = approved(make(OperationsPolicy(), (rule,)), "rollback")
    assert (done.state, done.value["revision"]["revision"]) == ("done", 1)
    image = "spec.template.spec.containers.0.image"
    assert namespace.get("Deployment", "api").at(image) == "kit.local/c:1"
    undo(namespace, done.change)
    assert namespace.get("Deployment", "api").at(image) == "kit.local/c:2"


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
    answered = replace(proposal, hash=plan.hash, state="approved", act="scale", value={"replicas": 9})
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


class Door:
    """A way to the API server that can be shut: every connection breaks, and no new one is made."""

    def __init__(self, cluster):
        self.port = int(cluster.api.binding.server.rpartition(":")[2])
        self.open()

    def open(self, port=0):
        self.pairs = []
        self.listening = socket.create_server(("127.0.0.1", port))
        self.address = self.listening.getsockname()[1]
        threading.Thread(target=self._accept, args=(self.listening,), daemon=True).start()

    def shut(self):
        self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()
        for one in self.pairs:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _accept(self, listening):
        while True:
            try:
                here, _ = listening.accept()
            except OSError:
                return
            there = socket.create_connection(("127.0.0.1", self.port))
            self.pairs += [here, there]
            for pair in ((here, there), (there, here)):
                threading.Thread(target=self._carry, args=pair, daemon=True).start()

    def _carry(self, source, target):
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)


def through(cluster, namespace, folder, door=None, token=""):
    """The cluster by another address, or as another user."""
    found = yaml.safe_load(cluster.api.binding.files[0].read_text())
    place, user = found["clusters"][0]["cluster"], found["users"][0]
    place["server"] = f"https://127.0.0.1:{door.address}" if door else place["server"]
    user["user"] = {"token": token} if token else user["user"]
    found["current-context"] = found["contexts"][0]["name"]
    path = folder / f"kubeconfig-{uuid.uuid4().hex}"
    path.write_text(yaml.safe_dump(found))
    return Cluster.from_kubeconfig(path, namespace=namespace)


def test_an_api_server_that_goes_away_and_comes_back_is_followed_on(namespace, tmp_path):
    door, woken = Door(namespace), threading.Event()
    watch = Watch(
        through(namespace, namespace.namespace, tmp_path, door),
        WATCHABLE["deployments"],
        namespace.namespace,
        woken.set,
    )
    watch.start()
    deadline = time.monotonic() + 40
    while not watch.fresh:
        assert time.monotonic() < deadline, watch.error
        woken.wait(0.1)
    door.shut()
    while watch.fresh:
        assert time.monotonic() < deadline
        woken.wait(0.1)
    namespace.apply(deployment("meanwhile"))
    door.open(door.address)
    while [item.metadata.name for item in watch.objects()] != ["meanwhile"]:
        assert time.monotonic() < deadline, watch.error
        woken.wait(0.1)
    assert (watch.relists, watch.fresh) == (1, True)  # taken up where it broke, not listed anew
    watch.stop()
    door.shut()


@pytest.fixture(scope="module")
def defined(embedded):
    embedded.apply(ROOT / "manifests" / "crds" / "agentconfig.yaml")
    embedded.wait("CustomResourceDefinition", "agentconfigs.kagent.io", until="Established")
    yield
    embedded.delete("CustomResourceDefinition", "agentconfigs.kagent.io")


@pytest.fixture
def people(namespace, tmp_path):
    """Two users who may write AgentConfigs; `ada` may approve too."""
    found = {}
    for name, verbs in (("ada", ["get", "patch", "update", "approve"]), ("eve", ["get", "patch", "update"])):
        rule = {"apiGroups": ["kagent.io"], "resources": ["agentconfigs"], "verbs": verbs}
        rbac, where = "rbac.authorization.k8s.io", {"name": name, "namespace": namespace.namespace}
        namespace.apply(
            [
                {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": where},
                {"apiVersion": f"{rbac}/v1", "kind": "Role", "metadata": where, "rules": [rule]},
                {
                    "apiVersion": f"{rbac}/v1",
                    "kind": "RoleBinding",
                    "metadata": where,
                    "roleRef": {"apiGroup": rbac, "kind": "Role", "name": name},
                    "subjects": [{"kind": "ServiceAccount", **where}],
                },
            ]
        )
        path = f"/api/v1/namespaces/{namespace.namespace}/serviceaccounts/{name}/token"
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
        token = json.loads(namespace.api.raw("post", path, body=body).data)["status"]["token"]
        found[name] = through(namespace, namespace.namespace, tmp_path, token=token)
    return found


def test_an_expired_watch_lists_anew_and_misses_nothing(namespace, defined):
    """A kind that was defined now has no history before: the server answers 410 to an early version."""
    where = Watchable("AgentConfig", "/apis/kagent.io/v1", "agentconfigs", Plain)
    made = config(namespace.namespace).model_dump(by_alias=True, mode="json", exclude_none=True)
    namespace.apply(made)
    woken = threading.Event()
    watch = Watch(namespace, where, namespace.namespace, woken.set)
    watch._version = "1"
    watch.start()
    deadline = time.monotonic() + 20
    while [item.metadata.name for item in watch.objects()] != [made["metadata"]["name"]]:
        assert time.monotonic() < deadline, watch.error
        woken.wait(0.2)
    assert watch.relists == 1
    namespace.delete("AgentConfig", made["metadata"]["name"])
    while watch.objects():
        assert time.monotonic() < deadline
        woken.wait(0.2)
    assert watch.fresh
    watch.stop()


def test_an_annotation_approves_only_in_the_name_of_who_may(namespace, make, clock, defined, people):
    namespace.apply(deployment())
    agent = make(OperationsPolicy(), SCALE)
    namespace.apply(agent.desk.config.model_dump(by_alias=True, mode="json", exclude_none=True))
    agent.look()
    (first,) = agent.desk.state.proposals()
    listed(agent, namespace)
    annotating.approve(people["eve"], agent.desk.name, namespace.namespace, first.id)
    agent.look()
    assert agent.desk.state.get(first.id).state == "open"  # nobody vouches for annotations yet
    assert "nobody vouches" in list(current().audit.read())[-1]["reason"]
    namespace.apply(POLICY_FILE)
    enforced(namespace, agent.desk.name)
    agent.desk.state.save(replace(first, opened=(datetime.now(UTC) + timedelta(seconds=5)).isoformat()))
    for name, mark, refusal in (
        ("eve", f"{first.id}:other", "needs the verb approve"),
        ("ada", f"{first.id}:{first.hash}", "must be the name of the user who approves"),
    ):
        by = f"system:serviceaccount:{namespace.namespace}:{name}"
        notes = {"kagent.io/approve": mark, "kagent.io/approved-by": by}
        with pytest.raises(Forbidden, match=refusal):
            people["eve"].patch(
                "AgentConfig", agent.desk.name, {"metadata": {"annotations": notes}}, type="merge"
            )
    by = annotating.approve(people["ada"], agent.desk.name, namespace.namespace, first.id)
    agent.look()
    done = agent.desk.state.get(first.id)
    assert (done.state, done.by) == ("done", by)
    assert by.endswith(":ada")
    assert namespace.get("Deployment", "api").at("spec.replicas") == 2
    namespace.delete("ValidatingAdmissionPolicyBinding", "kagent-approvals")
    namespace.delete("ValidatingAdmissionPolicy", "kagent-approvals")


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
    assert "ends with an error and is started again" in found["diagnose"].title
    assert namespace.get("Deployment", "api").at("metadata.generation") == 1


def test_every_entry_is_in_a_chain_that_holds():
    assert Audit(get_settings().state_dir / "audit.jsonl").verify().ok


def test_the_named_kinds_exist(embedded):
    for item in WATCHABLE.values():
        try:
            assert embedded.list(item.kind) is not None
        except NotFound as error:
            pytest.fail(str(error))
