"""The kind provider and the verbs that need a real kubelet."""

from __future__ import annotations

import subprocess

import pytest

from kitlib import tools
from kitlib.cluster import manage
from kitlib.cluster.providers import provider
from kitlib.errors import ContextChanged, Invalid, MachineError, NotFound, NotOurs, UsageError, WaitTimeout

IMAGE = "registry.k8s.io/coredns/coredns:v1.12.1"  # every node carries it


def deployment(name, *, command=None, replicas=1):
    container = {"name": "main", "image": IMAGE, "args": ["-dns.port=5353"]}
    if command:
        container = {"name": "main", "image": IMAGE, "command": command}
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


def crash_log(cluster, pod, tries=60):
    """The log of a run that ended: the previous one, or the last while its successor waits for its turn."""
    for previous in [True, False] * tries:
        try:
            if text := cluster.logs(pod, previous=previous):
                return text
        except (NotFound, Invalid):  # the kubelet removes an ended container when the next one ends
            cluster.get("Pod", pod)
    return ""


def test_up_again_changes_nothing(kind_cluster):
    assert manage.up(kind_cluster.name) == kind_cluster


def test_status_names_the_ready_node(kind_cluster):
    found = manage.status(kind_cluster.name)
    assert found.state == "running"
    assert found.nodes == {f"{kind_cluster.name}-control-plane": True}


def test_a_deployment_rolls_out_scales_and_logs(namespace):
    namespace.apply(deployment("web"))
    namespace.wait("Deployment", "web")
    namespace.scale("Deployment", "web", 2)
    assert namespace.wait("Deployment", "web").at("status.readyReplicas") == 2
    pod = namespace.list("Pod", labels={"app": "web"})[0]
    assert "CoreDNS-" in namespace.logs(pod.name)
    assert {e["reason"] for e in namespace.events(about=pod)} >= {"Scheduled", "Started"}


def test_a_crash_shows_in_the_message_and_in_the_log(namespace):
    bad = deployment("bad", command=["/coredns", "-conf", "/absent"])
    bad["spec"]["minReadySeconds"] = 10  # without a probe, a container counts as available while it starts
    namespace.apply(bad)
    with pytest.raises(WaitTimeout, match="0 of 1 updated replicas available; not ready: bad-"):
        namespace.wait("Deployment", "bad", timeout=5)
    pod = namespace.list("Pod")[0]
    namespace.wait(
        "Pod", pod.name, until=lambda p: p.at("status.containerStatuses.0.restartCount", 0) > 0, timeout=60
    )
    assert "no such file" in crash_log(namespace, pod.name)


def test_the_node_is_killed_and_up_brings_everything_back(namespace, kind_cluster):
    namespace.apply(deployment("survivor"))
    namespace.wait("Deployment", "survivor")
    subprocess.run(["docker", "kill", f"{kind_cluster.name}-control-plane"], check=True, capture_output=True)
    assert manage.status(kind_cluster.name).state == "stopped"
    manage.up(kind_cluster.name)
    assert manage.status(kind_cluster.name).state == "running"
    namespace.wait("Deployment", "survivor")


def test_a_cluster_of_somebody_else_is_never_touched(kind_cluster):
    """A container with kind's label, made by nobody we know, stands for a stranger's cluster."""
    label = "io.x-k8s.kind.cluster=stranger"
    made = tools.run(["docker", "create", "--label", label, "--name", "stranger-control-plane", IMAGE])
    try:
        for act in (manage.up, manage.down):
            with pytest.raises(NotOurs, match="kit did not make"):
                act("stranger", "kind") if act is manage.up else provider("kind").down("stranger")
        assert manage.status("stranger").state == "broken"
        tools.run(["docker", "inspect", "stranger-control-plane"])
    finally:
        tools.run(["docker", "rm", made.stdout.strip()])


def test_a_taken_port_is_refused_before_anything_is_made(kind_cluster):
    port = int(kind_cluster.connect().server.rpartition(":")[2])
    with pytest.raises(MachineError, match=f"port {port} is taken"):
        manage.up("other", "kind", api_port=port)
    assert manage.status("other").state == "absent"


def test_an_image_that_is_not_here_cannot_be_loaded(kind_cluster):
    with pytest.raises(UsageError, match="no local image absent:1"):
        manage.load(kind_cluster.name, ["absent:1"])


def test_a_kubeconfig_switched_underneath_raises(kind_cluster, tmp_path):
    copy = tmp_path / "kubeconfig"
    text = kind_cluster.kubeconfig.read_text()
    copy.write_text(text)
    from kitlib import Cluster

    cluster = Cluster.from_kubeconfig(copy, context=kind_cluster.context)
    assert cluster.get("Namespace", "default").name == "default"
    copy.write_text(text.replace("127.0.0.1", "127.0.0.2"))
    with pytest.raises(ContextChanged, match="now means another server"):
        cluster.get("Namespace", "default")
