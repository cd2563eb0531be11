"""What tests of the agent share: clocks, a listener, agents that end, an AgentConfig as people see it."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from kitlib.errors import Forbidden


class Clock:
    """The time, which the tests move."""

    def __init__(self):
        self.now = datetime.now(UTC)

    def __call__(self):
        return self.now

    def forward(self, **span):
        self.now += timedelta(**span)


class Ahead:
    """The time, ahead of the real one by what a test adds."""

    def __init__(self):
        self.ahead = timedelta()

    def __call__(self):
        return datetime.now(UTC) + self.ahead


class Heard(list):
    """A listener that keeps what it hears."""

    notify = list.append


@contextmanager
def started():
    """Gives a function that starts an agent and waits until it has listed; all are ended at the end."""
    made = []

    def start(agent):
        made.append(agent)
        agent.start()
        agent.wait_until_listed()
        return agent

    yield start
    for agent in made:
        agent.close()


def deployment(name="api", memory="256Mi", replicas=1, **template):
    resources = {"requests": {"memory": "128Mi", "cpu": "100m"}, "limits": {"memory": memory, "cpu": "500m"}}
    pod = {
        "metadata": {"labels": {"app": name}},
        "spec": {
            "terminationGracePeriodSeconds": 0,
            "containers": [{"name": "c", "image": "kit.local/c:1", "resources": resources}],
        },
    }
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": pod}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


def listed(agent, namespace):
    """The status as the operator writes it."""
    path = f"/apis/kagent.io/v1/namespaces/{namespace.namespace}/agentconfigs/{agent.desk.name}"
    found = json.loads(namespace.api.raw("get", path).data)
    found["status"] = {"proposals": [vars(item) for item in agent.status().proposals]}
    namespace.api.raw("put", f"{path}/status", body=found)


def enforced(namespace, agent):
    """Wait until the API server applies the admission policy, which takes it a moment."""
    note = {"metadata": {"annotations": {"kagent.io/approve": "x:y", "kagent.io/approved-by": "nobody"}}}
    deadline = time.monotonic() + 30
    while True:
        try:
            namespace.patch("AgentConfig", agent, note, type="merge", dry_run=True)
        except Forbidden:
            return
        assert time.monotonic() < deadline
        time.sleep(0.2)
