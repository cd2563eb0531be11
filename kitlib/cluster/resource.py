"""Objects of the Kubernetes API as plain data that shows itself well."""

from __future__ import annotations

import html
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import yaml

from kitlib import markup

if TYPE_CHECKING:
    import pandas


class Resource(dict[str, Any]):
    """One object, exactly as the API server sent it, with shortcuts for what every object has."""

    @property
    def kind(self) -> str:
        """Such as `Deployment`."""
        return str(self.get("kind", ""))

    @property
    def name(self) -> str:
        """`metadata.name`."""
        return str(self["metadata"]["name"])

    @property
    def namespace(self) -> str:
        """`metadata.namespace`; empty for what belongs to the whole cluster."""
        return str(self["metadata"].get("namespace", ""))

    @property
    def labels(self) -> dict[str, str]:
        """`metadata.labels`."""
        return dict(self["metadata"].get("labels") or {})

    @property
    def age_seconds(self) -> float:
        """Seconds since the object was created."""
        created = datetime.fromisoformat(self["metadata"]["creationTimestamp"].replace("Z", "+00:00"))
        return (datetime.now(UTC) - created).total_seconds()

    def at(self, path: str, default: Any = None) -> Any:
        """The value at a dotted path, such as `spec.template.spec.containers.0.image`.

        `default` where a step is missing, and where it is null, which means the same to the API server.
        """
        value: Any = self
        for part in path.split("."):
            if isinstance(value, list) and part.isdigit() and int(part) < len(value):
                value = value[int(part)]
            elif isinstance(value, dict) and part in value:
                value = value[part]
            else:
                return default
        return default if value is None else value

    def yaml(self) -> str:
        """The object as YAML, without the bookkeeping in `metadata.managedFields`."""
        shown = {**self, "metadata": {k: v for k, v in self["metadata"].items() if k != "managedFields"}}
        return yaml.safe_dump(_masked(shown), sort_keys=False, allow_unicode=True)

    def __repr__(self) -> str:
        where = f" -n {self.namespace}" if self.namespace else ""
        return f"<{self.kind}/{self.name}{where}>"

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(self.yaml())}</pre>"


class ResourceList(list[Resource]):
    """Objects of one kind; in a notebook, a table with the columns kubectl would show."""

    def frame(self) -> pandas.DataFrame:
        """The columns name, namespace and age, and those of the kind; one row per object."""
        import pandas

        rows = [
            {"name": item.name, "namespace": item.namespace}
            | {title: column(item) for title, column in _COLUMNS.get(item.kind, {}).items()}
            | {"age": age(item.age_seconds)}
            for item in self
        ]
        return pandas.DataFrame(rows)

    def __repr__(self) -> str:
        return self.frame().to_string(index=False) if self else "<no objects>"

    def _repr_html_(self) -> str:
        if not self:
            return "<i>no objects</i>"
        frame = self.frame()
        return markup.frame(frame if frame["namespace"].any() else frame.drop(columns="namespace"))


def age(seconds: float) -> str:
    """A span as kubectl writes it: 45s, 12m, 5h, 3d."""
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= 2 * size or (unit == "d" and seconds >= size):
            return f"{int(seconds // size)}{unit}"
    return f"{int(max(seconds, 0))}s"


def pod_state(pod: Resource) -> str:
    """What keeps a pod from being well, as in kubectl's STATUS column; its phase when nothing does."""
    if pod["metadata"].get("deletionTimestamp"):
        return "Terminating"
    status = pod.get("status", {})
    for group, prefix in (("initContainerStatuses", "Init:"), ("containerStatuses", "")):
        for container in status.get(group) or []:
            state = container.get("state", {})
            waiting, ended = state.get("waiting"), state.get("terminated")
            if waiting and waiting.get("reason") not in (None, "PodInitializing", "ContainerCreating"):
                return f"{prefix}{waiting['reason']}"
            if ended and ended.get("exitCode", 0) != 0:
                return f"{prefix}{ended.get('reason') or 'Error'}"
    return str(status.get("reason") or status.get("phase", "Unknown"))


def pod_restarts(pod: Resource) -> int:
    """How often the pod's containers were restarted, in all."""
    return sum(int(c.get("restartCount", 0)) for c in pod.at("status.containerStatuses", []))


def pod_ready(pod: Resource) -> bool:
    """Whether the pod's Ready condition holds."""
    return any(c["type"] == "Ready" and c["status"] == "True" for c in pod.at("status.conditions", []))


def _ready_count(pod: Resource) -> str:
    statuses = pod.at("status.containerStatuses", [])
    return f"{sum(bool(c.get('ready')) for c in statuses)}/{len(pod.at('spec.containers', []))}"


def _ports(service: Resource) -> str:
    return ", ".join(f"{p['port']}→{p.get('targetPort', p['port'])}" for p in service.at("spec.ports", []))


def _replicas(item: Resource) -> str:
    return f"{item.at('status.readyReplicas', 0)}/{item.at('spec.replicas', 0)}"


def _masked(item: dict[str, Any]) -> dict[str, Any]:
    """A Secret's values are never shown; their names and sizes are."""
    if item.get("kind") != "Secret":
        return item
    data = {key: f"({len(str(value))} characters, hidden)" for key, value in (item.get("data") or {}).items()}
    return {**item, "data": data}


_COLUMNS: dict[str, dict[str, Callable[[Resource], Any]]] = {
    "Pod": {
        "ready": _ready_count,
        "state": pod_state,
        "restarts": pod_restarts,
        "node": lambda item: item.at("spec.nodeName", ""),
    },
    "Deployment": {"ready": _replicas, "images": lambda item: _images(item)},
    "StatefulSet": {"ready": _replicas, "images": lambda item: _images(item)},
    "ReplicaSet": {"ready": _replicas, "images": lambda item: _images(item)},
    "Service": {
        "type": lambda item: item.at("spec.type", ""),
        "cluster ip": lambda item: item.at("spec.clusterIP", ""),
        "ports": _ports,
    },
    "Node": {
        "ready": lambda item: any(
            c["type"] == "Ready" and c["status"] == "True" for c in item.at("status.conditions", [])
        ),
        "version": lambda item: item.at("status.nodeInfo.kubeletVersion", ""),
    },
    "PersistentVolumeClaim": {
        "phase": lambda item: item.at("status.phase", ""),
        "capacity": lambda item: item.at("status.capacity.storage", ""),
        "class": lambda item: item.at("spec.storageClassName", ""),
    },
    "ConfigMap": {"keys": lambda item: ", ".join(sorted(item.get("data") or {}))},
    "Secret": {
        "type": lambda item: item.get("type", ""),
        "keys": lambda item: ", ".join(sorted(item.get("data") or {})),
    },
}


def _images(item: Resource) -> str:
    return ", ".join(c["image"] for c in item.at("spec.template.spec.containers", []))
