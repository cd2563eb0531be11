"""A HorizontalPodAutoscaler under load, measured on a cluster; and one such measurement, kept."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kitlib.cluster import Cluster
from kitlib.errors import ApiError
from kitlib.lessons import timelines, web
from kitlib.lessons.pictures import Picture
from kitlib.progress import stage

KEPT = Path(__file__).parent / "measured" / "autoscaler.json"
NAME, TARGET, MOST = "busy", 50, 4  # the Deployment; percent of the requested CPU; pods
CALLERS = 4


@dataclass(frozen=True)
class Measured:
    """What was seen of an autoscaler.

    Args:
        where: the cluster, in words.
        load: from which second to which it was under load.
        replicas: seconds, and pods that the autoscaler asked for.
        ready: seconds, and pods that were ready.
        cpu: seconds, and the CPU in percent of what the pods request, as the autoscaler saw it.
    """

    where: str
    load: tuple[float, float]
    replicas: list[tuple[float, float]]
    ready: list[tuple[float, float]]
    cpu: list[tuple[float, float]]

    def picture(self) -> Picture:
        """The replicas, and beneath them the CPU that they follow."""
        start, end = self.load
        first = next((at for at, count in self.replicas if at > start and count > 1), end)
        most = max(count for _, count in self.replicas)
        words = (
            f"load from second {start:.0f} to {end:.0f}; more pods asked for after {first - start:.0f} s; "
            f"{most:.0f} at most, {self.replicas[-1][1]:.0f} at the end; measured on {self.where}"
        )
        marks = {start: "load", end: "no load"}
        return timelines.drawn(
            "An autoscaler under load",
            words,
            timelines.Panel("pods", {"asked for": self.replicas, "ready": self.ready}, marks=marks),
            timelines.Panel("CPU, % of the request", {"average": self.cpu}, float(TARGET), marks),
        )

    def keep(self, path: Path = KEPT) -> None:
        """Write it to a file."""
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(asdict(self)) + "\n", encoding="utf-8")


def kept() -> Measured:
    """A measurement that was made on kind: `python -m kitlib.lessons.autoscaling` makes it anew."""
    return Measured(**json.loads(KEPT.read_text(encoding="utf-8")))


def objects(cluster: Cluster) -> list[dict[str, Any]]:
    """A small server that is soon busy, its Service, and the autoscaler."""
    config, deployment = web.deployment(cluster, NAME)
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    container["resources"] = {"requests": {"cpu": "10m", "memory": "32Mi"}}
    container["readinessProbe"] = {"httpGet": {"path": "/ready", "port": "ready"}, "periodSeconds": 1}
    del deployment["spec"]["replicas"]
    ports = [{"name": "http", "port": 80, "targetPort": "health"}]
    labels = deployment["spec"]["selector"]["matchLabels"]
    service = {"selector": labels, "ports": ports}
    soon = {"scaleDown": {"stabilizationWindowSeconds": 15}}  # five minutes are usual
    cpu = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": TARGET}}
    scaler = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": NAME},
        "minReplicas": 1,
        "maxReplicas": MOST,
        "behavior": soon,
        "metrics": [{"type": "Resource", "resource": cpu}],
    }
    meta = {"name": NAME}
    return [
        config,
        deployment,
        {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": service},
        {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": meta,
            "spec": scaler,
        },
    ]


def measure(
    cluster: Cluster, *, rest: float = 30.0, load: float = 90.0, after: float = 90.0, where: str = "kind"
) -> Measured:
    """Put a small server under load, and watch its autoscaler, every second.

    Args:
        cluster: bound to a namespace; it needs metrics-server, and nodes that run containers.
        rest, load, after: seconds before, under and after the load.
        where: the cluster, in words.

    Raises:
        WaitTimeout: the server, or the first metrics of it, did not come.
    """
    cluster.apply(objects(cluster))
    cluster.wait("Deployment", NAME)
    cluster.wait("HorizontalPodAutoscaler", NAME, until=lambda item: _cpu(item) is not None, timeout=120)
    ended = threading.Event()
    callers = [threading.Thread(target=_call, args=(cluster, ended), daemon=True) for _ in range(CALLERS)]
    result = Measured(where, (rest, rest + load), [], [], [])
    try:
        with stage(f"load on {NAME}, for {load:g} s") as progress:
            began = time.monotonic()
            while (at := time.monotonic() - began) < rest + load + after:
                if rest <= at < rest + load and not callers[0].ident:
                    for caller in callers:
                        caller.start()
                if at >= rest + load:
                    ended.set()
                progress.update(_look(cluster, round(at, 1), result))
                time.sleep(1)
    finally:
        ended.set()  # whatever went wrong, nobody goes on calling
    return result


def _look(cluster: Cluster, at: float, result: Measured) -> str:
    scaler, deployment = cluster.get("HorizontalPodAutoscaler", NAME), cluster.get("Deployment", NAME)
    wanted, ready = deployment.at("spec.replicas", 1), deployment.at("status.readyReplicas", 0)
    cpu = _cpu(scaler)
    result.replicas.append((at, wanted))
    result.ready.append((at, ready))
    if cpu is not None:
        result.cpu.append((at, cpu))
    return f"{at:.0f} s: {ready} of {wanted} pods, CPU {cpu} %"


def _cpu(scaler: Any) -> float | None:
    found = scaler.at("status.currentMetrics.0.resource.current.averageUtilization", None)
    return None if found is None else float(found)


def _call(cluster: Cluster, ended: threading.Event) -> None:
    while not ended.is_set():
        try:
            cluster.call_service("GET", NAME, "/health")
        except ApiError:  # a pod that has just gone: the next call finds another
            time.sleep(0.1)


def main() -> None:
    """Measure on kit's cluster, and keep it."""
    from kitlib.cluster.connect import connect

    measure(connect()).keep()


if __name__ == "__main__":
    main()
