"""People and an agent in the cluster: its memory is read and its proposals are answered from elsewhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from agent_help import Clock, Heard, deployment, enforced, listed, started
from typer.testing import CliRunner

from kitlib.agent import answering, starting
from kitlib.agent.annotating import POLICY_FILE
from kitlib.agent.cluster_state import Keeper
from kitlib.agent.housekeeping import Housekeeping
from kitlib.agent.operations import OperationsPolicy
from kitlib.cli.app import app
from kitlib.errors import Conflict, UsageError
from kitlib.settings import get_settings
from kitlib.specs.models.agent import AgentConfig

ROOT = Path(__file__).parents[2]


@pytest.fixture
def vouched(embedded):
    """AgentConfigs, and the API server's word on who answers."""
    embedded.apply(ROOT / "manifests/crds/agentconfig.yaml")
    embedded.wait("CustomResourceDefinition", "agentconfigs.kagent.io", until="Established")
    embedded.apply(POLICY_FILE)
    yield
    for kind in ("ValidatingAdmissionPolicyBinding", "ValidatingAdmissionPolicy"):
        embedded.delete(kind, "kagent-approvals")
    embedded.delete("CustomResourceDefinition", "agentconfigs.kagent.io")


@pytest.fixture
def places(tmp_path, monkeypatch, namespace):
    """Moves between the agent's machine and a person's: each has a state folder of its own."""
    monkeypatch.setenv("KUBECONFIG", str(namespace.api.binding.files[0]))
    before = get_settings().state_dir

    def go(to):
        monkeypatch.setenv("KIT_STATE_DIR", str(tmp_path / to))
        get_settings.cache_clear()
        return tmp_path / to

    yield go
    monkeypatch.setenv("KIT_STATE_DIR", str(before))
    get_settings.cache_clear()


@pytest.fixture
def make(namespace, vouched, places):
    """Makes agents of one AgentConfig; each lives on the machine that is the present place."""
    clock = Clock()
    clock.forward(seconds=5)  # a policy that is younger than a proposal vouches for nothing

    with started() as begin:

        def start(*monitoring):
            found = yaml.safe_load((ROOT / "todo-app/specs/agent.yaml").read_text())
            found["metadata"] = {"name": "watcher", "namespace": namespace.namespace}
            found["spec"]["scope"]["namespaces"] = [namespace.namespace]
            found["spec"]["monitoring"] = list(monitoring)
            namespace.apply(found)
            config = AgentConfig.model_validate(found)
            return begin(starting.make(config, namespace, OperationsPolicy(), listener=Heard(), clock=clock))

        yield start


FEW = {"name": "few", "condition": "deployment.replicas < 2", "action": "scale"}
AGAIN = {"name": "again", "condition": "deployment.name == 'web'", "action": "suggest-restart"}
POD = {"name": "pod", "condition": "pod.labels['app'] == 'idle'", "action": "restart"}


def test_an_agent_in_the_cluster_is_read_answered_checked_and_undone(make, namespace, places):
    where = f"{namespace.namespace}/watcher"
    places("pod")
    namespace.apply([deployment("api"), deployment("web")])
    agent = make(FEW)
    keeper = Keeper(Housekeeping(namespace, "watcher"), "pod_1")

    def kit(*arguments):
        places("person")
        options = ("--in-cluster", where, "--context", namespace.context)
        return CliRunner().invoke(app, [*arguments, *options])

    def look():
        folder = places("pod")
        enforced(namespace, "watcher")
        agent.look()
        listed(agent, namespace)
        keeper.save(folder)

    assert isinstance(kit("agent", "pending").exception, UsageError)  # it has never led
    keeper.load(places("pod"))
    look()
    known = {item.target.name: item.id for item in agent.desk.state.proposals()}
    assert set(known) == {"api", "web"}
    told = kit("agent", "pending").output
    assert all(f"{id} scale Deployment/{name}" in told for name, id in known.items())
    assert "watcher: 2 waiting, 0 done" in kit("agent", "status").output

    assert "is denied by" in kit("agent", "deny", known["api"], "--reason", "not: now").output
    assert "is approved by" in kit("agent", "approve", known["web"]).output
    assert isinstance(kit("agent", "deny", "nosuch").exception, UsageError)
    look()
    ended = {item.target.name: item for item in agent.desk.state.proposals()}
    assert (ended["api"].state, ended["web"].state) == ("denied", "done")
    assert ended["api"].by == ended["web"].by != ""
    assert ended["api"].reason.endswith(": not: now")
    replicas = {item.name: item.at("spec.replicas") for item in namespace.list("Deployment")}
    assert replicas == {"api": 1, "web": 2}

    assert "not: now" in kit("agent", "history").output
    assert ended["web"].change in kit("audit", "show").output
    assert kit("audit", "verify").exit_code == 0
    namespace.scale("Deployment", "web", 3)
    assert isinstance(kit("undo", ended["web"].change, "--yes").exception, Conflict)
    namespace.scale("Deployment", "web", 2)
    assert kit("undo", ended["web"].change, "--yes").exit_code == 0
    assert namespace.get("Deployment", "web").at("spec.replicas") == 1
    assert isinstance(kit("undo", "ffffffff", "--yes").exception, UsageError)

    audit = places("pod") / "audit.jsonl"
    audit.write_text(audit.read_text().replace("not: now", "yes, do"))
    keeper.save(places("pod"))
    forged = kit("audit", "verify")
    assert (forged.exit_code, "does not follow the line before it" in forged.output) == (1, True)


def test_the_next_replica_knows_whether_what_was_begun_was_made(make, namespace, places):
    """It has the memory of the one that died, and a digest key of its own."""
    folder = places("one")
    namespace.apply([deployment("api"), deployment("web"), deployment("idle")])
    namespace.wait("Deployment", "idle", timeout=60)
    first = make(FEW, AGAIN, POD)
    state, keeping = first.desk.state, Housekeeping(namespace, "watcher")
    keeper = Keeper(keeping, "one_1")
    keeper.load(folder)
    first.look()
    known = {(item.act, item.workload.name): item for item in state.proposals()}
    made = [("scale", "api"), ("restart", "web"), ("restart-pod", "idle")]
    for key in made:
        answering.approve(state, known[key].id, "ada")
    first.look()
    for key in made:
        done = state.get(known[key].id)
        assert done.state == "done", done
        state.save(replace(done, state="executing"))
    lost = known["scale", "idle"]
    state.save(replace(lost, state="executing", change="deadbeef"))
    keeper.save(folder)
    first.close()
    before = {item.name: item.at("metadata.generation") for item in namespace.list("Deployment")}

    folder = places("two")
    Keeper(keeping, "two_1").load(folder)
    second = make(FEW, AGAIN, POD)
    second.look()
    for key in made:
        found = second.desk.state.get(known[key].id)
        assert (found.state, found.reason) == ("done", "the agent died after it began; the change was made")
    found = second.desk.state.get(lost.id)
    assert (found.state, "was not made, and is not repeated" in found.reason) == ("failed", True)
    assert before == {item.name: item.at("metadata.generation") for item in namespace.list("Deployment")}
    assert second.desk.audit.verify().ok


def test_an_agent_in_the_cluster_is_named_by_its_namespace_and_name():
    for text in ("watcher", "/watcher", "a/", "a/b/c"):
        found = CliRunner().invoke(app, ["agent", "deny", "x", "--in-cluster", text, "--context", "c"])
        assert isinstance(found.exception, UsageError), text
