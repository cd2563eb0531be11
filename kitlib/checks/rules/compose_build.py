"""Compose files against the Dockerfiles they build."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from kitlib.checks.dockerfiles import stages
from kitlib.checks.images import build_of
from kitlib.checks.rule import Hit, rule
from kitlib.checks.rules.compose import services
from kitlib.checks.targets import Project, sequence


@rule(
    "project",
    "compose-target",
    "error",
    "The Dockerfile has no stage of this name",
    why="the build stops: target stage could not be found",
    source="https://docs.docker.com/reference/compose-file/build/#target",
)
def target(project: Project) -> Iterator[Hit]:
    dockerfiles = {posixpath.normpath(file.path): file for file in project.dockerfiles}
    for file in project.composes:
        for document, name, service in services(file):
            _, path, stage = build_of(service, posixpath.dirname(file.path))
            found = stages(dockerfiles[path]) if path in dockerfiles else []
            names = [item.name for item in found if item.name]
            if stage and found and stage not in names and "$" not in stage:
                yield Hit(
                    file.at(document.line(("services", name, "build", "target"))),
                    f"target: {stage}, and {path} has {', '.join(names) or 'no named stage'}",
                    "a stage of the Dockerfile",
                    f"write target: {_nearest(stage, names)}, or add `FROM … AS {stage}` to {path}",
                )


def _nearest(stage: str, names: list[str]) -> str:
    """The stage that is most likely meant; else the last, which a build without a target makes."""
    begun = [name for name in names if name.startswith(stage) or stage.startswith(name)]
    return next(iter(begun or get_close_matches(stage, names, n=1) or names[-1:]), "<stage>")


@rule(
    "project",
    "compose-node-modules",
    "warning",
    "The mounted source hides the image's node_modules",
    why="a bind mount over the working folder covers what the build installed there; the server finds no "
    "modules",
    source="https://docs.docker.com/engine/storage/bind-mounts/#bind-mounting-over-existing-data",
)
def node_modules(project: Project) -> Iterator[Hit]:
    dockerfiles = {posixpath.normpath(file.path): file for file in project.dockerfiles}
    for file in project.composes:
        for document, name, service in services(file):
            _, path, stage_name = build_of(service, posixpath.dirname(file.path))
            found = stages(dockerfiles[path]) if path in dockerfiles else []
            stage = next((item for item in found if item.name == stage_name), found[-1] if found else None)
            if stage is None or not re.search(r"(^|/)node:", f"{stage.image}:"):
                continue
            targets = [_mount(volume) for volume in sequence(service.get("volumes"))]
            hidden = stage.workdir in targets and f"{stage.workdir.rstrip('/')}/node_modules" not in targets
            if hidden:
                yield Hit(
                    file.at(document.line(("services", name, "volumes", targets.index(stage.workdir)))),
                    f"a mount on {stage.workdir}, none on {stage.workdir}/node_modules",
                    f"a volume on {stage.workdir}/node_modules",
                    f"add the volume `- {stage.workdir}/node_modules` below it",
                )


def _mount(volume: Any) -> str:
    """Where a volume is mounted."""
    if isinstance(volume, Mapping):
        return str(volume.get("target", "")).rstrip("/")
    parts = str(volume).split(":")
    return (parts[1] if len(parts) > 1 else parts[0]).rstrip("/")
