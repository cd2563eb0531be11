"""A whole diagnosis of a large cluster, beside the raw lists that it needs: time, calls, memory.

Run: uv run python benchmarks/diagnosis_scale.py [PODS ...]; default 1000 5000 10000. An embedded control
plane with a fake node for each 20 pods; 3 % of the pods crash, ten of each Deployment that does. Each
measurement is a process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from kitlib.cluster import Cluster
from kitlib.cluster.embedded import running
from kitlib.diagnosis.examination import examine
from kitlib.diagnosis.reading import LISTINGS, PAGE, scan
from kitlib.errors import NotFound

PODS_EACH, NODE_PODS, FAILING_EACH = 100, 20, 10
FAILING_SHARE = 0.03
RUNS = 3


def main() -> None:
    """Grow one cluster from size to size; at each, measure the raw lists and the diagnosis in turn."""
    if sys.argv[1:2] == ["--measure"]:
        print(json.dumps(measure(sys.argv[2], sys.argv[3])))
        return
    sizes = [int(size) for size in sys.argv[1:]] or [1000, 5000, 10000]
    with running(nodes=max(sizes) // NODE_PODS, namespace="scale") as cluster:
        cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "scale"}})
        for size in sizes:
            grow(cluster, size)
            report(cluster, size)


def report(cluster: Cluster, size: int) -> None:
    """One line: medians of several runs, raw lists and diagnosis in turn."""
    found: dict[str, list[dict[str, Any]]] = {"raw": [], "diagnosis": []}
    for _ in range(RUNS):
        for what in found:
            command = [sys.executable, __file__, "--measure", what, cluster.context]
            environment = os.environ | {"KUBECONFIG": str(cluster.api.binding.files[0])}
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
            found[what].append(json.loads(done.stdout.splitlines()[-1]))
    raw, whole = (sorted(found[what], key=lambda one: one["seconds"])[RUNS // 2] for what in found)
    print(
        f"{size} pods: raw lists {raw['seconds']:.2f} s, diagnosis {whole['seconds']:.2f} s "
        f"(ratio {whole['seconds'] / raw['seconds']:.2f}; "
        f"reading {whole['reading']:.2f}, rules {whole['rules']:.2f}), "
        f"{whole['calls']} calls, {whole['causes']} causes, peak {whole['mebibytes']:.0f} MiB",
        flush=True,
    )


def measure(what: str, context: str) -> dict[str, Any]:
    """Seconds, calls and peak memory of one run in this process; connecting is not counted."""
    cluster = Cluster.from_kubeconfig(Path(os.environ["KUBECONFIG"]), context=context)
    cluster.version()
    started = time.perf_counter()
    if what == "raw":
        calls = sum(
            raw_list(cluster, item.path, item.plural, fields) for item in LISTINGS for fields in item.fields
        )
        return {"seconds": time.perf_counter() - started, "calls": calls}
    found = scan(cluster)
    read = time.perf_counter()
    diagnosis = examine(found)
    ended = time.perf_counter()
    return {
        "seconds": ended - started,
        "reading": read - started,
        "rules": ended - read,
        "calls": found.calls,
        "causes": len(diagnosis.causes),
        "mebibytes": peak_mebibytes(),
    }


def peak_mebibytes() -> float:
    """This program's own peak; ru_maxrss outlives an exec: it would be a larger parent's."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def raw_list(cluster: Cluster, path: str, plural: str, fields: str) -> int:
    """Fetch all pages of a list as bytes, and only look for the next page's token."""
    pages, token = 0, None
    while True:
        query = {"limit": PAGE, "continue": token, "fieldSelector": fields or None}
        try:
            data = cluster.api.raw("get", f"/{path}/{plural}", query=query).data
        except NotFound:  # a group that this cluster has not, such as metrics
            return pages + 1
        pages += 1
        head = data[:2000].partition(b'"continue":"')[2]
        if not head:
            return pages
        token = head.partition(b'"')[0].decode()


def grow(cluster: Cluster, size: int) -> None:
    """Have so many pods, all running but for 3 %, which crash."""
    count = size // PODS_EACH
    cluster.apply([deployment(f"app-{number}") for number in range(count)])
    while True:
        pods = cluster.list("Pod", fields="status.phase=Running")
        print(f"{len(pods)} of {size} pods run", file=sys.stderr, flush=True)
        if len(pods) >= size:
            break
        time.sleep(5)
    failing = int(size * FAILING_SHARE) // FAILING_EACH
    chosen = [pod for number in range(failing) for pod in _of(pods, f"app-{number}")[:FAILING_EACH]]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda pod: crash(cluster, pod), chosen))


def _of(pods: list[Any], app: str) -> list[Any]:
    return sorted((pod for pod in pods if pod.labels.get("app") == app), key=lambda pod: pod.name)


def crash(cluster: Cluster, pod: Any) -> None:
    """Let a pod's status say that it crashes, and an event beside it, as a kubelet would."""
    where = f"/api/v1/namespaces/{pod.namespace}"
    ended = {"exitCode": 1, "reason": "Error", "finishedAt": "2026-01-01T00:00:00Z"}
    status = dict(pod["status"])
    status["containerStatuses"] = [
        {
            "name": "web",
            "image": "web:1",
            "imageID": "",
            "ready": False,
            "restartCount": 7,
            "state": {
                "waiting": {
                    "reason": "CrashLoopBackOff",
                    "message": "back-off 5m0s restarting failed container",
                }
            },
            "lastState": {"terminated": ended},
        }
    ]
    status["conditions"] = [
        c | ({"status": "False"} if c["type"] in ("Ready", "ContainersReady") else {})
        for c in status["conditions"]
    ]
    cluster.api.raw("put", f"{where}/pods/{pod.name}/status", body={**pod, "status": status})
    about = {"kind": "Pod", "name": pod.name, "namespace": pod.namespace, "uid": pod["metadata"]["uid"]}
    event = {
        "metadata": {"generateName": "crash-"},
        "involvedObject": about,
        "reason": "BackOff",
        "type": "Warning",
    }
    cluster.api.raw(
        "post",
        f"{where}/events",
        body=event | {"message": "Back-off restarting failed container", "count": 9},
    )


def deployment(name: str) -> dict[str, Any]:
    """A Deployment of a hundred pods with a probe, limits and variables, as they are in real clusters."""
    container = {
        "name": "web",
        "image": "web:1",
        "ports": [{"containerPort": 8080, "name": "http"}],
        "env": [{"name": f"SETTING_{number}", "value": "x" * 20} for number in range(10)],
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}},
        "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}},
    }
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    spec = {"replicas": PODS_EACH, "selector": {"matchLabels": labels}, "template": template}
    meta = {"name": name, "namespace": "scale"}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec}


if __name__ == "__main__":
    main()
