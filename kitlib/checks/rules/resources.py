"""Requests, limits and other quantities."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from kitlib.checks.rule import Hit, rule
from kitlib.checks.targets import KubeObject, mapping, sequence
from kitlib.quantity import parse

_RESOURCES = "https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/"
_QUANTITY = "https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/"
_BYTES = ("memory", "storage", "ephemeral-storage")
_LEAST_BYTES = 1024 * 1024
_MOST_CORES = 256  # more than the machines that clouds let have
_NEEDED = (("requests", "cpu"), ("requests", "memory"), ("limits", "memory"))

_Entry = tuple[tuple[str | int, ...], str, str, Any]


def _entries(item: KubeObject) -> Iterator[_Entry]:
    """Every quantity of an object: its path, its resource, whose it is, and the value."""
    for container in item.containers():
        for group in ("requests", "limits"):
            for name, value in mapping(container.get("resources", group)).items():
                yield (*container.path, "resources", group, name), str(name), container.name, value
    for index, volume in enumerate(map(mapping, sequence(item.pod_spec.get("volumes")))):
        if "sizeLimit" in mapping(volume.get("emptyDir")):
            path: tuple[str | int, ...] = (*(item.pod_path or ()), "volumes", index, "emptyDir", "sizeLimit")
            yield path, "storage", str(volume.get("name")), volume["emptyDir"]["sizeLimit"]
    claims: list[tuple[tuple[str | int, ...], Any]] = []
    if item.kind == "PersistentVolumeClaim":
        claims.append((("spec",), item.body))
    for index, claim in enumerate(sequence(item.get("spec", "volumeClaimTemplates"))):
        claims.append((("spec", "volumeClaimTemplates", index, "spec"), claim))
    for place, claim in claims:
        spec = mapping(mapping(claim).get("spec"))
        name = str(mapping(mapping(claim).get("metadata")).get("name"))
        for key, value in mapping(mapping(spec.get("resources")).get("requests")).items():
            yield (*place, "resources", "requests", key), str(key), name, value


@rule(
    "object",
    "resources-missing",
    "warning",
    "A container says not what it needs",
    why="Without requests the scheduler can overfill a node, and autoscalers can't work; without a memory "
    "limit one container can take the node's memory from all others.",
    source=_RESOURCES,
)
def resources_missing(item: KubeObject) -> Iterator[Hit]:
    for container in item.containers():
        limits = mapping(container.get("resources", "limits"))
        missing = [
            f"{group}.{name}"
            for group, name in _NEEDED
            if name not in mapping(container.get("resources", group))
            and not (group == "requests" and name in limits)
        ]
        if missing:
            found = f"no {', '.join(missing)} in {container.name}"
            fix = "resources: {requests: {cpu: 100m, memory: 128Mi}, limits: {memory: 256Mi}}"
            yield Hit(container.at("resources"), found, "requests of cpu and memory, a limit of memory", fix)


@rule(
    "object",
    "resources-quantity",
    "error",
    "A quantity can't be read",
    why="The API server refuses the object: a quantity is a number with one of m, k, M, G, T, Ki, Mi, Gi, "
    "Ti.",
    source=_QUANTITY,
)
def resources_quantity(item: KubeObject) -> Iterator[Hit]:
    for path, name, owner, value in _entries(item):
        if parse(value) is None:
            example = "512Mi" if name in _BYTES else "500m"
            yield Hit(
                item.at(*path), f"{name}: {value!r} of {owner}", f"such as {example}", f"{name}: {example}"
            )


@rule(
    "object",
    "resources-absurd",
    "error",
    "A quantity has the wrong unit",
    why="512m of memory is half a byte, 512 is bytes, and 500 of cpu is five hundred cores; the server "
    "takes them with a warning at most, and the container never starts.",
    source=f"{_RESOURCES}#resource-units-in-kubernetes",
)
def resources_absurd(item: KubeObject) -> Iterator[Hit]:
    for path, name, owner, value in _entries(item):
        if not _is_absurd(name, parse(value), "limits" in path):
            continue
        if name in _BYTES:
            digits = str(value).rstrip("mkKiMGg") or "512"
            yield Hit(item.at(*path), f"{name}: {value} of {owner}", "mebibytes", f"{name}: {digits}Mi")
        else:
            yield Hit(
                item.at(*path), f"cpu: {value} of {owner}", "cores, or m for thousandths", f"cpu: {value}m"
            )


def _is_absurd(name: str, number: Decimal | None, limit: bool) -> bool:
    """Whether a quantity is one that nobody means."""
    if number is None:
        return False
    if name in _BYTES:
        return number < _LEAST_BYTES and (number > 0 or limit)
    return name == "cpu" and number > _MOST_CORES


@rule(
    "object",
    "resources-request-above-limit",
    "error",
    "A container asks for more than it may have",
    why="The API server refuses a request that is above its limit.",
    source=_RESOURCES,
)
def resources_request_above_limit(item: KubeObject) -> Iterator[Hit]:
    for container in item.containers():
        limits = mapping(container.get("resources", "limits"))
        for name, value in mapping(container.get("resources", "requests")).items():
            asked, most = parse(value), parse(limits.get(name))
            absurd = _is_absurd(name, asked, False) or _is_absurd(name, most, True)
            if asked is not None and most is not None and asked > most and not absurd:
                found = f"requests {name}: {value}, limits {name}: {limits[name]}, in {container.name}"
                where = container.at("resources", "requests", name)
                yield Hit(
                    where, found, f"at most {limits[name]}", f"{name}: {limits[name]}   # under requests:"
                )


@rule(
    "object",
    "emptydir-memory",
    "warning",
    "A volume in memory has no size",
    why="What is written there counts as the container's memory: without sizeLimit it can fill half the "
    "node's.",
    source="https://kubernetes.io/docs/concepts/storage/volumes/#emptydir",
)
def emptydir_memory(item: KubeObject) -> Iterator[Hit]:
    for index, volume in enumerate(map(mapping, sequence(item.pod_spec.get("volumes")))):
        source = mapping(volume.get("emptyDir"))
        if source.get("medium") == "Memory" and parse(source.get("sizeLimit")) in (None, Decimal(0)):
            place = item.at(*(item.pod_path or ()), "volumes", index, "emptyDir", "medium")
            yield Hit(place, f"medium: Memory in {volume.get('name')}", "a sizeLimit", "sizeLimit: 64Mi")
