"""The agent in a real cluster, by its chart: restricted, two replicas, one of them killed, no Secret read."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import yaml

from kitlib import tools
from kitlib.agent.chart import chart_values
from kitlib.runbooks.remote import image

ROOT = Path(__file__).parents[2]
CHART = ROOT / "charts/kit-agent"
NAME = "watcher"
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


@pytest.fixture
def installed(namespace, runner, tmp_path):
    """The chart, in a restricted namespace whose own workloads the agent watches."""
    home = namespace.namespace
    levels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}
    namespace.patch("Namespace", home, {"metadata": {"labels": levels}})
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "hidden"}}
    namespace.apply(secret | {"stringData": {"key": "a-value-nobody-reads"}})
    found = yaml.safe_load((ROOT / "todo-app/specs/agent.yaml").read_text())
    found["metadata"] = {"name": NAME, "namespace": home}
    found["spec"]["scope"]["namespaces"] = [home]
    found["spec"]["monitoring"] = [
        {"name": "crash-loop", "condition": "pod.restartCount > 0", "action": "diagnose"}
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
    for verb, what in (("get", "secrets"), ("list", "secrets"), ("create", "pods/exec"), ("delete", "pods")):
        asked = [*kubectl, "auth", "can-i", verb, what, "--as", account]
        assert tools.run(asked, check=False).stdout.strip() == "no", (verb, what)
