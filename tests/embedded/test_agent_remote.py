"""People and an agent in the cluster: its memory is read and its proposals are answered from elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from agent_help import Clock, Heard, deployment, enforced, listed
from typer.testing import CliRunner

from kitlib.agent import starting
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
def agent(namespace, vouched, places):
    """An agent that would scale each of two Deployments, on its own machine."""
    places("pod")
    found = yaml.safe_load((ROOT / "todo-app/specs/agent.yaml").read_text())
    found["metadata"] = {"name": "watcher", "namespace": namespace.namespace}
    found["spec"]["scope"]["namespaces"] = [namespace.namespace]
    found["spec"]["monitoring"] = [{"name": "few", "condition": "deployment.replicas < 2", "action": "scale"}]
    namespace.apply([found, deployment("api"), deployment("web")])
    clock = Clock()
    clock.forward(seconds=5)  # a policy that is younger than a proposal vouches for nothing
    config = AgentConfig.model_validate(found)
    agent = starting.make(config, namespace, OperationsPolicy(), listener=Heard(), clock=clock)
    agent.start()
    agent.wait_until_listed()
    yield agent
    agent.close()


def test_an_agent_in_the_cluster_is_read_answered_checked_and_undone(agent, namespace, places):
    where = f"{namespace.namespace}/watcher"
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


def test_an_agent_in_the_cluster_is_named_by_its_namespace_and_name():
    for text in ("watcher", "/watcher", "a/", "a/b/c"):
        found = CliRunner().invoke(app, ["agent", "deny", "x", "--in-cluster", text, "--context", "c"])
        assert isinstance(found.exception, UsageError), text
