"""Which image a container runs, and when it is pulled."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kitlib.checks.rule import Hit, rule
from kitlib.checks.targets import Bundle, Container, KubeObject

_IMAGES = "https://kubernetes.io/docs/concepts/containers/images/"
# distribution/reference: lower-case path parts between slashes, then a tag and a digest.
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REFERENCE = re.compile(
    rf"(?:(?:[a-zA-Z0-9.-]+|\[[0-9a-fA-F:]+\])(?::\d+)?/)?{_PART}(?:/{_PART})*"
    r"(?::[\w][\w.-]{0,127})?(?:@[a-z0-9]+:[0-9a-fA-F]{32,})?"
)
_DEV = re.compile(r"(^|[^a-z])(dev|devel|development|local|minikube|kind|test|ci)([^a-z]|$)")


def tag(image: str) -> str:
    """The tag or digest of an image reference; empty without one."""
    name = image.rpartition("/")[2]
    return name.partition("@")[2] or name.partition(":")[2]


def is_development(bundle: Bundle, item: KubeObject | None = None) -> bool:
    """Whether objects are for a developer's machine: their folder, values file or namespace says so."""
    names = [bundle.name.rpartition(" with ")[2] if bundle.origin == "chart" else bundle.name]
    names.append(item.namespace if item is not None else "")
    return any(_DEV.search(name.lower()) for name in names)


def _unversioned(container: Container) -> bool:
    return bool(container.image) and tag(container.image) in ("", "latest")


@rule(
    "object",
    "image-version",
    "error",
    "An image has no version",
    why="`latest`, or no tag at all, is another image tomorrow: what runs can't be told, repeated or "
    "rolled back.",
    source=f"{_IMAGES}#image-names",
)
def image_version(item: KubeObject) -> Iterator[Hit]:
    if is_development(item.bundle, item):
        return
    for container in item.containers():
        from_values = item.bundle.origin == "chart" and item.file and "latest" not in item.file.text
        if _unversioned(container) and not from_values:
            name = container.image.removesuffix(":latest")
            yield Hit(container.at("image"), container.image, "a version or digest", f"image: {name}:1.0.0")


@rule(
    "object",
    "image-pull-always",
    "warning",
    "A local image is always pulled",
    why="Without imagePullPolicy an image tagged `latest`, or not at all, is pulled at every start: one "
    "that exists on the node alone is never found.",
    source=f"{_IMAGES}#imagepullpolicy-defaulting",
)
def image_pull_always(item: KubeObject) -> Iterator[Hit]:
    if not is_development(item.bundle, item):
        return
    for container in item.containers():
        if _unversioned(container) and "imagePullPolicy" not in container.body:
            found = f"image: {container.image} without imagePullPolicy"
            yield Hit(container.at("image"), found, "a tag, or a policy", "imagePullPolicy: IfNotPresent")


@rule(
    "object",
    "image-pull-never",
    "error",
    "An image is never pulled",
    why="imagePullPolicy Never works only on a node that was loaded with the image by hand; on any other "
    "node the pod waits in ErrImageNeverPull.",
    source=f"{_IMAGES}#image-pull-policy",
)
def image_pull_never(item: KubeObject) -> Iterator[Hit]:
    if is_development(item.bundle, item):
        return
    for container in item.containers():
        if container.get("imagePullPolicy") == "Never":
            found = f"imagePullPolicy: Never for {container.name}"
            yield Hit(container.at("imagePullPolicy"), found, "IfNotPresent", "imagePullPolicy: IfNotPresent")


@rule(
    "object",
    "image-name",
    "error",
    "An image's name can't be read",
    why="The kubelet refuses it with InvalidImageName: an image is registry/path:tag, its path in lower "
    "case.",
    source=f"{_IMAGES}#image-names",
)
def image_name(item: KubeObject) -> Iterator[Hit]:
    for container in item.containers():
        if "image" in container.body and not _REFERENCE.fullmatch(container.image):
            good = re.sub(r"\s", "", container.image).lower().strip("/:@") or "registry/name:tag"
            yield Hit(
                container.at("image"), f"image: {container.image!r}", "registry/path:tag", f"image: {good}"
            )


@rule(
    "object",
    "image-retired",
    "warning",
    "An image is no longer maintained where it is pulled from",
    why="Bitnami's versioned images left the public catalogue in 2025, and ingress-nginx was retired in "
    "March 2026: the one can't be pulled, the other gets no security fixes.",
    source="https://github.com/bitnami/charts/issues/35164, "
    "https://kubernetes.io/blog/2025/11/11/ingress-nginx-retirement/",
)
def image_retired(item: KubeObject) -> Iterator[Hit]:
    for container in item.containers():
        name = container.image.removeprefix("docker.io/")
        if name.startswith("bitnami/"):
            fix = f"image: {name.removeprefix('bitnami/')}   # the official image; its variables differ"
            yield Hit(container.at("image"), container.image, "an official image", fix)
        elif "/ingress-nginx/controller" in name:
            fix = "Traefik with its ingress-nginx provider serves the same Ingresses; or move to HTTPRoute"
            yield Hit(container.at("image"), container.image, "a controller that is maintained", fix)
