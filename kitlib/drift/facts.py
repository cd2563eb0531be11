"""What the specifications say about fields of objects, to hold artifacts and the cluster against."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kitlib import quantity
from kitlib.artifacts.manifests import Target
from kitlib.artifacts.manifests.component import Component
from kitlib.drift.fields import Path
from kitlib.specs.models.container import Check

COMPONENT = "app.kubernetes.io/component"
POD: Path = ("spec", "template", "spec")


@dataclass(frozen=True)
class Fact:
    """A value that a specification gives to a field.

    Args:
        kind: the object's kind.
        component: the object's component; empty for the application's only object of that kind.
        path: the field; see kitlib.drift.fields.
        value: what it has to be; None: the field must not be there.
        source: where it is said: a path in the Application's model.
    """

    kind: str
    component: str
    path: Path
    value: Any
    source: tuple[str | int, ...]


def facts(target: Target) -> list[Fact]:
    """All that the specifications say about the objects of an environment."""
    found = [fact for item in target.components for fact in _component(item)]
    return found + [
        Fact("Ingress", "", ("spec", "rules", f"[{host}]", "host"), host, _service(item, "hosts"))
        for item in target.components
        for host in item.hosts
    ]


def same(wanted: Any, found: Any) -> bool:
    """Whether two values mean the same: 1000m is 1, and a list's order is the program's business."""
    if wanted == found:
        return True
    mine, theirs = quantity.parse(wanted), quantity.parse(found)
    return mine is not None and mine == theirs


def _component(component: Component) -> Iterator[Fact]:
    yield from _scaling(component)
    yield from _container(component)
    yield from _probes(component)
    uid = component.container.security.uid
    yield _fact(component, (*POD, "securityContext", "runAsUser"), uid, "security")
    if component.service.port is not None:
        path: Path = ("spec", "ports", f"[{component.http_name}]", "port")
        yield Fact("Service", component.name, path, component.service.port, _service(component, "port"))
    for key, value in component.settings.items():
        if not _address(component, key):  # a Service's address depends on what deploys it
            path = ("data", key)
            yield Fact("ConfigMap", component.name, path, value, _container_source(component, "variables"))


def _scaling(component: Component) -> Iterator[Fact]:
    replicas = component.replicas
    source: tuple[str | int, ...] = _service(component, "replicas")
    if component.override:
        source = ("local_cluster", "overrides", component.name, "replicas")
    if not replicas.autoscaled:
        yield Fact("Deployment", component.name, ("spec", "replicas"), replicas.minimum, source)
        return
    yield Fact("HorizontalPodAutoscaler", component.name, ("spec", "minReplicas"), replicas.minimum, source)
    yield Fact("HorizontalPodAutoscaler", component.name, ("spec", "maxReplicas"), replicas.maximum, source)
    goals = component.target.app.architecture.scalability
    for name, percent in (("cpu", goals.cpu_target), ("memory", goals.memory_target)):
        if percent:
            path = ("spec", "metrics", f"[{name}]", "resource", "target", "averageUtilization")
            where = ("architecture", "scalability", f"{name}_target")
            yield Fact("HorizontalPodAutoscaler", component.name, path, round(percent), where)


def _container(component: Component) -> Iterator[Fact]:
    place = (*POD, "containers", f"[{component.name}]")
    source = _service(component, "resources")
    if component.override:
        source = ("local_cluster", "overrides", component.name, "resources")
    for group, amounts in component.resources.as_kubernetes().items():
        for name, amount in amounts.items():
            path = (*place, "resources", group, name)
            yield Fact("Deployment", component.name, path, amount, source)
    for port in component.container.ports:
        yield _fact(component, (*place, "ports", f"[{port.name}]", "containerPort"), port.port, "ports")
    read_only = component.container.security.read_only_root
    yield _fact(component, (*place, "securityContext", "readOnlyRootFilesystem"), read_only, "security")
    if command := component.container.migration:
        path = (*POD, "initContainers", "[migrate]", "command")
        yield _fact(component, path, list(command), "migration")


def _probes(component: Component) -> Iterator[Fact]:
    spec = component.container
    for name in ("startup", "liveness", "readiness"):
        check: Check | None = getattr(spec, name)
        place = (*POD, "containers", f"[{component.name}]", f"{name}Probe")
        if check is None:
            yield _fact(component, place, None, name)
            continue
        if check.path:
            yield _fact(component, (*place, "httpGet", "path"), check.path, name)
        else:
            yield _fact(component, (*place, "exec", "command"), list(check.command), name)
        numbers = {
            "periodSeconds": check.period_seconds,
            "timeoutSeconds": check.timeout_seconds,
            "failureThreshold": check.failures,
        }
        for key, number in numbers.items():
            yield _fact(component, (*place, key), number, name)


def required(component: Component) -> dict[str, tuple[str | int, ...]]:
    """The variables that a component can't do without, and where its specification names them."""
    spec = component.container
    return {
        variable.name: _container_source(component, "variables", index)
        for index, variable in enumerate(spec.variables)
        if variable.required and variable.source in ("ConfigMap", "Secret")
    }


def given(component: str, objects: list[Mapping[str, Any]]) -> set[str]:
    """The variables that the objects of a component set: in a ConfigMap, in a Secret, or one by one."""
    names: set[str] = set()
    for item in objects:
        if (item["metadata"].get("labels") or {}).get(COMPONENT) != component:
            continue
        if item["kind"] in ("ConfigMap", "Secret"):
            names |= set(item.get("data") or {}) | set(item.get("stringData") or {})
        elif item["kind"] == "ExternalSecret":
            names |= {row["secretKey"] for row in item["spec"]["data"]}
        elif item["kind"] == "Deployment":
            pod = item["spec"]["template"]["spec"]
            names |= {entry["name"] for body in pod["containers"] for entry in body.get("env") or []}
    return names


def _address(component: Component, key: str) -> bool:
    return any(key == f"{name.upper().replace('-', '_')}_URL" for name in component.calls)


def _fact(component: Component, path: Path, value: Any, field: str) -> Fact:
    return Fact("Deployment", component.name, path, value, _container_source(component, field))


def _container_source(component: Component, *steps: str | int) -> tuple[str | int, ...]:
    return ("containers", component.name, *steps)


def _service(component: Component, field: str) -> tuple[str | int, ...]:
    index = component.target.app.architecture.services.index(component.service)
    return ("architecture", "services", index, field)
