"""A file that is rendered from the specifications."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kitlib.specs.application import Application


@dataclass(frozen=True)
class Artifact:
    """A rendered file; its header and digest are added when it is written (kitlib.artifacts.files).

    Args:
        path: where it belongs, from the project's root, with `/`.
        text: its content, without the header; ends with a line break. A first line `#!…` stays the first.
        comment: what begins a comment line in it.
        executable: whether it is a script to run.
    """

    path: str
    text: str
    comment: str = "#"
    executable: bool = False


def slug(app: Application) -> str:
    """The application's name as a DNS label, for its folder, chart and release: `Todo App` is todo-app."""
    return re.sub(r"[^a-z0-9]+", "-", app.architecture.name.lower()).strip("-")


def context(app: Application, service: str) -> str:
    """The folder a service's image is built from, relative to the application's folder: `backend`."""
    image = app.build.services.get(service)
    return image.context.removeprefix("./").strip("/") if image else service


def repository(app: Application, service: str) -> str:
    """The image's name without registry and tag: `${REGISTRY}/todo-api:${VERSION}` is todo-api."""
    image = app.build.services.get(service)
    if image is None:
        return service
    return image.image.removeprefix("${REGISTRY}/").removesuffix(":${VERSION}")
