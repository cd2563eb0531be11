"""Giving a cluster its add-ons and taking them away, as its provider does that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kitlib.cluster import manifests, waiting
from kitlib.cluster.addons import programs
from kitlib.cluster.addons.catalogue import ADDONS, Addon, find
from kitlib.cluster.cluster import Cluster
from kitlib.cluster.manage import known
from kitlib.cluster.offline import registry
from kitlib.cluster.providers import ClusterRecord, minikube, provider
from kitlib.cluster.rollout import rollout_state
from kitlib.errors import ClusterError, UsageError
from kitlib.progress import Stage, say, stage

MANAGED = ("app.kubernetes.io/managed-by", "kit")
READY_SECONDS = 180.0
LEAVING_SECONDS = 330.0  # the longest a restarted metrics server may be held back, and a little more
UNFIT = {  # provider → why its clusters have no add-ons
    "embedded": ("runs no containers", "kit cluster up --provider kind --name NAME"),
    "current": (
        "was not made by kit, which installs nothing into it",
        "install it the way that cluster's are",
    ),
}


@dataclass(frozen=True)
class AddonState:
    """An add-on and how it is in a cluster: `enabled`, `starting`, `disabled` or `not available`."""

    addon: Addon
    state: str
    detail: str = ""


def enable(cluster_name: str | None, names: Sequence[str]) -> None:
    """Give a cluster add-ons and wait until they work; those it has are left as they are.

    Args:
        cluster_name: a cluster that `kit cluster up` made; none: the settings' one.
        names: keys of `ADDONS`.

    Raises:
        UsageError: no such add-on or cluster, or this sort of cluster can't have it; nothing was changed.
        ClusterError: the cluster does not run.
        MachineError, CommandFailed: it has to be built here, and can't be.
        WaitTimeout: it does not become ready; says what was last seen.
    """
    chosen = [find(name) for name in names]
    record = _running(cluster_name, chosen)
    for addon in chosen:
        if record.provider == "minikube":
            minikube.PROVIDER.switch_addon(record.name, addon.minikube, on=True)
        else:
            _enable(record, addon)


def disable(cluster_name: str | None, names: Sequence[str]) -> list[str]:
    """Take add-ons away, with all they did to the nodes.

    Args:
        cluster_name: as for `enable`.
        names: as for `enable`.

    Returns:
        The names of those that were there.

    Raises:
        UsageError, ClusterError, WaitTimeout: as `enable`; also for an add-on that is always on.
    """
    chosen = [find(name) for name in names]
    record = _running(cluster_name, chosen)
    if record.provider == "minikube":
        on = minikube.PROVIDER.addons(record.name)
        for addon in chosen:
            minikube.PROVIDER.switch_addon(record.name, addon.minikube, on=False)
        return [addon.name for addon in chosen if on.get(addon.minikube)]
    for addon in chosen:
        if addon.always_on:
            raise UsageError(f"add-on {addon.name} is part of every cluster that kit makes with kind")
    return [addon.name for addon in chosen if _disable(record, addon)]


def overview(cluster_name: str | None = None) -> list[AddonState]:
    """Every add-on and how it is in a cluster; see `enable` for the argument and errors."""
    record = _running(cluster_name, [])
    if record.provider == "minikube":
        on = minikube.PROVIDER.addons(record.name)
        return [_on_minikube(addon, on) for addon in ADDONS.values()]
    cluster = record.connect()
    return [_state(cluster, addon) for addon in ADDONS.values()]


def with_image(objects: list[dict[str, Any]], old: str, new: str) -> list[dict[str, Any]]:
    """The objects, with every container that ran the image `old` running `new`."""
    for item in objects:
        pod = item.get("spec", {}).get("template", {}).get("spec", {})
        for container in [*pod.get("containers", []), *pod.get("initContainers", [])]:
            container["image"] = new if container["image"] == old else container["image"]
    return objects


def _running(name: str | None, chosen: list[Addon]) -> ClusterRecord:
    """The record of a cluster that runs and can have those add-ons."""
    record = known(name)
    if record.provider in UNFIT:
        why, fix = UNFIT[record.provider]
        raise UsageError(f"cluster {record.name!r} ({record.provider}) {why}, so it has no add-ons", fix=fix)
    if record.provider == "minikube":
        for addon in chosen:
            if not addon.minikube:
                raise UsageError(f"minikube has no add-on {addon.name}", fix=addon.minikube_instead)
    found = provider(record.provider).status(record.name)
    if found.state != "running":
        raise ClusterError(
            f"cluster {record.name!r} is {found.state}: {found.detail}",
            fix=f"kit cluster up --name {record.name}",
        )
    return record


def _enable(record: ClusterRecord, addon: Addon) -> None:
    cluster = record.connect()
    if _inherent(cluster, addon):
        say(f"add-on {addon.name}: {addon.inherent}, this cluster's own network plugin, does that already")
        return
    objects = manifests.read(addon.manifest)
    if addon.program and not registry.answers():
        built = programs.image(addon.program)
        provider(record.provider).load(record.name, [built])
        objects = with_image(objects, addon.program.image, built)
    with stage(f"add-on {addon.name} becomes ready") as progress:
        await_leaving(cluster, objects, progress)
        cluster.apply(objects, namespace="kube-system")
        kind, namespace, name = addon.workload
        cluster.wait(kind, name, namespace=namespace, timeout=READY_SECONDS, progress=progress)
        for kind, name, condition in addon.conditions:
            cluster.wait(kind, name, until=condition, timeout=READY_SECONDS, progress=progress)


def await_leaving(cluster: Cluster, objects: list[dict[str, Any]], progress: Stage) -> None:
    """Wait until a namespace that is still being deleted, as after `disable`, is gone: it takes nothing new.

    Raises:
        WaitTimeout: it is not gone in time; a namespace goes only when every API of the cluster answers.
    """
    for item in objects:
        name = item["metadata"]["name"]
        found = cluster.find("Namespace", name) if item["kind"] == "Namespace" else None
        if found is not None and found["metadata"].get("deletionTimestamp"):
            progress.update(f"namespace {name} to be gone")
            waiting.until_deleted(cluster, "Namespace", name, "", found["metadata"]["uid"], LEAVING_SECONDS)


def _disable(record: ClusterRecord, addon: Addon) -> bool:
    cluster = record.connect()
    kind, namespace, name = addon.workload
    live = cluster.find(kind, name, namespace=namespace)
    with stage(f"remove add-on {addon.name}") as progress:
        if live and addon.removal and addon.program:
            image = live.at("spec.template.spec.containers.0.image")
            cluster.apply(with_image(manifests.read(addon.removal), addon.program.image, image))
            cluster.wait(kind, name, namespace=namespace, timeout=READY_SECONDS, progress=progress)
        for item in reversed(manifests.in_order(manifests.read(addon.manifest))):
            _remove(cluster, item)
    return live is not None


def _remove(cluster: Cluster, item: dict[str, Any]) -> None:
    """Delete an object of a manifest, unless somebody else made the one that is there."""
    metadata = item["metadata"]
    found = cluster.find(item["kind"], metadata["name"], namespace=metadata.get("namespace"))
    if found is not None and found.labels.get(MANAGED[0]) == MANAGED[1]:
        cluster.delete(
            item["kind"],
            metadata["name"],
            namespace=metadata.get("namespace"),
            missing_ok=True,
            wait_seconds=LEAVING_SECONDS,
        )


def _inherent(cluster: Cluster, addon: Addon) -> bool:
    name = addon.inherent
    return bool(name) and cluster.find("DaemonSet", name, namespace="kube-system") is not None


def _state(cluster: Cluster, addon: Addon) -> AddonState:
    if _inherent(cluster, addon):
        return AddonState(addon, "enabled", f"by {addon.inherent}, the cluster's own network plugin")
    kind, namespace, name = addon.workload
    live = cluster.find(kind, name, namespace=namespace)
    if live is None:
        return AddonState(addon, "disabled", addon.cost and f"where no registry answers, {addon.cost}")
    rollout = rollout_state(live)
    return AddonState(addon, "enabled" if rollout.done else "starting", rollout.message)


def _on_minikube(addon: Addon, on: dict[str, bool]) -> AddonState:
    if not addon.minikube:
        return AddonState(addon, "not available", addon.minikube_instead)
    return AddonState(addon, "enabled" if on.get(addon.minikube) else "disabled")
