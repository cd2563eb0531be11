"""What the containers of a workload take from ConfigMaps and Secrets, and who in the bundle provides it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kitlib.checks.selectors import named, near
from kitlib.checks.targets import Container, KubeObject, dig, mapping, sequence

_ENV = {"configMapRef": "ConfigMap", "secretRef": "Secret"}
_KEYS = {"configMapKeyRef": "ConfigMap", "secretKeyRef": "Secret"}


@dataclass(frozen=True)
class Reference:
    """A use of a ConfigMap or Secret.

    Args:
        kind: ConfigMap or Secret.
        name: its name.
        key: the key that is used; empty for all of them.
        path: where the reference's name stands in the workload.
        optional: whether the pod starts without it.
        container: the container that reads it as environment; None for a volume.
        variable: the variable it becomes; empty for all of an `envFrom` and for volumes.
    """

    kind: str
    name: str
    key: str
    path: tuple[str | int, ...]
    optional: bool
    container: Container | None = None
    variable: str = ""


def references(item: KubeObject) -> Iterator[Reference]:
    """The uses of ConfigMaps and Secrets in a workload's pods: variables first, then volumes."""
    for container in item.containers():
        yield from _variables(container)
    for index, volume in enumerate(sequence(item.pod_spec.get("volumes"))):
        yield from _volume(mapping(volume), (*(item.pod_path or ()), "volumes", index))


def provider(item: KubeObject, kind: str, name: str) -> KubeObject | None:
    """The object of the bundle that is, or will make, a ConfigMap or Secret of a workload's namespace."""
    found = named(item, kind, name)
    if found is not None or kind != "Secret":
        return found
    makers = item.bundle.of("ExternalSecret", "SealedSecret", "Certificate")
    return next((maker for maker in makers if near(item, maker) and _made(maker) == name), None)


def keys(item: KubeObject) -> set[str] | None:
    """The keys that the ConfigMap or Secret made of an object has; None when they can't be known."""
    if item.kind in ("ConfigMap", "Secret"):
        return {str(key) for part in ("data", "stringData", "binaryData") for key in mapping(item.get(part))}
    if item.kind == "ExternalSecret" and not item.get("spec", "dataFrom"):
        if item.get("spec", "target", "template"):
            return None
        return {str(dig(entry, ["secretKey"])) for entry in sequence(item.get("spec", "data"))}
    if item.kind == "SealedSecret":
        return {str(key) for key in mapping(item.get("spec", "encryptedData"))}
    return None


def texts(item: KubeObject) -> Mapping[str, str]:
    """The readable values of a ConfigMap or Secret, by key."""
    found = {str(key): value for key, value in mapping(item.get("stringData")).items()}
    for key, value in mapping(item.get("data")).items():
        found.setdefault(str(key), value if item.kind == "ConfigMap" else decoded(value))
    return {key: value for key, value in found.items() if isinstance(value, str)}


def decoded(value: Any) -> str | None:
    """A Secret's encoded value as text; None when it isn't that."""
    try:
        return base64.b64decode(str(value), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None


def environment(item: KubeObject) -> Iterator[tuple[str, str, tuple[str | int, ...]]]:
    """The variables of a workload whose value the bundle tells: name, value, path of where it is set."""
    for container in item.containers():
        for index, entry in enumerate(map(mapping, sequence(container.get("env")))):
            value = entry.get("value")
            if isinstance(value, str):
                yield str(entry.get("name", "")), value, (*container.path, "env", index, "value")
    for ref in references(item):
        source = provider(item, ref.kind, ref.name) if ref.container else None
        for key, value in texts(source).items() if source else ():
            if not ref.key or ref.key == key:
                yield ref.variable or key, value, ref.path


def _variables(container: Container) -> Iterator[Reference]:
    for index, entry in enumerate(map(mapping, sequence(container.get("env")))):
        for field, kind in _KEYS.items():
            ref = mapping(dig(entry, ["valueFrom", field]))
            if isinstance(ref.get("name"), str):
                path = (*container.path, "env", index, "valueFrom", field, "key")
                optional, name = ref.get("optional") is True, str(entry.get("name", ""))
                yield Reference(kind, ref["name"], str(ref.get("key", "")), path, optional, container, name)
    for index, entry in enumerate(map(mapping, sequence(container.get("envFrom")))):
        for field, kind in _ENV.items():
            ref = mapping(entry.get(field))
            if isinstance(ref.get("name"), str):
                path = (*container.path, "envFrom", index, field, "name")
                yield Reference(kind, ref["name"], "", path, ref.get("optional") is True, container)


def _volume(volume: Mapping[str, Any], path: tuple[str | int, ...]) -> Iterator[Reference]:
    sources: list[tuple[Mapping[str, Any], tuple[str | int, ...]]] = [(volume, path)]
    for index, part in enumerate(sequence(dig(volume, ["projected", "sources"]))):
        sources.append((mapping(part), (*path, "projected", "sources", index)))
    for source, place in sources:
        for field, kind in (("configMap", "ConfigMap"), ("secret", "Secret")):
            ref = mapping(source.get(field))
            label = "secretName" if "secretName" in ref else "name"
            if not isinstance(ref.get(label), str):
                continue
            optional = ref.get("optional") is True
            yield Reference(kind, ref[label], "", (*place, field, label), optional)
            for index, part in enumerate(map(mapping, sequence(ref.get("items")))):
                where = (*place, field, "items", index, "key")
                yield Reference(kind, ref[label], str(part.get("key", "")), where, optional)


def _made(item: KubeObject) -> str:
    """The name of the Secret that an object makes."""
    own = {
        "ExternalSecret": ("spec", "target", "name"),
        "SealedSecret": ("spec", "template", "metadata", "name"),
        "Certificate": ("spec", "secretName"),
    }
    return str(item.get(*own.get(item.kind, ("metadata", "name")), default=item.name))
