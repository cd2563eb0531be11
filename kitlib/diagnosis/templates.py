"""Where things stand in a workload: paths of fields as kubectl explain names them, with names for indices."""

from __future__ import annotations

from typing import Any

from kitlib.cluster.resource import Resource
from kitlib.diagnosis.evidence import pod_template

_POD_PATHS = {"Pod": "spec", "CronJob": "spec.jobTemplate.spec.template.spec"}


def pod_path(workload: Resource) -> str:
    """Where the pods' spec stands in a workload."""
    return _POD_PATHS.get(workload.kind, "spec.template.spec")


def container_path(workload: Resource, name: str, field: str = "") -> str:
    """The path of a field of a container."""
    spec = pod_template(workload).get("spec") or {}
    group = (
        "initContainers"
        if any(c.get("name") == name for c in spec.get("initContainers") or ())
        else "containers"
    )
    return f"{pod_path(workload)}.{group}[{name}]" + (f".{field}" if field else "")


def container(workload: Resource, name: str) -> dict[str, Any]:
    """A container as the template has it; empty when it has none of that name."""
    spec = pod_template(workload).get("spec") or {}
    every = [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]
    return next((dict(c) for c in every if c.get("name") == name), {})


def declared_ports(pod_spec: dict[str, Any]) -> dict[int, str]:
    """The TCP ports that a pod's containers declare, with their names; those of sidecars included."""
    every = [*(pod_spec.get("initContainers") or ()), *(pod_spec.get("containers") or ())]
    ports = (port for c in every for port in c.get("ports") or ())
    return {
        int(p["containerPort"]): str(p.get("name", "")) for p in ports if p.get("protocol", "TCP") == "TCP"
    }


def kubectl(item: Resource) -> str:
    """The object as kubectl takes it: `-n NAMESPACE deployment/NAME`."""
    where = f"-n {item.namespace} " if item.namespace else ""
    return f"{where}{item.kind.lower()}/{item.name}"
