"""Which Dockerfile an image is built from, as Compose, specifications, workflows, scripts or folders say."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kitlib.checks.dockerfiles import Stage, stages
from kitlib.checks.shell import commands, option, options
from kitlib.checks.targets import Container, File, KubeObject, Project, mapping, sequence

_COMMENT = re.compile(r"^#\s*image:\s*(\S+)", re.MULTILINE | re.IGNORECASE)
_VARIABLE = re.compile(r"\$\{\{.*?\}\}|\$\{[^}]*\}|\$\w+")


@dataclass(frozen=True)
class Built:
    """An image and the Dockerfile it is built from.

    Args:
        name: the last part of the image's name, or a service's name.
        file: the Dockerfile.
        target: the stage that is built; empty for the last.
        certain: whether the image is named as such, not only its service or folder.
    """

    name: str
    file: File
    target: str = ""
    certain: bool = True


def image_name(image: str) -> str:
    """The last part of an image's name: `todo-api` of `ghcr.io/me/todo-api:1.0@sha256:…`."""
    plain = _VARIABLE.sub("", str(image)).partition("@")[0]
    return plain.rpartition("/")[2].partition(":")[0]


def built_images(project: Project) -> list[Built]:
    """Every image that a Dockerfile of the project is known to become."""
    by_path = {posixpath.normpath(file.path): file for file in project.dockerfiles}
    found: list[Built] = []
    for name, path, target, certain in _claims(project):
        if name and (file := by_path.get(posixpath.normpath(path))):
            found.append(Built(name, file, target, certain))
    for file in project.dockerfiles:
        found += [Built(image_name(match), file) for match in _COMMENT.findall(file.text)]
        folder = posixpath.basename(posixpath.dirname(file.path))
        if folder and posixpath.basename(file.path) == "Dockerfile":
            found.append(Built(folder, file, certain=False))
    return found


def dockerfile_of(images: list[Built], image: str) -> Built | None:
    """The Dockerfile of an image; None when none or more than one is possible.

    An image named as such counts first; then a service or folder that is called like the end of the image's
    name: `api` of `todo-api`. A bare name such as `redis` is Docker Hub's image, never a folder's.
    """
    name = image_name(image)
    parts = name.split("-")
    ends = ["-".join(parts[index:]) for index in range(len(parts))]
    candidates = [[item for item in images if item.certain and item.name == name]]
    if "/" in image or len(ends) > 1:
        candidates += [[item for item in images if item.name == end] for end in ends]
    for group in candidates:
        files = {item.file.path for item in group}
        if len(files) == 1:
            # A build without a target makes the last stage, which is what is deployed.
            return next((item for item in group if not item.target), Built(name, group[0].file))
        if files:
            return None
    return None


def stage_of(images: list[Built], image: str) -> tuple[File, Stage] | None:
    """The Dockerfile of an image and the stage that is deployed: its last."""
    built = dockerfile_of(images, image)
    found = stages(built.file) if built else []
    return (built.file, found[-1]) if built and found else None


def deployed(project: Project) -> Iterator[tuple[KubeObject, Container, File, Stage]]:
    """The containers whose image is built in this project, with its Dockerfile and stage."""
    images = built_images(project)
    for bundle in project.bundles:
        for item in bundle.objects:
            for container in item.containers():
                if found := stage_of(images, container.image):
                    yield item, container, *found


def build_of(service: Any, folder: str) -> tuple[str, str, str]:
    """The context, Dockerfile and target of a Compose service's `build`; empty texts without one.

    Args:
        folder: of the Compose file.
    """
    build = mapping(service).get("build")
    body: Mapping[str, Any] = {"context": build} if isinstance(build, str) else mapping(build)
    if not body:
        return "", "", ""
    context = posixpath.normpath(posixpath.join(folder, str(body.get("context", "."))))
    path = posixpath.normpath(posixpath.join(context, str(body.get("dockerfile", "Dockerfile"))))
    return context, path, str(body.get("target") or "")


def _claims(project: Project) -> Iterator[tuple[str, str, str, bool]]:
    """Image, Dockerfile, target, and whether it is the image's own name."""
    for file in project.composes:
        folder = posixpath.dirname(file.path)
        for document in file.documents:
            for name, service in mapping(mapping(document.data).get("services")).items():
                _, path, target = build_of(service, folder)
                if path:
                    yield image_name(str(mapping(service).get("image", ""))), path, target, True
                    yield name, path, target, False
    for file in project.others:
        for document in file.documents:
            yield from _build_spec(document.data, posixpath.dirname(file.path))
    for file in project.workflows:
        for document in file.documents:
            yield from _workflow(document.data)
    for file in project.scripts:
        yield from _script(file)


def _build_spec(data: Any, folder: str) -> Iterator[tuple[str, str, str, bool]]:
    for name, service in mapping(mapping(data).get("services")).items():
        body = mapping(service)
        if isinstance(body.get("context"), str) and isinstance(body.get("image"), str):
            path = posixpath.join(body["context"], str(body.get("dockerfile", "Dockerfile")))
            for base in {
                folder,
                posixpath.dirname(folder),
                "",
            }:  # specifications often have a folder of their own
                yield image_name(body["image"]), posixpath.join(base, path), "", True
                yield name, posixpath.join(base, path), "", False


def _workflow(data: Any) -> Iterator[tuple[str, str, str, bool]]:
    for job in mapping(mapping(data).get("jobs")).values():
        for step in sequence(mapping(job).get("steps")):
            with_ = mapping(mapping(step).get("with"))
            context = with_.get("context")
            if isinstance(context, str) and "build-push" in str(mapping(step).get("uses")):
                path = str(with_.get("file") or posixpath.join(context, "Dockerfile"))
                for tag in str(with_.get("tags", "")).split():
                    yield image_name(tag), path, str(with_.get("target") or ""), True


def _script(file: File) -> Iterator[tuple[str, str, str, bool]]:
    for _, words in commands(file.text):
        if (
            words[:2] in (["docker", "build"], ["docker", "buildx"], ["minikube", "image"])
            and "build" in words[:3]
        ):
            context = words[-1]
            path = option(words, "-f", "--file") or posixpath.join(context, "Dockerfile")
            for base in {"", posixpath.dirname(file.path), posixpath.dirname(posixpath.dirname(file.path))}:
                for tag in options(words, "-t", "--tag"):
                    yield image_name(tag), posixpath.join(base, path), option(words, "--target"), True
