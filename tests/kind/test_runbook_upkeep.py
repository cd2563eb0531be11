"""Clean-up, incident and capacity on real pods: they end, crash and use what they use."""

from __future__ import annotations

import time

import pytest
from runbooks_kind import deployment, evidence, keep_records, never, python_image, run, texts

from kitlib.cluster.resource import pod_restarts
from kitlib.operations import headroom
from kitlib.settings import get_settings


@pytest.fixture
def place(namespace, kind_cluster, tmp_path, monkeypatch):
    keep_records(monkeypatch, tmp_path)
    python_image(kind_cluster)
    yield namespace
    get_settings.cache_clear()


@pytest.fixture
def image(kind_cluster):
    return python_image(kind_cluster)


def job(name, image, code):
    container = {"name": "c", "image": image, "command": ["python", "-c", code]}
    template = {"spec": {"restartPolicy": "Never", "containers": [container]}}
    head = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}}
    return head | {"spec": {"backoffLimit": 0, "template": template}}


def test_finished_jobs_go_with_their_pods_and_a_running_one_stays(place, image):
    place.apply([job("good", image, "print(1)"), job("bad", image, "1/0")])
    place.apply(job("busy", image, "import time; time.sleep(3600)"))
    place.wait("Job", "good")
    place.wait("Job", "bad", until="Failed")
    place.wait("Job", "busy", until=lambda item: item.at("status.ready", 0) == 1)
    assert len(place.list("Pod")) == 3
    young = run("namespace-clean-up", never, namespace=place.namespace, older_than="1h")
    assert (young.exit_code, texts(young)) == (0, [])
    done = run("namespace-clean-up", namespace=place.namespace, older_than="1s")
    assert done.exit_code == 0, done.record["message"]
    assert sorted(texts(done)) == [f"delete Job/{name} -n {place.namespace}" for name in ("bad", "good")]
    assert [item.name for item in place.list("Job")] == ["busy"]
    end = time.monotonic() + 60
    while len(pods := place.list("Pod")) > 1:  # the garbage collector takes their pods in the background
        assert time.monotonic() < end, pods
        time.sleep(0.5)
    assert pods[0].name.startswith("busy")


def test_a_crash_is_told_with_the_last_words_before_it(place, image):
    crash = ["python", "-c", "print('the database said no'); raise SystemExit(3)"]
    place.apply(deployment("web", image, command=crash))
    end = time.monotonic() + 120
    while not any(map(pod_restarts, place.list("Pod"))):
        assert time.monotonic() < end
        time.sleep(0.5)
    result = run("incident-report", never, namespace=place.namespace)
    assert result.exit_code == 0, result.record["message"]
    told = evidence(result, "Timeline")
    assert "revision 1 with" in told
    assert "exit code 3" in told
    assert "BackOff" in told or "Started" in told
    (pod,) = place.list("Pod")
    assert f"not well: {pod.name}" in result.record["message"]
    # Of the run before the restart, or of the newest one where the kubelet has removed that log.
    words = [i["text"] for i in result.record["evidence"] if i["title"].startswith(f"{pod.name}, c: its")]
    assert words == ["the database said no"]


def test_capacity_of_the_real_node(place):
    result = run("capacity-report", never, percent=1)
    assert result.exit_code == 0, result.record["message"]
    (node,) = place.list("Node")
    assert f"node {node.name}: " in evidence(result, "What is tight")
    row = headroom.by_node(place).iloc[0]
    assert row["cpu"] == float(node.at("status.allocatable.cpu"))
    assert 0 < row["cpu_requested"] <= row["cpu"]
    namespaces = headroom.by_namespace(place)
    assert "kube-system" in set(namespaces["namespace"])
    assert namespaces["cpu_requested"].sum() == pytest.approx(row["cpu_requested"])
