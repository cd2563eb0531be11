"""Reading manifests: objects, YAML text, files and folders, in an order in which they can be applied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from kitlib.cluster.kinds import resolve_kind
from kitlib.errors import UsageError

Manifests = Mapping[str, Any] | Sequence[Mapping[str, Any]] | str | Path

# What others need comes first. After Helm's InstallOrder (helm.sh/helm/v3/pkg/releaseutil/kind_sorter.go).
_FIRST = (
    "Namespace",
    "CustomResourceDefinition",
    "IngressClass",
    "StorageClass",
    "PriorityClass",
    "ResourceQuota",
    "LimitRange",
    "NetworkPolicy",
    "ServiceAccount",
    "Secret",
    "ConfigMap",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "ClusterRole",
    "ClusterRoleBinding",
    "Role",
    "RoleBinding",
    "Service",
)


def read(source: Manifests) -> list[dict[str, Any]]:
    """The objects in `source`, each checked to have apiVersion, kind and a name.

    Raises:
        UsageError: names the file, the document in it and what is missing.
    """
    if isinstance(source, Mapping):
        items = [("object", source)]
    elif isinstance(source, Path):
        items = [pair for path in _files(source) for pair in _parse(path.read_text(), str(path))]
    elif isinstance(source, str):
        items = _parse(source, "manifest")
    else:
        items = [(f"object {number}", item) for number, item in enumerate(source, 1)]
    return [found for where, item in items for found in _checked(item, where)]


def in_order(items: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The objects in the order to apply them; equal ones keep theirs."""
    rank = {kind: number for number, kind in enumerate(_FIRST)}
    return sorted(items, key=lambda item: rank.get(item["kind"], len(rank)))


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    found = sorted([*path.glob("*.yaml"), *path.glob("*.yml")]) if path.is_dir() else []
    if not found:
        raise UsageError(f"{path}: no such file, and no folder with .yaml files")
    return found


def _parse(text: str, where: str) -> list[tuple[str, Any]]:
    try:
        documents = list(yaml.safe_load_all(text))
    except yaml.YAMLError as error:
        raise UsageError(f"{where} is not YAML: {' '.join(str(error).split())}") from None
    return [(f"{where}, document {n}", item) for n, item in enumerate(documents, 1) if item is not None]


def _checked(item: Any, where: str) -> list[dict[str, Any]]:
    if not isinstance(item, Mapping):
        raise UsageError(f"{where}: found {type(item).__name__}, expected a mapping with apiVersion and kind")
    missing = [key for key in ("apiVersion", "kind") if not isinstance(item.get(key), str)]
    if missing:
        raise UsageError(f"{where}: {' and '.join(missing)} missing; every Kubernetes object has them")
    kind, version = resolve_kind(item["kind"])
    if kind != item["kind"] and version == item["apiVersion"]:
        raise UsageError(f"{where}: there is no kind {item['kind']!r}", fix=f"kind: {kind}")
    if item["kind"].endswith("List") and isinstance(item.get("items"), list):
        return [
            found for n, one in enumerate(item["items"], 1) for found in _checked(one, f"{where}, item {n}")
        ]
    if not (item.get("metadata") or {}).get("name"):
        raise UsageError(f"{where}: a {item['kind']} without metadata.name")
    return [dict(item)]
