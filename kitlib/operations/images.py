"""Setting the image of a Deployment's containers: to a new release, or back to the one that ran."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from kitlib.cluster import Cluster, Resource
from kitlib.errors import RunbookError
from kitlib.operations import workloads

# The grammar of a reference: github.com/distribution/reference, reference.go.
_TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_DIGEST = r"sha256:[0-9a-f]{64}"
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_HOST = r"[A-Za-z0-9][A-Za-z0-9.-]*(?::\d+)?"
_REFERENCE = re.compile(rf"(?:{_HOST}/)?{_PART}(?:/{_PART})*(?::{_TAG})?(?:@{_DIGEST})?")

Setting = dict[str, str]  # group, container, image, was


def reference(current: str, wanted: str) -> str:
    """The image that `wanted` means: a whole reference, or a tag or digest of the current image.

    Args:
        current: such as `registry.example/web:1`.
        wanted: such as `2`, `sha256:…` or `registry.example/web:2`.

    Raises:
        RunbookError: it is no reference, or one that names neither tag nor digest.
    """
    if re.fullmatch(_DIGEST, wanted):
        return f"{repository(current)}@{wanted}"
    if re.fullmatch(_TAG, wanted):
        return f"{repository(current)}:{wanted}"
    if not _REFERENCE.fullmatch(wanted):
        raise RunbookError(f"{wanted!r} is no image: expected a tag, a digest or a reference")
    if repository(wanted) == wanted:
        raise RunbookError(f"{wanted} names no tag, and what is behind it changes", fix=f"image={wanted}:TAG")
    return wanted


def repository(image: str) -> str:
    """An image without its tag and digest."""
    name = image.partition("@")[0]
    path, colon, tag = name.rpartition(":")
    return path if colon and "/" not in tag else name


def release(cluster: Cluster, deployment: str, wanted: str, container: str | None) -> list[Setting]:
    """Which containers get which image; empty when they have it.

    An init container that runs the same image as the chosen one goes with it: a migration belongs to its
    release.

    Raises:
        RunbookError: no such image or container, or a Deployment whose change would not reach its pods.
    """
    workload = cluster.get("Deployment", deployment)
    workloads.refuse_paused(workload)
    workloads.refuse_controlled(workload)
    chosen = workloads.container(workload, container)
    image = reference(chosen["image"], wanted)
    return [
        {"group": group, "container": item["name"], "image": image, "was": item["image"]}
        for group, item in _all(workload)
        if item["image"] == chosen["image"] != image
        and (group == "initContainers" or item["name"] == chosen["name"])
    ]


def set_images(cluster: Cluster, deployment: str, settings: Sequence[Setting]) -> None:
    """Give containers their images, in one change."""
    changes: dict[str, dict[str, dict[str, Any]]] = {group: {} for group in workloads.GROUPS}
    for item in settings:
        changes[item["group"]][item["container"]] = {"image": item["image"]}
    cluster.patch("Deployment", deployment, workloads.template_patch(changes))


def differing(cluster: Cluster, deployment: str, settings: Sequence[Setting]) -> list[str]:
    """The pods that run another image than was set; empty when all run it."""
    wanted = {(item["group"], item["container"]): item["image"] for item in settings}
    found = []
    for pod in workloads.pods(cluster, cluster.get("Deployment", deployment)):
        for group in workloads.GROUPS:
            for item in pod.at(f"spec.{group}", []):
                if wanted.get((group, item["name"]), item["image"]) != item["image"]:
                    found.append(f"{pod.name} runs {item['image']}")
    return found


def summary(settings: Sequence[Setting]) -> str:
    """What changes, in words."""
    return ", ".join(f"{item['container']}: {item['was']} → {item['image']}" for item in settings)


def _all(workload: Resource) -> list[tuple[str, dict[str, Any]]]:
    spec = workload.at("spec.template.spec", {})
    return [(group, item) for group in workloads.GROUPS for item in spec.get(group) or []]
