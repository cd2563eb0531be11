"""One cause, one finding: where most of the pods disagree with the image they run, the image is to blame."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, replace

from kitlib.checks.rule import Hit


@dataclass(frozen=True)
class Disagreement:
    """A pod that disagrees with its image, or with the code in it.

    Args:
        dockerfile: the path of the image's Dockerfile.
        subject: what they disagree about; the same for every pod with the same cause.
        pod: names the container, wherever it stands.
        hit: the finding, at the pod.
        image: where the other side says otherwise.
    """

    dockerfile: str
    subject: Hashable
    pod: str
    hit: Hit
    image: str


def settled(found: list[Disagreement], pods: set[tuple[str, str]]) -> Iterator[Hit]:
    """The findings: at the pod, or once at the image when several places disagree, most of all pods.

    Args:
        found: the disagreements.
        pods: Dockerfile and name of every pod that was looked at.
    """
    for dockerfile, subject in dict.fromkeys((item.dockerfile, item.subject) for item in found):
        same = [item for item in found if (item.dockerfile, item.subject) == (dockerfile, subject)]
        group = {str(item.hit.where): item for item in same}
        running = sum(path == dockerfile for path, _ in pods)
        if len(group) > 1 and len({item.pod for item in same}) * 2 > running:
            first = same[0]
            yield replace(first.hit, where=first.image, found=f"{first.hit.found}; so in {len(group)} places")
        else:
            yield from (item.hit for item in group.values())
