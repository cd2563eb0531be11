"""What lesson 01 shows on running services: a timeout, a request that arrived once, a refusal; a one-off."""

from __future__ import annotations

import json

import pytest

from kitlib.lessons import calls
from kitlib.lessons.exercises import architecture, services
from kitlib.specs.models.communication import Retry, Synchronous


@pytest.fixture
def built(images, namespace):
    """The application's images as the nodes report them; the kubelet takes some seconds to."""
    namespace.wait("Node", namespace.list("Node")[0].name, until=lambda _: len(calls.images(namespace)) >= 3)
    return calls.images(namespace)


def test_a_page_gives_up_in_time_and_asks_once(namespace, built):
    namespace.apply(calls.slow_api(namespace, built["todo-api"], 5))
    namespace.wait("Deployment", "slow", timeout=60)
    address = f"http://slow.{namespace.namespace}.svc.cluster.local"
    namespace.apply(calls.page(namespace, built["todo-frontend"], address, "1"))
    namespace.wait("Deployment", "page", timeout=60)
    late = calls.ask(namespace, "GET", "page", "/api/todos")
    assert late.status == 504
    assert 1 <= late.seconds < 4
    assert calls.ask(namespace, "POST", "page", "/api/todos", {"title": "once"}).status == 504
    assert calls.ask(namespace, "GET", "slow", "/seen").body == {"GET": 1, "POST": 1}
    namespace.scale("Deployment", "slow", 0)
    for pod in namespace.list("Pod", labels={"app.kubernetes.io/name": "slow"}):
        namespace.delete("Pod", pod.name, missing_ok=True)
    assert calls.ask(namespace, "GET", "page", "/api/todos").status == 502
    quick = {"name": "slow", "env": [{"name": "DELAY", "value": "0"}]}
    change = {"spec": {"replicas": 1, "template": {"spec": {"containers": [quick]}}}}
    namespace.patch("Deployment", "slow", change)
    retry = Retry(attempts=6, backoff="exponential")
    call = Synchronous(pattern="REST", use_case="reading", timeout="1s", retry=retry)
    answers = calls.retried(namespace, "page", "/api/todos", call)
    assert answers[-1].status == 200
    assert {answer.status for answer in answers[:-1]} <= {502, 504}
    pod = namespace.list("Pod", labels={"app.kubernetes.io/name": "page"})[0]
    lines = [json.loads(line) for line in namespace.logs(pod.name).splitlines() if line.startswith("{")]
    assert [line["status"] for line in lines if "status" in line][:3] == [504, 504, 502]


def test_the_one_off_process_of_the_exercise_ends(namespace):
    architecture.SECTION.tasks[6].solve(namespace)
    namespace.wait("Job", "plugins", timeout=60)
    assert services.once(namespace, None).outcome == "correct"
