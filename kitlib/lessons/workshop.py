"""Files that a lesson writes and checks, the stages of a Dockerfile as a picture, and images on nodes."""

from __future__ import annotations

import html
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kitlib.checks import check
from kitlib.cluster import Cluster
from kitlib.findings import Findings
from kitlib.lessons import local

_FROM = re.compile(r"^FROM\s+(\S+)(?:\s+AS\s+(\S+))?", re.IGNORECASE)
_COPY = re.compile(r"^COPY\s.*--from=(\S+)", re.IGNORECASE)
WIDTH, HEIGHT = 230, 64


def checked(name: str, text: str) -> Findings:
    """What `kit check` says of a file that is alone in its folder.

    Args:
        name: such as `Dockerfile`; rules go by it.
        text: its content.
    """
    with tempfile.TemporaryDirectory() as scratch:
        Path(scratch, name).write_text(text, encoding="utf-8")
        return check([scratch]).findings


@dataclass(frozen=True)
class Stage:
    """A stage of a Dockerfile.

    Args:
        name: after AS; its number where it has none.
        base: what it begins from: an image, or another stage.
        copies: stages that it copies files from.
    """

    name: str
    base: str
    copies: tuple[str, ...]


class Stages(tuple[Stage, ...]):
    """A Dockerfile's stages in their order; draws itself in a notebook."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "\n".join(
            f"{stage.name}: from {stage.base}" + "".join(f", files of {name}" for name in stage.copies)
            for stage in self
        )

    def _repr_html_(self) -> str:
        boxes = "".join(_box(place, stage) for place, stage in enumerate(self))
        return (
            f"<svg role='img' aria-label='{html.escape(repr(self), quote=True)}' "
            f"width='{len(self) * WIDTH}' height='{HEIGHT + 6}' font-family='sans-serif' font-size='12'>"
            f"{boxes}</svg>"
        )


def stages(text: str) -> Stages:
    """The stages of a Dockerfile's text."""
    found: list[Stage] = []
    for line in text.splitlines():
        if match := _FROM.match(line):
            found.append(Stage(match[2] or str(len(found)), match[1], ()))
        elif found and (match := _COPY.match(line)) and match[1] not in found[-1].copies:
            last = found[-1]
            found[-1] = Stage(last.name, last.base, (*last.copies, match[1]))
    return Stages(found)


def on_nodes(cluster: Cluster, repository: str) -> str:
    """The name of an image that a node holds; empty where none does.

    Args:
        repository: the last part of the name, without the tag, such as `todo-api`.
    """
    pattern = rf"(?:.*/)?{re.escape(repository)}:[^/]+"
    return next((name for name in local.held(cluster) if re.fullmatch(pattern, name)), "")


def trial(image: str, program: str) -> list[dict[str, Any]]:
    """A Job `trial` that runs a Python program once, as *restricted* wants it, on a read-only file system.

    Args:
        image: one with Python, which a node holds.
        program: its text.
    """
    container = {
        "name": "trial",
        "image": image,
        "imagePullPolicy": "Never",
        "command": ["python", "-c", program],
        "resources": {"requests": {"cpu": "50m", "memory": "32Mi"}, "limits": {"memory": "128Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
    }
    pod = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
        "volumes": [{"name": "tmp", "emptyDir": {}}],
    }
    spec = {"backoffLimit": 0, "template": {"spec": pod}}
    return [{"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "trial"}, "spec": spec}]


def _box(place: int, stage: Stage) -> str:
    x = place * WIDTH + 4
    files = f"files of {', '.join(stage.copies)}" if stage.copies else ""
    texts = "".join(
        f"<text x='{x + 10}' y='{20 + 17 * line}'{weight}>{html.escape(text[:32])}</text>"
        for line, (text, weight) in enumerate(
            ((stage.name, " font-weight='bold'"), (f"from {stage.base}", ""), (files, ""))
        )
    )
    frame = (
        f"<rect x='{x}' y='3' width='{WIDTH - 14}' height='{HEIGHT}' rx='6' fill='none' stroke='#2471a3'/>"
    )
    return frame + texts
