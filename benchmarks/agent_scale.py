"""The agent over many pods: processor time, memory, API calls a minute, and from a fault to its decision.

Run: uv run python benchmarks/agent_scale.py [PODS]; default 5000. An embedded control plane with a fake node
for each 100 pods. The agent is a process of its own; after a quiet minute ten pods are made to fail,
one by one, and the time from the write of the status to the agent's proposal is taken.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from diagnosis_scale import peak_mebibytes

from kitlib.agent.agent import Agent
from kitlib.agent.events import Notice
from kitlib.agent.operations import OperationsPolicy
from kitlib.agent.state import state_of
from kitlib.cluster import Cluster
from kitlib.cluster.embedded import running
from kitlib.specs.models.agent import AgentConfig

NAMESPACE, PODS_EACH, NODE_PODS, FAULTS, QUIET_SECONDS = "scale", 100, 100, 10, 60.0
FAILED = {"waiting": {"reason": "CrashLoopBackOff"}}


def main() -> None:
    """Make the pods, start the agent beside them, break some, and report."""
    if sys.argv[1:2] == ["--agent"]:
        work(sys.argv[2])
        return
    count = int(sys.argv[1]) if sys.argv[1:] else 5000
    with running(nodes=max(1, count // NODE_PODS), namespace=NAMESPACE) as cluster:
        cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
        names = grow(cluster, count)
        command = [sys.executable, __file__, "--agent", cluster.context]
        environment = os.environ | {"KUBECONFIG": str(cluster.api.binding.files[0])}
        with subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as agent:
            assert agent.stdin
            assert agent.stdout
            print(f"{count} pods: {agent.stdout.readline().strip()}", flush=True)
            written = {}
            for name in names[: FAULTS * PODS_EACH : PODS_EACH]:  # one of each Deployment
                written[name] = break_one(cluster, name)
                time.sleep(2.0)
            agent.stdin.close()
            decided = json.loads(agent.stdout.read())
    delays = sorted(decided[name] - at for name, at in written.items() if name in decided)
    print(f"{len(delays)} of {len(written)} faults decided; from the fault to the decision: ", end="")
    print(f"median {delays[len(delays) // 2]:.2f} s, longest {delays[-1]:.2f} s" if delays else "none")


class Nobody:
    """Tells nobody."""

    def notify(self, notice: Notice) -> None:
        """Do nothing."""


def work(context: str) -> None:
    """The agent's process: watch, measure a quiet minute, then go on until the input ends."""
    cluster = Cluster.from_kubeconfig(Path(os.environ["KUBECONFIG"]), context=context, namespace=NAMESPACE)
    agent = Agent(
        config(),
        cluster,
        rules=OperationsPolicy(),
        state=state_of(f"scale-{os.getpid()}"),
        listener=Nobody(),
        clock=lambda: datetime.now(UTC),
        may_act=lambda: True,
    )
    stop, started = threading.Event(), time.perf_counter()
    thread = threading.Thread(target=agent.run, args=(stop,))
    thread.start()
    agent.wait_until_listed(300)
    listed = time.perf_counter() - started
    calls, busy = sum(watch.calls for watch in agent.watches), time.process_time()
    time.sleep(QUIET_SECONDS)
    minutes = QUIET_SECONDS / 60
    share = (time.process_time() - busy) / QUIET_SECONDS
    more = (sum(watch.calls for watch in agent.watches) - calls) / minutes
    mebibytes = peak_mebibytes()
    print(
        f"listed in {listed:.1f} s, then {share:.1%} of a processor, {more:.0f} watch calls and 4 of metrics "
        f"a minute, peak {mebibytes:.0f} MiB, {agent.status().watched} objects",
        flush=True,
    )
    sys.stdin.read()
    time.sleep(5.0)
    stop.set()
    thread.join()
    found = {
        item.evidence[0].rpartition("'")[0].rpartition("'")[2]: datetime.fromisoformat(
            item.opened
        ).timestamp()
        for item in agent.desk.state.proposals()
    }
    print(json.dumps(found))


def config() -> AgentConfig:
    """The seed's three rules, and one that names the pod that fails."""
    rules = [
        ("pod-crash-loop", "pod.restartCount > 3", "notify"),
        ("high-cpu", "pod.cpuUsage > 90%", "suggest-scaling"),
        ("oom-killed", "pod.lastTerminationReason == 'OOMKilled'", "suggest-resource-increase"),
        ("waits", "pod.waitingReason == 'CrashLoopBackOff' && pod.name != ''", "notify"),
    ]
    spec: dict[str, Any] = {
        "scope": {"namespaces": [NAMESPACE], "resources": ["deployments", "pods", "services", "hpa"]},
        "model": {"provider": "openai", "name": "none"},
        "monitoring": [{"name": name, "condition": when, "action": act} for name, when, act in rules],
    }
    metadata = {"name": "scale", "namespace": NAMESPACE}
    data = {"apiVersion": "kagent.io/v1", "kind": "AgentConfig", "metadata": metadata, "spec": spec}
    return AgentConfig.model_validate(data)


def break_one(cluster: Cluster, name: str) -> float:
    """Write the status of a pod that crashes; returns when."""
    pod = cluster.get("Pod", name)
    container = {"name": "c", "image": "kit.local/c:1", "imageID": "", "ready": False, "restartCount": 2}
    status = pod.get("status", {}) | {"containerStatuses": [container | {"state": FAILED}]}
    path = f"/api/v1/namespaces/{NAMESPACE}/pods/{name}/status"
    cluster.api.raw("put", path, body={**pod, "status": status})
    return time.time()


def grow(cluster: Cluster, count: int) -> list[str]:
    """Deployments of a hundred pods each; returns the pods' names, those of a Deployment together."""
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: cluster.apply(deployment(number)), range(count // PODS_EACH)))
    while True:
        pods = cluster.list("Pod")
        if sum(pod.at("status.phase") == "Running" for pod in pods) >= count:
            return sorted(pod.name for pod in pods)
        time.sleep(2.0)


def deployment(number: int) -> dict[str, Any]:
    """One Deployment."""
    labels = {"app": f"app-{number:03d}"}
    limits = {"cpu": "100m", "memory": "64Mi"}
    container = {"name": "c", "image": "kit.local/c:1", "resources": {"limits": limits}}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    spec = {"replicas": PODS_EACH, "selector": {"matchLabels": labels}, "template": template}
    name = {"name": f"app-{number:03d}"}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": name, "spec": spec}


if __name__ == "__main__":
    main()
