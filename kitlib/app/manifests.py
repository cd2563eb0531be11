"""`kit spec apply`: the plain manifests applied to a namespace, and awaited.

Secrets stand in no file. The ones of a development environment are made here with random values, the first
time; afterwards they are left as they are, because the database's volume opens to its first password only.
"""

from __future__ import annotations

import copy
import json
import secrets as random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kitlib import docker
from kitlib.app import trouble
from kitlib.app.images import build_all, checkout
from kitlib.artifacts.manifests import FOLDER, Target
from kitlib.artifacts.manifests.config import secrets
from kitlib.cluster import Cluster, ResourceList, manage
from kitlib.cluster.manifests import read
from kitlib.cluster.providers import provider
from kitlib.errors import ClusterError, UsageError
from kitlib.progress import say, stage
from kitlib.specs.models.base import Environment

IMAGES = "kit.dev/images"  # an annotation: the images put in instead of the manifest's, as JSON by container
READY_SECONDS = 300.0
WORKLOADS = ("StatefulSet", "Deployment")


@dataclass(frozen=True)
class Outcome:
    """What was applied: the number of objects, the server's warnings, and the pods, all of them ready."""

    applied: int
    warnings: tuple[str, ...]
    pods: ResourceList


def apply(
    specs: Path,
    cluster: Cluster,
    *,
    environment: Environment = "development",
    images: Mapping[str, str] | None = None,
    timeout: float = READY_SECONDS,
) -> Outcome:
    """Apply an environment's manifests, the namespace first, and wait until every pod is ready.

    Args:
        specs: the folder of the specifications; the manifests are those below the project's root.
        cluster: bound to the namespace they go to, whatever namespace they name.
        environment: which manifests.
        images: local images to put in, by the component or backing service that runs them.
        timeout: seconds, for each workload.

    Raises:
        UsageError: a specification is wrong, or the manifests are not what it renders.
        ClusterError: a Secret that the volume needs is gone.
        ApiError: the server refuses an object.
        WaitTimeout: a pod does not become ready; says which and why.
    """
    from kitlib.artifacts.rendering import compare_folder, read_folder

    reading = read_folder(specs)
    assert reading.spec is not None  # as read_folder has said
    differing = compare_folder(specs, f"{FOLDER}/{environment}/*").differing
    if differing:
        names = ", ".join(item.artifact.path for item in differing)
        raise UsageError(f"not what the specifications render: {names}", fix="kit spec render")
    target = Target(reading.spec, environment)
    items = placed(read(specs.resolve().parents[1] / FOLDER / environment), cluster.namespace)
    items = [put_in(item, images or {}) for item in items]
    with stage(f"apply {FOLDER}/{environment} to {cluster.namespace}") as progress:
        warnings = _send(cluster, target, items)
        progress.update(f"{len(items)} objects")
    for text in warnings:
        say(f"the server warns: {text}")
    return Outcome(len(items), warnings, _wait(cluster, items, timeout))


def home(specs: Path, environment: Environment) -> str:
    """The namespace that an environment's manifests name.

    Raises:
        UsageError: a specification is wrong.
    """
    from kitlib.artifacts.rendering import read_folder

    reading = read_folder(specs)
    assert reading.spec is not None  # as read_folder has said
    return Target(reading.spec, environment).namespace


def local_images() -> dict[str, str]:
    """Build the application's images and load them into kit's cluster; by what runs them.

    Raises:
        MachineError: Docker can't be used.
        UsageError: the cluster can take no images, or this is no checkout.
        CommandFailed: a build failed.
    """
    docker.require()
    built = build_all(checkout())
    record = manage.known()
    provider(record.provider).load(record.name, [str(image) for image in built.values()])
    return {part: str(image) for part, image in built.items()}


def placed(items: list[dict[str, Any]], namespace: str) -> list[dict[str, Any]]:
    """The objects, moved to a namespace; the Namespace itself takes its name."""
    moved = copy.deepcopy(items)
    for item in moved:
        if item["kind"] == "Namespace":
            item["metadata"]["name"] = namespace
            continue
        item["metadata"]["namespace"] = namespace
        for subject in item.get("subjects") or []:
            if subject["kind"] == "ServiceAccount":
                subject["namespace"] = namespace
    return moved


def put_in(item: dict[str, Any], images: Mapping[str, str]) -> dict[str, Any]:
    """A workload with local images; an annotation says which, so that they are no drift."""
    image = images.get(item["metadata"]["name"])
    if item["kind"] not in WORKLOADS or image is None:
        return item
    changed = copy.deepcopy(item)
    pod = changed["spec"]["template"]["spec"]
    bodies = [*pod["containers"], *pod.get("initContainers", [])]
    for body in bodies:
        body["image"] = image
    note = json.dumps({body["name"]: image for body in bodies})
    changed["metadata"].setdefault("annotations", {})[IMAGES] = note
    return changed


def with_images(item: dict[str, Any], live: Mapping[str, Any]) -> dict[str, Any]:
    """A workload of the manifests with the images that `put_in` noted on the live one."""
    note = (live["metadata"].get("annotations") or {}).get(IMAGES)
    if item["kind"] not in WORKLOADS or not note:
        return item
    changed = copy.deepcopy(item)
    chosen = json.loads(note)
    pod = changed["spec"]["template"]["spec"]
    for body in [*pod["containers"], *pod.get("initContainers", [])]:
        body["image"] = chosen.get(body["name"], body["image"])
    return changed


def _send(cluster: Cluster, target: Target, items: list[dict[str, Any]]) -> tuple[str, ...]:
    """Apply the Namespace, then the Secrets that are missing, then everything else."""
    first = [item for item in items if item["kind"] == "Namespace"]
    warnings = cluster.apply(first, force=True).warnings
    if not target.production:
        missing = [item for item in _secrets(cluster, target) if not cluster.find("Secret", _name(item))]
        warnings += cluster.apply(missing).warnings
    rest = [item for item in items if item["kind"] != "Namespace"]
    return warnings + cluster.apply(rest, force=True).warnings


def _secrets(cluster: Cluster, target: Target) -> list[dict[str, Any]]:
    """The Secrets to make; all hold the same password, so they are made together or not at all.

    Raises:
        ClusterError: some are there and some are gone, or the volume is there without them.
    """
    made = placed(secrets(target, random.token_hex(24), lambda: random.token_hex(32)), cluster.namespace)
    found = [_name(item) for item in made if cluster.find("Secret", _name(item))]
    claim = cluster.find("PersistentVolumeClaim", "data-postgresql-0")
    if len(found) == len(made) or (not found and claim is None):
        return made
    gone = ", ".join(_name(item) for item in made if _name(item) not in found)
    raise ClusterError(
        f"Secret {gone} is gone, and the others hold a password that it has to repeat",
        fix=f"restore it; or, when the todos may be lost, kubectl delete namespace {cluster.namespace}",
    )


def _wait(cluster: Cluster, items: list[dict[str, Any]], timeout: float) -> ResourceList:
    """Wait for the workloads, those that others need first; then list their pods."""
    part_of = next(
        item["metadata"]["labels"]["app.kubernetes.io/part-of"] for item in items if item["kind"] == "Service"
    )
    labels = {"app.kubernetes.io/part-of": part_of}
    found = [(kind, _name(item)) for kind in WORKLOADS for item in items if item["kind"] == kind]
    trouble.await_ready(cluster, found, labels, timeout)
    return cluster.list("Pod", labels=labels)


def _name(item: Mapping[str, Any]) -> str:
    return str(item["metadata"]["name"])
