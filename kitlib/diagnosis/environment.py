"""What a workload's containers are told: variables, references to configuration, addresses of services."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from kitlib.cluster.resource import Resource
from kitlib.findings import Ref

# Registered ports of what URLs usually name (IANA service names; Redis and MongoDB: their manuals).
DEFAULT_PORTS = {
    "postgres": 5432,
    "postgresql": 5432,
    "mysql": 3306,
    "mongodb": 27017,
    "redis": 6379,
    "rediss": 6379,
    "amqp": 5672,
    "http": 80,
    "https": 443,
}
_HOST_NAME = re.compile(r"(^|_)(HOST|HOSTNAME|SERVER|ADDR|ADDRESS)$")
_HOST_PORT = re.compile(r"^([A-Za-z0-9][A-Za-z0-9.-]*)(?::(\d{1,5}))?$")


@dataclass(frozen=True)
class Reference:
    """A container, or a volume of its pod, that needs a ConfigMap or Secret.

    Args:
        kind: ConfigMap or Secret.
        name: the object's name.
        key: the key that must be there; empty: the object as a whole.
        container: which container needs it; empty: a volume, so all of them.
        optional: the pod starts without it.
    """

    kind: str
    name: str
    key: str = ""
    container: str = ""
    optional: bool = False


@dataclass(frozen=True)
class Variable:
    """An environment variable as a container sees it; the value is never shown."""

    container: str
    name: str
    value: str = field(repr=False)
    source: Ref | None = None
    key: str = ""


@dataclass(frozen=True)
class Address:
    """A host, perhaps with a port, that a variable names."""

    variable: Variable
    host: str
    port: int | None
    scheme: str


def containers(template: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The containers of a pod template, init containers first."""
    spec = template.get("spec") or {}
    return [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]


def references(template: Mapping[str, Any]) -> list[Reference]:
    """Every ConfigMap and Secret that the pods of a template need."""
    found = [item for container in containers(template) for item in _container_references(container)]
    for volume in (template.get("spec") or {}).get("volumes") or []:
        sources = [volume, *((volume.get("projected") or {}).get("sources") or [])]
        found += [item for source in sources for item in _volume_references(source)]
    return list(dict.fromkeys(found))


def variables(template: Mapping[str, Any], objects: Mapping[tuple[str, str], Resource]) -> list[Variable]:
    """The variables of all containers, resolved.

    Args:
        template: the pod template.
        objects: ConfigMaps and Secrets by (kind, name); what is missing is left out.
    """
    found: list[Variable] = []
    for container in containers(template):
        known: dict[str, Variable] = {}
        for source in container.get("envFrom") or []:
            for kind, field_name in (("ConfigMap", "configMapRef"), ("Secret", "secretRef")):
                item = objects.get((kind, (source.get(field_name) or {}).get("name", "")))
                for key, value in values(item).items():
                    name = source.get("prefix", "") + key
                    ref = Ref(kind, item.name, item.namespace) if item else None
                    known[name] = Variable(container["name"], name, value, ref, key)
        for entry in container.get("env") or []:
            variable = _variable(container["name"], entry, objects)
            if variable:
                known[variable.name] = variable  # env wins over envFrom, as in the kubelet
        found += known.values()
    return found


def addresses(found: list[Variable]) -> list[Address]:
    """The hosts that variables name: as URLs, or as `DB_HOST`, `REDIS_ADDR` and the like."""
    return [address for variable in found for address in _addresses(variable)]


def values(item: Resource | None) -> dict[str, str]:
    """The texts in a ConfigMap or Secret, decoded."""
    if item is None:
        return {}
    data = item.get("data") or {}
    if item.kind != "Secret":
        return {key: str(value) for key, value in data.items()}
    return {key: text for key, value in data.items() if (text := _decoded(value)) is not None}


def _container_references(container: Mapping[str, Any]) -> Iterator[Reference]:
    kinds = {"configMapRef": "ConfigMap", "secretRef": "Secret"}
    kinds |= {"configMapKeyRef": "ConfigMap", "secretKeyRef": "Secret"}
    entries = list(container.get("envFrom") or [])
    entries += [entry.get("valueFrom") or {} for entry in container.get("env") or []]
    for entry in entries:
        for field_name, kind in kinds.items():
            if ref := entry.get(field_name):
                optional = bool(ref.get("optional"))
                yield Reference(kind, ref.get("name", ""), ref.get("key", ""), container["name"], optional)


def _volume_references(source: Mapping[str, Any]) -> Iterator[Reference]:
    for field_name, kind in (("configMap", "ConfigMap"), ("secret", "Secret")):
        if ref := source.get(field_name):
            name, optional = ref.get("name") or ref.get("secretName", ""), bool(ref.get("optional"))
            yield Reference(kind, name, optional=optional)
            for item in ref.get("items") or []:
                yield Reference(kind, name, item["key"], optional=optional)


def _variable(
    container: str, entry: Mapping[str, Any], objects: Mapping[tuple[str, str], Resource]
) -> Variable | None:
    if "value" in entry:
        return Variable(container, entry["name"], entry["value"] or "")
    for kind, field_name in (("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef")):
        if ref := (entry.get("valueFrom") or {}).get(field_name):
            item = objects.get((kind, ref.get("name", "")))
            value = values(item).get(ref["key"])
            if item is not None and value is not None:
                source = Ref(kind, item.name, item.namespace)
                return Variable(container, entry["name"], value, source, ref["key"])
    return None


def _addresses(variable: Variable) -> Iterator[Address]:
    if "://" in variable.value:
        for text in variable.value.split(","):  # brokers and seeds are often lists of URLs
            try:
                url = urlsplit(text.strip())
                host, port = url.hostname, url.port
            except ValueError:
                continue  # not a URL after all
            scheme = url.scheme.split("+")[0]  # postgresql+psycopg, as SQLAlchemy writes it
            if host:
                yield Address(variable, host, port or DEFAULT_PORTS.get(scheme), scheme)
    elif _HOST_NAME.search(variable.name) and (match := _HOST_PORT.match(variable.value)):
        yield Address(variable, match.group(1), int(match.group(2)) if match.group(2) else None, "")


def _decoded(value: str) -> str | None:
    try:
        return base64.b64decode(value).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
