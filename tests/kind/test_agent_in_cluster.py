"""The agent in a real cluster, by its chart: restricted, two replicas, no Secret read, its leader killed.

It is killed once in between, and twice in the middle of a change that an admission webhook holds up: before
the change is made, and after it is made but before the leader hears of it.
"""

from __future__ import annotations

import copy
import time
from pathlib import Path

import pytest
import yaml
from held_changes import holding
from typer.testing import CliRunner

from kitlib import tools
from kitlib.agent.chart import chart_values
from kitlib.agent.memory import memory_of
from kitlib.cli.app import app
from kitlib.runbooks.remote import image

ROOT = Path(__file__).parents[2]
CHART = ROOT / "charts/kit-agent"
NAME = "watcher"
NEVER = (
    ("get", "secrets"),
    ("list", "secrets"),
    ("create", "pods/exec"),
    ("delete", "pods"),
    ("delete", "namespaces"),
)
FEW = "deployment.name.startsWith('held') && deployment.replicas < 2"
CRASHING = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web"},
    "spec": {
        "replicas": 1,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": {}},
    },
}


@pytest.fixture(scope="module")
def runner(kind_cluster):
    """The image, in the node."""
    return image.ensure(kind_cluster.connect("default"))


@pytest.fixture(scope="module")
def installed(shared_namespace, runner, tmp_path_factory):
    """The chart, in a restricted namespace whose own workloads the agent watches."""
    namespace, tmp_path = shared_namespace, tmp_path_factory.mktemp("agent")
    home = namespace.namespace
    levels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}
    namespace.patch("Namespace", home, {"metadata": {"labels": levels}})
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "hidden"}}
    namespace.apply(secret | {"stringData": {"key": "a-value-nobody-reads"}})
    found = yaml.safe_load((ROOT / "todo-app/specs/agent.yaml").read_text())
    found["metadata"] = {"name": NAME, "namespace": home}
    found["spec"]["scope"]["namespaces"] = [home]
    found["spec"]["monitoring"] = [
        {"name": "crash-loop", "condition": "pod.restartCount > 0", "action": "diagnose"},
        {"name": "few", "condition": FEW, "action": "scale"},
    ]
    (tmp_path / "agent.yaml").write_text(yaml.safe_dump(found))
    repository, _, tag = runner.rpartition(":")
    helm, files = tools.find("helm"), namespace.api.binding.files
    reach = ["--kubeconfig", files[0], "--kube-context", namespace.context, "-n", home]
    set_image = ["--set", f"image.repository={repository},image.tag={tag}"]
    tools.run(
        [
            helm,
            "upgrade",
            "--install",
            "agent",
            CHART,
            *reach,
            "-f",
            "-",
            *set_image,
            "--wait",
            "--timeout",
            "3m",
        ],
        input=chart_values(tmp_path / "agent.yaml"),
        timeout=240,
    )
    yield namespace
    tools.run([helm, "uninstall", "agent", *reach])


def until(true, seconds=90.0):
    end = time.monotonic() + seconds
    while not (found := true()) and time.monotonic() < end:
        time.sleep(0.5)
    return found


def pods(cluster):
    return cluster.list("Pod", labels={"app.kubernetes.io/name": "kit-agent"})


def leader(cluster):
    holder = cluster.get("Lease", NAME).at("spec.holderIdentity") or ""
    return holder.partition("_")[0]


def status(cluster, path):
    return cluster.get("AgentConfig", NAME).at(f"status.{path}")


def command(container, *arguments):
    return {
        "name": container,
        "image": arguments[0],
        "command": list(arguments[1:]),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "runAsNonRoot": True,
            "runAsUser": 1000,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }


def test_it_runs_diagnoses_survives_its_leader_and_reads_no_secret(installed, runner):
    cluster = installed
    assert until(lambda: status(cluster, "phase") == "watching")
    assert len(pods(cluster)) == 2
    conditions = {item["type"]: item["status"] for item in status(cluster, "conditions")}
    assert conditions == {"Valid": "True", "Permitted": "True"}

    CRASHING["spec"]["template"]["spec"]["containers"] = [command("web", runner, "python", "-c", "raise 1")]
    cluster.apply(CRASHING)
    assert until(lambda: "web" in ((status(cluster, "lastDecision") or {}).get("title") or ""), 120)

    first = leader(cluster)
    kubectl = [tools.find("kubectl"), "--kubeconfig", cluster.api.binding.files[0], "-n", cluster.namespace]
    tools.run([*kubectl, "--context", cluster.context, "delete", "pod", first, "--grace-period=0", "--force"])
    assert until(lambda: leader(cluster) not in ("", first))
    second = leader(cluster)
    assert until(lambda: status(cluster, "leader") == second)
    assert status(cluster, "phase") == "watching"
    state = cluster.get("ConfigMap", f"{NAME}-state")
    assert state.at("data.holder").startswith(second)

    account = f"system:serviceaccount:{cluster.namespace}:{NAME}"
    for verb, what in NEVER:
        asked = [*kubectl, "auth", "can-i", verb, what, "--as", account]
        assert tools.run(asked, check=False).stdout.strip() == "no", (verb, what)


def holder(cluster):
    return cluster.get("Lease", NAME).at("spec.holderIdentity") or ""


def waiting(cluster, name):
    """The id of the proposal about a Deployment that waits for a person."""
    found = cluster.get("AgentConfig", NAME).at("status.proposals", [])
    return next((item["id"] for item in found if name in item["title"]), "")


def send(cluster, pod, signal):
    """Send a signal to the first process of a pod, from its node."""
    found = cluster.get("Pod", pod)
    container = found.at("status.containerStatuses.0.containerID").removeprefix("containerd://")
    node = ["docker", "exec", found.at("spec.nodeName")]
    pid = ["-o", "go-template", "--template", "{{.info.pid}}"]
    shown = tools.run([*node, "crictl", "inspect", *pid, container]).stdout.strip()
    tools.run([*node, "sh", "-c", f"kill -{signal} {shown}"])


def settled(cluster, id):
    """A proposal as the agent's memory in the cluster has it, once it is settled."""
    with memory_of(cluster, f"{cluster.namespace}/{NAME}") as memory:
        found = memory.state.get(id)
        entries = [entry for entry in memory.audit.read() if entry["event"] in ("begin", "end")]
        return () if found.waits else (found, entries)


def kit(*arguments):
    return CliRunner().invoke(app, arguments)


@pytest.mark.parametrize("made", [False, True], ids=["before it is made", "after it is made"])
def test_of_a_leader_killed_in_its_change_the_audit_says_what_became_of_it(
    installed, runner, made, kind_cluster, tmp_path
):
    cluster, name = installed, "held-made" if made else "held-lost"
    deployment = copy.deepcopy(CRASHING)
    deployment["metadata"]["name"] = name
    deployment["spec"]["selector"]["matchLabels"]["app"] = name
    deployment["spec"]["template"]["metadata"]["labels"]["app"] = name
    deployment["spec"]["template"]["spec"]["containers"] = [command("web", runner, "sleep", "3600")]
    cluster.apply(deployment)
    id = until(lambda: waiting(cluster, name))
    assert id
    where = f"{cluster.namespace}/{NAME}"
    account = f"system:serviceaccount:{cluster.namespace}:{NAME}"
    networks = "{{range .NetworkSettings.Networks}}{{.Gateway}}{{end}}"
    node = f"{kind_cluster.name}-control-plane"
    address = tools.run(["docker", "inspect", "-f", networks, node]).stdout.strip()
    with holding(cluster, address, account, tmp_path, name) as hold:
        first = holder(cluster)
        assert kit("agent", "approve", id, "--in-cluster", where).exit_code == 0
        assert hold.arrived.wait(60)
        if made:
            send(cluster, leader(cluster), "STOP")
            hold.go.set()
            assert until(lambda: cluster.get("Deployment", name).at("spec.replicas") == 2)
        send(cluster, first.partition("_")[0], "KILL")
        assert until(lambda: holder(cluster) not in ("", first))
    found = until(lambda: settled(cluster, id))
    assert found
    proposal, entries = found
    (begun,) = (item for item in entries if item["event"] == "begin" and name in str(item["action"]))
    assert begun["n"] not in [item.get("of") for item in entries]  # its end was never written, nor repeated
    now = cluster.get("Deployment", name)
    outcome = (proposal.state, now.at("spec.replicas"), now.at("metadata.generation"))
    assert outcome == (("done", 2, 2) if made else ("failed", 1, 1))
    said = "the change was made" if made else "the change was not made, and is not repeated"
    assert proposal.reason == f"the agent died after it began; {said}"
    told = kit("agent", "history", "--in-cluster", where).output
    assert said in told
    verified = kit("audit", "verify", "--in-cluster", where)
    assert (verified.exit_code, "each is as it was written" in verified.output) == (0, True)
