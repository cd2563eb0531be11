"""What rules look at: files, and Kubernetes objects from manifests, rendered charts or a cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from kitlib.documents import YamlDocument
from kitlib.findings import Finding, Ref

TARGET = "1.34.0"  # the version of Kubernetes that manifests and charts are held against
Origin = Literal["files", "chart", "live"]
POD_TEMPLATES: Mapping[str, tuple[str, ...]] = {
    "Pod": ("spec",),
    "Deployment": ("spec", "template", "spec"),
    "StatefulSet": ("spec", "template", "spec"),
    "DaemonSet": ("spec", "template", "spec"),
    "ReplicaSet": ("spec", "template", "spec"),
    "Job": ("spec", "template", "spec"),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
}


@dataclass(frozen=True)
class File:
    """A text file of the project.

    Args:
        path: relative to the folder that is checked, with `/`.
        text: its content.
        documents: its YAML documents; empty for other files.
    """

    path: str
    text: str
    documents: tuple[YamlDocument, ...] = ()

    def at(self, line: int) -> str:
        """`path:line`."""
        return f"{self.path}:{line}"

    def line_of(self, text: str) -> int:
        """The first line that has a text; 1 when none has."""
        return next((n for n, line in enumerate(self.text.splitlines(), 1) if text in line), 1)


@dataclass(frozen=True, eq=False)
class KubeObject:
    """A Kubernetes object and where each of its fields stands.

    Args:
        body: the object as plain data.
        bundle: the objects it is applied together with.
        file: the manifest, or the chart's template; None for a live object.
        document: the manifest's document; None for rendered and live objects.
    """

    body: Mapping[str, Any]
    bundle: Bundle = field(repr=False)
    file: File | None = None
    document: YamlDocument | None = None

    @property
    def kind(self) -> str:
        return str(self.body.get("kind", ""))

    @property
    def name(self) -> str:
        return str(self.get("metadata", "name", default=""))

    @property
    def namespace(self) -> str:
        return str(self.get("metadata", "namespace", default=""))

    def get(self, *path: str | int, default: Any = None) -> Any:
        """The value at a path; `default` where a step is missing or of another shape."""
        return dig(self.body, path, default)

    def at(self, *path: str | int) -> str | Ref:
        """Where the field at a path stands: `file:line`, or the live object itself.

        In a chart's template, which is no YAML yet, each key of the path is looked for below the one before.
        """
        if self.file is None:
            return Ref(self.kind, self.name, self.namespace)
        if self.document is not None:
            return self.file.at(self.document.line(path))
        return self.file.at(_template_line(self.file.text, [step for step in path if isinstance(step, str)]))

    @property
    def pod_path(self) -> tuple[str, ...] | None:
        """The path of the pod's spec; None for an object that makes no pods."""
        return POD_TEMPLATES.get(self.kind)

    @property
    def pod_spec(self) -> Mapping[str, Any]:
        """The pod's spec; empty for an object that makes no pods."""
        found = self.get(*self.pod_path, default={}) if self.pod_path else {}
        return found if isinstance(found, Mapping) else {}

    @property
    def pod_labels(self) -> Mapping[str, Any]:
        """The labels of the pods it makes."""
        path = self.pod_path
        return mapping(self.get(*path[:-1], "metadata", "labels")) if path else {}

    def containers(self, *, init: bool = True) -> Iterator[Container]:
        """The containers of the pods it makes."""
        for key in ("initContainers", "containers") if init else ("containers",):
            entries = self.pod_spec.get(key)
            for index, body in enumerate(entries if isinstance(entries, list) else []):
                if isinstance(body, Mapping):
                    yield Container(body, self, (*(self.pod_path or ()), key, index), key == "initContainers")


@dataclass(frozen=True, eq=False)
class Container:
    """A container of a pod, with the path it has in its object."""

    body: Mapping[str, Any]
    owner: KubeObject = field(repr=False)
    path: tuple[str | int, ...] = ()
    init: bool = False

    @property
    def name(self) -> str:
        return str(self.body.get("name", ""))

    @property
    def image(self) -> str:
        return str(self.body.get("image", ""))

    def get(self, *path: str | int, default: Any = None) -> Any:
        """The value at a path inside the container."""
        return dig(self.body, path, default)

    def at(self, *path: str | int) -> str | Ref:
        """Where a field of the container stands."""
        return self.owner.at(*self.path, *path)


@dataclass(eq=False)
class Bundle:
    """Objects that are applied together: a folder of manifests, a chart with one set of values, a namespace.

    Args:
        name: for messages, such as `manifests` or `charts/todo-app with values-dev.yaml`.
        origin: where the objects come from.
        objects: the objects, in order.
    """

    name: str
    origin: Origin
    objects: list[KubeObject] = field(default_factory=list)
    _kinds: dict[str, list[KubeObject]] = field(default_factory=dict, init=False, repr=False)
    _counted: int = field(default=0, init=False, repr=False)

    def of(self, *kinds: str) -> Iterator[KubeObject]:
        """The objects of some kinds, kind by kind; fast for bundles of thousands."""
        if self._counted != len(self.objects):
            self._counted, self._kinds = len(self.objects), {}
            for item in self.objects:
                self._kinds.setdefault(item.kind, []).append(item)
        return (item for kind in kinds for item in self._kinds.get(kind, ()))

    def find(self, kind: str, name: str, namespace: str = "") -> KubeObject | None:
        """An object by its name; without a namespace in any."""
        for item in self.of(kind):
            if item.name == name and (not namespace or item.namespace in ("", namespace)):
                return item
        return None

    def selected(self, selector: Mapping[str, Any], namespace: str = "") -> Iterator[KubeObject]:
        """The objects whose pods have all of some labels (`matchLabels`); an empty selector selects all."""
        for item in self.objects:
            same = not namespace or item.namespace in ("", namespace)
            if item.pod_path and same and selector.items() <= item.pod_labels.items():
                yield item


@dataclass(frozen=True, eq=False)
class Chart:
    """A Helm chart: its files, and the bundle it renders to with each values file."""

    path: str
    files: tuple[File, ...]
    bundles: tuple[Bundle, ...]

    def file(self, name: str) -> File | None:
        """A file by its path inside the chart, such as `values.yaml`."""
        path = name if self.path == "." else f"{self.path}/{name}"
        return next((file for file in self.files if file.path == path), None)


@dataclass(eq=False)
class Project:
    """Everything that is checked, sorted.

    Args:
        root: the folder that the files' paths are relative to.
        bundles: objects of manifests, rendered charts and the cluster.
        others: text files of no other sort, such as programs and settings.
        problems: what could not be read, parsed or rendered.
        manifests: files with Kubernetes objects.
        excluded: paths that were left out, with the reason.
    """

    root: Path
    bundles: list[Bundle] = field(default_factory=list)
    charts: list[Chart] = field(default_factory=list)
    dockerfiles: list[File] = field(default_factory=list)
    composes: list[File] = field(default_factory=list)
    workflows: list[File] = field(default_factory=list)
    scripts: list[File] = field(default_factory=list)
    others: list[File] = field(default_factory=list)
    problems: list[Finding] = field(default_factory=list)
    manifests: list[File] = field(default_factory=list)
    excluded: dict[str, str] = field(default_factory=dict)

    def files(self) -> Iterator[File]:
        """Every file, charts' files among them."""
        yield from (*self.manifests, *self.composes, *self.dockerfiles, *self.workflows, *self.scripts)
        yield from self.others
        for chart in self.charts:
            yield from chart.files


def _template_line(text: str, keys: Sequence[str]) -> int:
    """The line of the last key; a key that a helper renders, and so isn't found, is passed over."""
    rows, line = text.splitlines(), 0
    for key in keys:
        line = next((n for n, row in enumerate(rows, 1) if n > line and f"{key}:" in row), line)
    return line or 1


def dig(body: Any, path: Sequence[str | int], default: Any = None) -> Any:
    """The value at a path of nested mappings and lists; `default` where a step can't be taken."""
    for step in path:
        inside = isinstance(body, Mapping) and step in body
        if not inside and not (isinstance(body, list) and isinstance(step, int) and 0 <= step < len(body)):
            return default
        body = body[step]
    return default if body is None else body


def mapping(value: Any) -> Mapping[str, Any]:
    """The value if it is a mapping, else an empty one: a manifest may have anything anywhere."""
    return value if isinstance(value, Mapping) else {}


def sequence(value: Any) -> Sequence[Any]:
    """The value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []
