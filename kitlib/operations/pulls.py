"""An image that can't be pulled: the one to run instead, with proof that it ran."""

from __future__ import annotations

from collections.abc import Iterator

from kitlib.cluster import Cluster, Resource
from kitlib.diagnosis.evidence import Evidence, Status, gather
from kitlib.diagnosis.rules.images import PULL_REASONS
from kitlib.errors import RunbookError
from kitlib.operations import images, revisions, workloads
from kitlib.operations.images import Setting


def waiting(evidence: Evidence) -> list[Status]:
    """The containers that wait for an image that the workload's template still names."""
    named = {item["name"]: item.get("image") for _, item in _containers(evidence.workload)}
    found = [s for s in evidence.statuses if s.state("waiting").get("reason") in PULL_REASONS]
    return list({s.name: s for s in found if named.get(s.name) == s.spec.get("image")}.values())


def plan(cluster: Cluster, deployment: str, image: str | None, container: str | None) -> list[Setting]:
    """Which containers get which image; empty when every image was pulled.

    Args:
        cluster: bound to its namespace.
        deployment: whose images.
        image: the right one, as for `images.reference`; None: the last that ran.
        container: which container it is for, where several wait.

    Raises:
        RunbookError: no earlier image is proven to have run, or the same one ran before, so that its name is
            not what is wrong.
    """
    evidence = gather(cluster, "Deployment", deployment)
    found = [item for item in waiting(evidence) if container in (None, item.name)]
    if not found:
        return []
    workloads.refuse_paused(evidence.workload)
    workloads.refuse_controlled(evidence.workload)
    if image and len(found) > 1:
        names = ", ".join(item.name for item in found)
        raise RunbookError(f"several containers wait for an image: {names}", fix="container=NAME")
    return [_setting(cluster, evidence, item, image) for item in found]


def told(evidence: Evidence) -> str:
    """What waits for which image, and what the container runtime answered."""
    lines = [
        f"{item.pod.name}, container {item.name}: {item.spec.get('image')}: "
        f"{item.state('waiting').get('reason')} {item.state('waiting').get('message', '')}".strip()
        for item in waiting(evidence)
    ]
    return "\n".join(lines) or "every image was pulled"


def _setting(cluster: Cluster, evidence: Evidence, item: Status, image: str | None) -> Setting:
    was = str(item.spec.get("image", ""))
    new = images.reference(was, image) if image else _last_that_ran(cluster, evidence, item.name, was)
    group = "initContainers" if item.init else "containers"
    return {"group": group, "container": item.name, "image": new, "was": was}


def _last_that_ran(cluster: Cluster, evidence: Evidence, container: str, was: str) -> str:
    """The newest earlier image that serves now, or that a node holds: it was pulled once."""
    held = _held(cluster)
    candidates = []
    for replica_set in evidence.replica_sets[1:]:
        image = dict((item["name"], item["image"]) for _, item in _containers(replica_set)).get(container)
        if image == was and replica_set.at("status.readyReplicas", 0):
            raise RunbookError(
                f"{was} runs in pods of revision {revisions.number(replica_set)}, so its name is right: its "
                "registry does not answer, or no longer lets the nodes in",
                fix="look at the registry, and at the imagePullSecrets of the pods",
            )
        if image and image != was:
            if replica_set.at("status.readyReplicas", 0) or image in held:
                return image
            candidates.append(image)
    known = (
        f"; earlier ones, which nothing proves: {', '.join(dict.fromkeys(candidates))}" if candidates else ""
    )
    raise RunbookError(
        f"container {container} can't have {was}, and no earlier image of it is known to have run{known}",
        fix="name the right one: image=TAG",
    )


def _held(cluster: Cluster) -> set[str]:
    """The images that nodes hold; a kubelet reports its largest 50: --node-status-max-images."""
    return {
        name
        for node in cluster.list("Node")
        for image in node.at("status.images", [])
        for name in image.get("names") or []
    }


def _containers(item: Resource) -> Iterator[tuple[str, dict[str, str]]]:
    for group in workloads.GROUPS:
        for one in item.at(f"spec.template.spec.{group}", []):
            yield group, one
