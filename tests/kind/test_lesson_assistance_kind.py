"""What lesson 06 shows of running pods: one that no node takes, its cause and cure, and more by request."""

from __future__ import annotations

from kitlib import diagnose
from kitlib.cluster.resource import pod_ready
from kitlib.lessons.exercises import assistance, requests


def unschedulable(pod):
    conditions = pod.at("status.conditions", [])
    return any(item.get("reason") == "Unschedulable" for item in conditions)


def of(namespace, name):
    return namespace.list("Pod", labels={"app.kubernetes.io/name": name})


def test_the_cause_is_found_mended_and_gone(namespace):
    namespace.apply(assistance.SECTION.setup(namespace))
    namespace.wait("Deployment", "shop", timeout=60)
    namespace.wait("Pod", of(namespace, "till")[0].name, until=unschedulable, timeout=60)
    (cause,) = diagnose(namespace.namespace, namespace).causes
    assert "nodeSelector" in repr(cause.finding)
    requests.mend(namespace)
    namespace.wait("Deployment", "till", timeout=60)
    assert requests.mended(namespace, None).outcome == "correct"
    assert diagnose(namespace.namespace, namespace).causes == ()
    requests.ask_for_three(namespace)
    namespace.wait("Deployment", "shop", timeout=60)
    assert sum(map(pod_ready, of(namespace, "shop"))) == 3
    assert requests.scaled(namespace, None).outcome == "correct"
