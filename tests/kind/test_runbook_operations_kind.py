"""The library's runbooks on real pods: each fault shows, is mended, and what is well stays as it is."""

from __future__ import annotations

import uuid

import pytest
from service_answers import ask

from kitlib import docker, runbooks, standins, tools
from kitlib.cluster import manage
from kitlib.cluster.resource import pod_state
from kitlib.runbooks.undoing import undo_run
from kitlib.settings import get_settings

IMAGE = f"kit.local/kit-test-{uuid.uuid4().hex[:6]}"  # two runs on one machine must not meet
SERVER = """
import http.server, json, os

class Web(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(int(os.environ.get("STATUS", 200)))
        self.end_headers()
        self.wfile.write(json.dumps({key: os.environ.get(key) for key in ("RELEASE", "GREETING")}).encode())

    def log_message(self, *_):
        pass

block = b"x" * (int(os.environ.get("MEGABYTES", 0)) * 1024**2)
http.server.ThreadingHTTPServer(("", 8000), Web).serve_forever()
"""
CRASH = ["python", "-c", "raise SystemExit('no such table: todos')"]


@pytest.fixture(scope="session")
def releases(kind_cluster, tmp_path_factory):
    """Two releases of an image, on the cluster's node; its programs say which they are."""
    base = standins.image("python")
    for number in ("1", "2"):
        folder = tmp_path_factory.mktemp(f"release-{number}")
        (folder / "Dockerfile").write_text(f"FROM {base}\nENV RELEASE={number}\n")
        docker.build(folder, f"{IMAGE}:{number}")
    names = [f"{IMAGE}:1", f"{IMAGE}:2"]
    manage.load(kind_cluster.name, names)
    yield
    tools.run(["docker", "rmi", *names], check=False)


@pytest.fixture
def place(namespace, releases, tmp_path, monkeypatch):
    """A namespace in which the Deployment `web` serves release 1."""
    monkeypatch.setenv("KIT_RUNS_DIR", str(tmp_path / "runs"))
    get_settings.cache_clear()
    greeting = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web"}}
    ports = [{"name": "http", "port": 80, "targetPort": "http"}]
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}}
    namespace.apply([
        greeting | {"data": {"GREETING": "old"}},
        service | {"spec": {"selector": {"app": "web"}, "ports": ports}},
        deployment("web"),
    ])  # fmt: skip
    namespace.wait("Deployment", "web", timeout=120)
    yield namespace
    get_settings.cache_clear()


def deployment(name, image="1", **fields):
    probe = {"httpGet": {"path": "/", "port": "http"}, "periodSeconds": 1}
    container = {
        "name": "web",
        "image": f"{IMAGE}:{image}",
        "command": ["python", "-c", SERVER],
        "ports": [{"name": "http", "containerPort": 8000}],
        "envFrom": [{"configMapRef": {"name": "web"}}],
        "readinessProbe": probe,
        **fields,
    }
    spec = {"containers": [container], "terminationGracePeriodSeconds": 0}
    template = {"metadata": {"labels": {"app": name}}, "spec": spec}
    body = {"replicas": 2, "selector": {"matchLabels": {"app": name}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": body}


def never(_change):
    raise AssertionError("nothing should have been asked")


def run(cluster, name, approve=lambda change: True, **given):
    given = {"namespace": cluster.namespace, "timeout_seconds": 120, **given}
    return runbooks.run(name, given, approve=approve, quiet=True)


def done(result):
    """The actions that were made by a run that ended well."""
    assert result.exit_code == 0, result.record["message"]
    assert {step["status"] for step in result.record["steps"]} == {"done"}
    assert all(check["ok"] for check in result.record["checks"])
    planned = [action["text"] for action in (result.record["plan"] or {"actions": []})["actions"]]
    made = [action["text"] for action in result.record["actions"] if action["state"] == "done"]
    assert made == planned
    return made


def refused(cluster, name, said, **given):
    result = run(cluster, name, never, **given)
    assert result.exit_code == 1
    assert said in result.record["message"]
    return result.record["message"]


def patched(cluster, name="web"):
    return [f"patch Deployment/{name} -n {cluster.namespace}"]


def container(cluster, **fields):
    spec = {"containers": [{"name": "web", **fields}]}
    cluster.patch("Deployment", "web", {"spec": {"template": {"spec": spec}}})


def until_some_pod(cluster, *states, name="web"):
    def some(_):
        return any(pod_state(pod) in states for pod in cluster.list("Pod", labels={"app": name}))

    cluster.wait("Deployment", name, until=some, timeout=90)


def answer(cluster):
    return ask(cluster, "GET", "web", "/")


def evidence(result):
    return "\n".join(item["text"] for item in result.record["evidence"])


def test_a_release_is_deployed_verified_and_undone(place):
    assert answer(place)["RELEASE"] == "1"
    result = run(place, "deploy-release", deployment="web", image="2")
    assert done(result) == patched(place)
    assert answer(place)["RELEASE"] == "2"
    names = [check["name"] for check in result.record["checks"]]
    assert names[:3] == ["every pod runs the release", "all replicas are ready", "Service web answers"]
    assert done(run(place, "deploy-release", never, deployment="web", image="2")) == []
    undo_run(place, result.folder)
    place.wait("Deployment", "web", timeout=60)
    assert answer(place)["RELEASE"] == "1"


def test_an_image_that_is_not_there_fails_the_release_and_is_repaired(place):
    failed = run(place, "deploy-release", deployment="web", image="1.0.0-nowhere")
    assert failed.exit_code == 1
    assert "can't be pulled" in failed.record["message"]
    assert "2 pods of before still serve" in failed.record["message"]
    assert "kit runbook run roll-back" in failed.record["message"]
    assert answer(place)["RELEASE"] == "1"

    container(place, env=[{"name": "GREETING", "value": "new"}])  # stays, for only the image is repaired
    until_some_pod(place, "ErrImagePull", "ImagePullBackOff")
    result = run(place, "image-pull-repair", deployment="web")
    assert done(result) == patched(place)
    assert answer(place) == {"RELEASE": "1", "GREETING": "new"}
    assert "1.0.0-nowhere" in evidence(result)
    assert done(run(place, "image-pull-repair", never, deployment="web")) == []


def test_a_first_image_that_is_not_there_needs_a_name(place):
    place.apply(deployment("fresh", "nowhere"))
    until_some_pod(place, "ErrImagePull", "ImagePullBackOff", name="fresh")
    message = refused(place, "image-pull-repair", "no earlier image of it is known", deployment="fresh")
    assert "image=TAG" in message
    assert done(run(place, "image-pull-repair", deployment="fresh", image="2")) == patched(place, "fresh")


def test_a_bad_release_is_rolled_back_and_the_first_one_can_not_be(place):
    refused(place, "roll-back", "nothing to roll back to", deployment="web")
    container(place, image=f"{IMAGE}:2", env=[{"name": "GREETING", "value": "wrong"}])
    place.wait("Deployment", "web", timeout=60)
    assert answer(place) == {"RELEASE": "2", "GREETING": "wrong"}
    assert done(run(place, "roll-back", deployment="web")) == patched(place)
    assert answer(place) == {"RELEASE": "1", "GREETING": "old"}
    assert done(run(place, "roll-back", never, deployment="web", revision=3)) == []


def test_a_restart_brings_a_changed_configuration_to_the_pods_that_are_named(place):
    place.apply(deployment("other"))
    place.wait("Deployment", "other", timeout=60)
    others = {pod["metadata"]["uid"] for pod in place.list("Pod", labels={"app": "other"})}
    place.patch("ConfigMap", "web", {"data": {"GREETING": "new"}})
    assert answer(place)["GREETING"] == "old"
    result = run(place, "restart-workload", workloads=["Deployment/web"])
    assert done(result) == [f"restart Deployment/web -n {place.namespace}"]
    assert answer(place)["GREETING"] == "new"
    assert {pod["metadata"]["uid"] for pod in place.list("Pod", labels={"app": "other"})} == others


def test_a_restart_stops_at_the_first_workload_that_does_not_come_back(place):
    place.apply(deployment("next"))
    place.wait("Deployment", "next", timeout=60)
    generation = place.get("Deployment", "next")["metadata"]["generation"]
    place.delete("ConfigMap", "web")
    result = run(place, "restart-workload", workloads=["web", "next"])
    assert result.exit_code == 1
    assert "web" in result.record["message"]
    assert place.get("Deployment", "next")["metadata"]["generation"] == generation


def test_a_workload_is_scaled_with_all_its_pods_serving(place):
    assert done(run(place, "scale-workload", workload="web", replicas=3)) == [
        f"scale Deployment/web -n {place.namespace}"
    ]
    assert place.get("Deployment", "web").at("status.readyReplicas") == 3
    assert done(run(place, "scale-workload", never, workload="web", replicas=3)) == []
    refused(place, "scale-workload", "the ceiling is 10", workload="web", replicas=11)


def test_a_release_that_crashes_is_told_by_its_last_words_and_rolled_back(place):
    container(place, command=CRASH)
    until_some_pod(place, "CrashLoopBackOff")
    result = run(place, "crash-loop-triage", deployment="web")
    assert done(result) == patched(place)
    assert "exit code 1 (an error of the program's own)" in evidence(result)
    assert "no such table: todos" in evidence(result)
    assert answer(place)["RELEASE"] == "1"
    assert done(run(place, "crash-loop-triage", never, deployment="web")) == []


def test_a_release_that_crashes_where_no_earlier_pod_is_left_goes_back_to_the_revision_before(place):
    place.patch("Deployment", "web", {"spec": {"strategy": {"type": "Recreate", "rollingUpdate": None}}})
    container(place, command=CRASH)
    until_some_pod(place, "CrashLoopBackOff")
    assert not any(rs.at("status.readyReplicas", 0) for rs in place.list("ReplicaSet"))
    assert done(run(place, "crash-loop-triage", deployment="web")) == patched(place)
    assert answer(place)["RELEASE"] == "1"


def test_a_first_release_that_crashes_is_for_a_person(place):
    place.apply(deployment("fresh", command=CRASH))
    until_some_pod(place, "CrashLoopBackOff", name="fresh")
    refused(place, "crash-loop-triage", "no revision before it", deployment="fresh")


def test_a_container_killed_for_memory_gets_more_and_no_more_than_the_maximum(place):
    memory = {"limits": {"memory": "64Mi"}, "requests": {"memory": "32Mi"}}
    container(place, resources=memory, env=[{"name": "MEGABYTES", "value": "100"}])
    until_some_pod(place, "OOMKilled", "CrashLoopBackOff")
    refused(place, "oom-remediation", "64Mi is the most", deployment="web", maximum="64Mi")
    result = run(place, "oom-remediation", deployment="web", maximum="256Mi", watch_seconds=15)
    assert done(result) == patched(place)
    found = place.get("Deployment", "web").at("spec.template.spec.containers.0.resources")
    assert found == {"limits": {"memory": "164Mi"}, "requests": {"memory": "82Mi"}}
    assert "limit 64Mi" in evidence(result)
    assert answer(place)["RELEASE"] == "1"
    assert done(run(place, "oom-remediation", never, deployment="web")) == []


def test_pods_that_ask_for_more_than_any_node_has_go_back(place):
    container(place, resources={"requests": {"cpu": "500"}})
    until_some_pod(place, "Pending")
    result = run(place, "pending-pod-triage", workload="web")
    assert done(result) == patched(place)
    assert "asks for 500 cpu" in evidence(result)
    assert done(run(place, "pending-pod-triage", never, workload="web")) == []
    assert answer(place)["RELEASE"] == "1"


def test_a_rollout_whose_pods_never_get_ready_goes_back(place):
    place.patch("Deployment", "web", {"spec": {"progressDeadlineSeconds": 5}})
    container(place, image=f"{IMAGE}:2", env=[{"name": "STATUS", "value": "500"}])

    def exceeded(item):
        return any(c.get("reason") == "ProgressDeadlineExceeded" for c in item.at("status.conditions", []))

    place.wait("Deployment", "web", until=exceeded, timeout=60)
    result = run(place, "stuck-rollout", deployment="web", wait_seconds=60)
    assert done(result) == patched(place)
    assert result.record["findings"][0]["id"] == "probe-failing"
    assert answer(place)["RELEASE"] == "1"
    assert done(run(place, "stuck-rollout", never, deployment="web")) == []
