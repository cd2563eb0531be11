"""Releases of small charts: upgraded, watched while they roll out, and left locked by a killed Helm."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml

from kitlib.cluster import Cluster
from kitlib.cluster.resource import pod_ready
from kitlib.cluster.rollout import rollout_state
from kitlib.errors import KitError, UsageError, WaitTimeout
from kitlib.lessons import charts, commands, timelines, web
from kitlib.lessons.pictures import Picture

SECONDS = 120.0
EVERY = 0.2  # seconds between two looks


def fails(call: Callable[..., object], *arguments: Any, **named: Any) -> str:
    """What a call says that is to fail: a mistake is shown, and the notebook goes on.

    Raises:
        UsageError: it does not fail.
    """
    try:
        call(*arguments, **named)
    except KitError as error:
        return error.message
    raise UsageError("that was to fail, and did not")


def upgrade(
    cluster: Cluster,
    release: str,
    templates: dict[str, str],
    values: dict[str, Any] | None = None,
    version: str = "1.0.0",
) -> str:
    """Install or upgrade a release of a small chart.

    Args:
        cluster: bound to the namespace.
        release: its name.
        templates, values, version: as for `charts.small`.

    Returns:
        How Helm describes the newest revision.

    Raises:
        CommandError: Helm, or the server, refuses.
    """
    with tempfile.TemporaryDirectory() as scratch:
        chart = charts.write(Path(scratch, "chart"), templates, values or {}, version)
        commands.run("helm", f"upgrade --install {release} '{chart}'", cluster)
    last = charts.history(cluster, release)[-1]
    return f"revision {last.number}: {last.description}"


def serving(cluster: Cluster, name: str, replicas: int = 3) -> dict[str, str]:
    """The template of a small server, whose pods are replaced when the value `build` changes.

    Args:
        cluster: whose images it uses.
        name: the Deployment's.
        replicas: how many pods.
    """
    config, deployment = web.deployment(cluster, name)
    deployment["spec"]["replicas"] = replicas
    deployment["spec"]["strategy"] = {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    template = deployment["spec"]["template"]
    template["metadata"]["annotations"] = {"build": "{{ .Values.build }}"}
    probe = {"httpGet": {"path": "/ready", "port": "ready"}, "periodSeconds": 1}
    template["spec"]["containers"][0]["readinessProbe"] = probe
    return {"web.yaml": yaml.safe_dump_all([config, deployment])}


def interrupt(cluster: Cluster, release: str) -> str:
    """Kill a Helm while it waits for an upgrade whose pods fit on no node, as an impatient pipeline does.

    Args:
        cluster: bound to the namespace.
        release: one that is there; it is left locked.

    Returns:
        Helm's word for how the release is now.

    Raises:
        UsageError: there is no such release.
        WaitTimeout: Helm ended, or had not begun after two minutes.
    """
    if not charts.history(cluster, release):
        raise UsageError(f"there is no release {release}")
    deployment = web.deployment(cluster, release)[1]
    deployment["spec"]["template"]["spec"]["nodeSelector"] = {"disk": "none-has-this"}
    with tempfile.TemporaryDirectory() as scratch:
        chart = charts.write(Path(scratch, "chart"), {"web.yaml": yaml.safe_dump(deployment)}, {})
        started = commands.command("helm", f"upgrade {release} '{chart}' --wait", cluster)
        helm = subprocess.Popen(started, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            end = time.monotonic() + SECONDS
            while not charts.history(cluster, release)[-1].status.startswith("pending"):
                if time.monotonic() > end or helm.poll() is not None:
                    raise WaitTimeout(f"helm did not begin to upgrade {release}")
                time.sleep(EVERY)
        finally:
            helm.kill()
            helm.wait()
    return charts.history(cluster, release)[-1].status


def rollout(cluster: Cluster, name: str, change: Callable[[], object]) -> Picture:
    """Make a change to a Deployment, and watch its ready pods, old and new, until it is rolled out.

    Args:
        cluster: bound to its namespace.
        name: the Deployment's.
        change: what replaces its pods.

    Raises:
        WaitTimeout: it was not rolled out after two minutes.
        KitError: what the change raises.
    """
    old = set(_ready(cluster, name))
    began = time.monotonic()
    seen: list[tuple[float, dict[str, int]]] = []
    with ThreadPoolExecutor(1) as pool:
        changing = pool.submit(change)
        while True:
            done = changing.done() and rollout_state(cluster.get("Deployment", name)).done
            seen.append((time.monotonic() - began, _ready(cluster, name)))
            if done:
                break
            if seen[-1][0] > SECONDS:
                raise WaitTimeout(f"{name} was not rolled out after {SECONDS:g} s")
            time.sleep(EVERY)
        changing.result()
    before = [(at, sum(n for revision, n in ready.items() if revision in old)) for at, ready in seen]
    after = [(at, sum(n for revision, n in ready.items() if revision not in old)) for at, ready in seen]
    fewest = min(first + second for (_, first), (_, second) in zip(before, after, strict=True))
    words = f"{after[-1][1]} new pods after {seen[-1][0]:.0f} s, and never fewer than {fewest} ready"
    panel = timelines.Panel("ready pods", {"old revision": before, "new revision": after})
    return timelines.drawn(f"The rollout of {name}", words, panel)


def _ready(cluster: Cluster, name: str) -> dict[str, int]:
    """How many pods of each revision are ready; one that is being deleted serves no more."""
    labels = cluster.get("Deployment", name).at("spec.selector.matchLabels", {})
    counts: dict[str, int] = {}
    for pod in cluster.list("Pod", labels=labels):
        revision = pod.labels.get("pod-template-hash", "")
        serves = pod_ready(pod) and not pod["metadata"].get("deletionTimestamp")
        counts[revision] = counts.get(revision, 0) + serves
    return counts
