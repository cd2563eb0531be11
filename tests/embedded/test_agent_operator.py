"""The operator on a real API server: status and events on the object, and what its account really may."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import yaml

from kitlib import tools
from kitlib.agent import operations, operator, pod
from kitlib.agent.chart import chart_values
from kitlib.agent.events import Notice
from kitlib.agent.housekeeping import Housekeeping
from kitlib.agent.operator import Operator
from kitlib.agent.permissions import access_of
from kitlib.agent.serving import Pulse
from kitlib.agent.status import AgentStatus, Pending
from kitlib.cluster import Cluster
from kitlib.cluster.kubeconfig import Binding
from kitlib.errors import Forbidden, NotFound, SettingsError
from kitlib.runbooks.remote.permissions import Need, review
from kitlib.specs.models.agent import AgentConfig

ROOT = Path(__file__).parents[2]
CHART, RULES = ROOT / "charts/kit-agent", ROOT / "todo-app/specs/ai-operations.md"
DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web"},
    "spec": {
        "replicas": 0,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "web", "image": "web:1"}]},
        },
    },
}


@pytest.fixture(scope="module")
def defined(embedded):
    embedded.apply(ROOT / "charts/kit-agent/crds/agentconfig.yaml")
    embedded.wait("CustomResourceDefinition", "agentconfigs.kagent.io", until="Established")
    yield
    embedded.delete("CustomResourceDefinition", "agentconfigs.kagent.io")


@pytest.fixture
def document(namespace, defined):
    found = yaml.safe_load((ROOT / "todo-app/specs/agent.yaml").read_text())
    found["metadata"] = {"name": "watcher", "namespace": namespace.namespace}
    found["spec"]["scope"]["namespaces"] = [namespace.namespace]
    return found


class Account(Binding):
    """A ServiceAccount's credentials for the API server of another binding."""

    token = ""
    other = None

    def check(self):
        """It can't be switched."""

    def configure(self, configuration):
        self.other.configure(configuration)
        configuration.cert_file = configuration.key_file = None
        configuration.api_key["authorization"] = self.token
        configuration.api_key_prefix["authorization"] = "Bearer"


def as_account(cluster, name):
    """The cluster as a ServiceAccount sees it, with a token of its own."""
    path = f"/api/v1/namespaces/{cluster.namespace}/serviceaccounts/{name}/token"
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    found = cluster.api.binding
    binding = Account((), found.context, found.server, found.authority, False)
    binding.token = json.loads(cluster.api.raw("post", path, body=body).data)["status"]["token"]
    binding.other = found
    return Cluster(binding, namespace=cluster.namespace)


@pytest.fixture
def account(namespace, document):
    """The agent's ServiceAccount, with what kit grants it and nothing else."""
    access = access_of(AgentConfig.model_validate(document), ["restart-pod"])
    namespace.apply(access.objects({}))
    return as_account(namespace, "watcher")


class Recorded:
    """A worker that says what it was told to do."""

    def __init__(self, config, listener, log):
        self.config, self.listener, self.log = config, listener, log

    def run(self, stop):
        self.log.append(("begun", len(self.config.spec.monitoring)))
        self.listener.notify(
            Notice("action-suggested", "watcher", "k", "scale web", "from 2 to 3", "channel", "2026-01-05")
        )
        stop.wait()
        self.log.append(("ended", len(self.config.spec.monitoring)))

    def status(self):
        waiting = Pending("p1", "scale web", "abc", "2026-01-05")
        return AgentStatus("watching", 7, 1, 0, 10, proposals=(waiting,))


class Nobody:
    def notify(self, notice):
        """Nothing."""


@pytest.fixture(autouse=True)
def often(monkeypatch):
    """The status is written twice a second."""
    monkeypatch.setattr(operator, "STATUS_SECONDS", 0.5)


@contextmanager
def operating(account, make):
    """The operator, as the ServiceAccount, in a thread."""
    stop = threading.Event()
    made = Operator(account, Housekeeping(account, "watcher"), make, lambda _: Nobody(), "replica-1", Pulse())
    thread = threading.Thread(target=made.run, args=(stop,), daemon=True)
    thread.start()
    yield made
    stop.set()
    thread.join(20)
    assert not thread.is_alive()


@pytest.fixture
def operated(account):
    """What the workers of an operator did."""
    log = []

    def make(config, listener):
        if any("nonsense" in rule.condition for rule in config.spec.monitoring):
            raise SettingsError("monitoring rule x: nonsense means nothing", fix="write pod.restartCount > 3")
        return Recorded(config, listener, log)

    with operating(account, make):
        yield log


def until(true, seconds=30.0):
    end = time.monotonic() + seconds
    while not (found := true()) and time.monotonic() < end:
        threading.Event().wait(0.1)
    return found


def condition(cluster, type):
    for item in cluster.get("AgentConfig", "watcher").at("status.conditions", []):
        if item["type"] == type:
            return item
    return {}


def test_an_agent_config_becomes_an_agent_that_says_how_it_is(namespace, document, operated):
    namespace.apply(document)
    assert until(lambda: condition(namespace, "Valid").get("status") == "True")
    assert condition(namespace, "Permitted")["status"] == "True", condition(namespace, "Permitted")
    found = namespace.get("AgentConfig", "watcher")
    assert found.at("status.phase") == "watching"
    assert found.at("status.watched") == 7
    assert found.at("status.leader") == "replica-1"
    assert found.at("status.observedGeneration") == found["metadata"]["generation"]
    assert found.at("status.proposals")[0]["id"] == "p1"
    assert found.at("status.lastDecision.title") == "scale web"
    assert not found["metadata"].get("finalizers")
    assert not found["metadata"].get("annotations")
    assert until(lambda: len(namespace.events(about=found)) >= 2)
    reasons = {event["reason"]: event["message"] for event in namespace.events(about=found)}
    assert "from 2 to 3" in reasons["ActionSuggested"]

    document["spec"]["monitoring"] = document["spec"]["monitoring"][:1]
    namespace.apply(document, force=True)
    assert until(lambda: operated[1:] == [("ended", 3), ("begun", 1)])
    document["spec"]["monitoring"][0]["condition"] = "nonsense"
    namespace.apply(document, force=True)
    assert until(lambda: condition(namespace, "Valid").get("status") == "False")
    told = condition(namespace, "Valid")["message"]
    assert told == "monitoring rule x: nonsense means nothing write pod.restartCount > 3"
    assert until(lambda: namespace.get("AgentConfig", "watcher").at("status.phase") == "stopped")
    document["spec"]["scope"]["resources"] = ["pods", "deploymnts"]
    namespace.apply(document, force=True)
    assert until(lambda: "deploymnts" in condition(namespace, "Valid")["message"])
    assert "did you mean deployments?" in condition(namespace, "Valid")["message"]
    assert operated[-1] == ("ended", 1)
    namespace.delete("AgentConfig", "watcher")


def test_a_deletion_ends_the_agent(namespace, document, operated):
    namespace.apply(document)
    assert until(lambda: operated == [("begun", 3)])
    namespace.delete("AgentConfig", "watcher")
    assert until(lambda: operated[-1] == ("ended", 3))


def test_the_real_agent_has_all_the_rights_that_it_needs(namespace, document, account):
    pulse = Pulse()
    real = pod.agent_maker(account, pulse, operations.load(RULES))
    namespace.apply([document, DEPLOYMENT])
    with operating(
        account, lambda config, listener: real(config, listener, lambda: True, lambda: None)
    ) as found:
        assert until(lambda: (status := found.status()) and status.phase == "watching" and status.watched > 0)
        status = found.status()
    assert "forbidden" not in status.last_error.lower()
    assert pulse.late() == []
    namespace.delete("AgentConfig", "watcher")


def test_the_account_may_what_its_config_asks_for_and_nothing_else(namespace, document, account, embedded):
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "hidden"}}
    namespace.apply([DEPLOYMENT, secret])
    assert account.scale("Deployment", "web", 1).at("spec.replicas") == 1
    for kind in ("Deployment", "Pod", "Service", "HorizontalPodAutoscaler", "ReplicaSet"):
        account.list(kind)
    refused = [
        lambda: account.get("Secret", "hidden"),
        lambda: account.list("Secret"),
        lambda: account.list("ConfigMap"),
        lambda: account.get("ConfigMap", "kube-root-ca.crt"),
        lambda: account.list("Pod", namespace="default"),
        lambda: account.list("Pod", everywhere=True),
        lambda: account.list("Node"),
        lambda: account.delete("Deployment", "web", wait_seconds=0),
        lambda: account.patch("Service", "web", {"spec": {}}),
        lambda: account.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "x"}}),
    ]
    for request in refused:
        with pytest.raises(Forbidden):
            request()
    with pytest.raises(NotFound):  # it may, there is none
        account.evict("web")
    here = account.namespace
    policies = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"
    with pytest.raises(Forbidden):
        account.api.raw("get", f"{policies}/another")
    with suppress(NotFound):  # it may look; whether there is one is another test's
        account.api.raw("get", f"{policies}/kagent-approvals")
    for verb, group, name, allowed in (
        ("create", "", "pods/eviction", True),
        ("delete", "", "pods", False),
        ("create", "", "pods/exec", False),
        ("get", "", "pods/log", True),
        ("patch", "rbac.authorization.k8s.io", "roles", False),
        ("patch", "kagent.io", "agentconfigs", False),
        ("delete", "", "configmaps", False),
        ("list", "metrics.k8s.io", "pods", True),
    ):
        [answer] = review(account, [Need(verb, group, name, here)])
        assert answer.allowed is allowed, answer.need


def test_every_need_is_granted_and_none_that_another_namespace_would_be(namespace, document, account):
    needs = access_of(AgentConfig.model_validate(document), ["restart-pod"]).needs
    assert all(answer.allowed for answer in review(account, needs))
    elsewhere = [Need(need.verb, need.group, need.resource, "default") for need in needs]
    assert not any(answer.allowed for answer in review(account, elsewhere))


def test_what_the_agent_keeps_is_its_own(account, document, namespace):
    namespace.apply(document)
    keeping = Housekeeping(account, "watcher")
    keeping.create_lease({"holderIdentity": "a", "leaseDurationSeconds": 15})
    keeping.replace_lease(keeping.lease())
    keeping.create_kept("state", {"data": {"holder": "a"}})
    keeping.replace_kept("state", keeping.kept("state"), {"data": {"holder": "b"}})
    keeping.write_status({"phase": "watching"})
    other = Housekeeping(account, "other")
    for request in (other.lease, lambda: other.kept("state"), lambda: other.write_status({})):
        with pytest.raises(Forbidden):
            request()
    namespace.delete("AgentConfig", "watcher")


def test_the_chart_fits_a_restricted_namespace_without_a_warning(namespace, document, tmp_path):
    levels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}
    namespace.patch("Namespace", namespace.namespace, {"metadata": {"labels": levels}})
    (tmp_path / "agent.yaml").write_text(yaml.safe_dump(document))
    values = chart_values(tmp_path / "agent.yaml", RULES)
    command = [tools.find("helm"), "template", "agent", CHART, "-n", namespace.namespace, "-f", "-"]
    rendered = tools.run([*command, "--set", "image.tag=abc"], input=values).stdout
    items = [item for item in yaml.safe_load_all(rendered) if item]
    applied = namespace.apply(items, dry_run=True)
    assert applied.warnings == ()
    assert {"Deployment", "AgentConfig", "NetworkPolicy"} <= {item.kind for item in applied}
