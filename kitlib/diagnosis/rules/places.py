"""Where in the cluster a variable, an address or a file of a container is written."""

from __future__ import annotations

from kitlib.diagnosis.environment import Address, Variable, variables
from kitlib.diagnosis.evidence import Evidence
from kitlib.diagnosis.templates import container, container_path
from kitlib.findings import Ref

Place = tuple[Ref, str]  # the object, and the field in it


def variable_place(evidence: Evidence, container_name: str, name: str) -> Place:
    """Where a variable gets its value: the key of a ConfigMap or Secret, else the container's env."""
    for variable in variables(evidence.template, evidence.objects):
        if (variable.container, variable.name) == (container_name, name):
            return variable_ref(evidence, variable)
    return evidence.ref, container_path(evidence.workload, container_name, f"env[{name}]" if name else "env")


def variable_ref(evidence: Evidence, variable: Variable) -> Place:
    """Where a variable that was resolved gets its value."""
    if variable.source is not None:
        return variable.source, f"data[{variable.key}]"
    path = container_path(evidence.workload, variable.container, f"env[{variable.name}].value")
    return evidence.ref, path


def address_place(evidence: Evidence, address: Address) -> Place:
    """Where an address is written."""
    return variable_ref(evidence, address.variable)


def file_place(evidence: Evidence, container_name: str, path: str) -> Place:
    """Where a file of a container comes from: a key of a ConfigMap or Secret, a mount, or its command."""
    spec = container(evidence.workload, container_name)
    volumes = {v["name"]: v for v in (evidence.template.get("spec") or {}).get("volumes") or ()}
    mounts = [m for m in spec.get("volumeMounts") or () if path and _below(path, m["mountPath"])]
    for mount in sorted(mounts, key=lambda m: -len(m["mountPath"])):
        volume = volumes.get(mount["name"], {})
        key = mount.get("subPath") or path.removeprefix(mount["mountPath"]).strip("/")
        for kind, source in (("ConfigMap", "configMap"), ("Secret", "secret")):
            if source in volume:
                name = volume[source].get("name") or volume[source].get("secretName", "")
                return Ref(kind, name, evidence.workload.namespace), f"data[{key}]" if key else "data"
        return evidence.ref, container_path(evidence.workload, container_name, "volumeMounts")
    for field in ("args", "command"):
        if path and any(path in str(part) for part in spec.get(field) or ()):
            return evidence.ref, container_path(evidence.workload, container_name, field)
    return evidence.ref, container_path(evidence.workload, container_name, "image")


def _below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")
