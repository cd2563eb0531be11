"""`kit ask` where pods really run: usage, crashes, logs of the run before, and restarts that roll."""

from __future__ import annotations

import pytest

import kitlib
from kitlib.asking import Verdict

HUNGRY = "x = bytearray(96 * 1024 * 1024); import time; time.sleep(3600)"
CRASHING = "import sys; print('cannot find the orders table', flush=True); sys.exit(3)"
IDLE = "import time; time.sleep(3600)"


def workload(name, image, program, replicas=1):
    labels = {"app": name}
    container = {"name": "c", "image": image, "command": ["python", "-c", program]}
    spec = {"terminationGracePeriodSeconds": 1, "containers": [container]}
    pod = {"metadata": {"labels": labels}, "spec": spec}
    body = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": pod}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": body}


def ask(text, cluster, **more):
    return kitlib.ask(text, cluster, namespace=cluster.namespace, model=False, **more)


@pytest.fixture
def shop(namespace, images):
    image = images["worker"]
    namespace.apply(
        [
            workload("hungry", image, HUNGRY),
            workload("idle", image, IDLE, replicas=2),
            workload("broken", image, CRASHING),
        ]
    )
    namespace.wait("Deployment", "hungry")
    namespace.wait("Deployment", "idle")
    return namespace


def pods(outcome):
    (result,) = outcome.results
    return {row[result.columns.index("name")].rsplit("-", 2)[0] for row in result.rows}


def restarted(item):
    return any(one["restartCount"] for one in item.at("status.containerStatuses", []))


def test_usage_crashes_and_a_restart(shop):
    def measured(_item):
        return pods(ask("find pods using more than 64Mi memory", shop)) == {"hungry"}

    shop.wait("Deployment", "hungry", until=measured, timeout=120)
    assert pods(ask("find pods using less than 64Mi memory", shop)) >= {"idle"}

    (broken,) = shop.list("Pod", labels="app=broken")
    shop.wait("Pod", broken.name, until=restarted, timeout=60)
    found = ask("why is my pod crashing", shop).results[0].diagnosis
    assert any("broken" in str(cause.finding.object) for cause in found.causes)
    assert not any("idle" in str(cause.finding.object) for cause in found.causes)
    assert "cannot find the orders table" in ask("show previous logs of broken", shop).results[0].text

    def told(_item):  # between two runs; for a moment it does run
        return pods(ask("show all pods that are not running", shop)) == {"broken"}

    shop.wait("Pod", broken.name, until=told, timeout=60)

    before = {pod["metadata"]["uid"] for pod in shop.list("Pod", labels="app=idle")}
    done = ask("restart idle", shop, decide=lambda _: Verdict("yes"))
    assert (done.status, done.late) == ("done", ())
    now = [pod for pod in shop.list("Pod", labels="app=idle") if not pod["metadata"].get("deletionTimestamp")]
    assert len(now) == 2
    assert not before & {pod["metadata"]["uid"] for pod in now}
