"""The schemas of every kind that is known: Kubernetes' own, those in `schemas/`, and the project's CRDs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from kitlib.checks.external.structural import Schema, Validator
from kitlib.checks.targets import TARGET, Project, mapping, sequence
from kitlib.errors import ToolNotFound

Gvk = tuple[str, str]  # apiVersion and kind
_OPEN: Schema = {"type": "object"}


def schema_folder(version: str = TARGET) -> Path:
    """Where the wheel kubernetes-validate keeps the schemas of a Kubernetes version.

    The package itself is never imported: that takes a second, and its validator stops at the first fault.

    Raises:
        ToolNotFound: the wheel, or that version in it, is missing.
    """
    spec = find_spec("kubernetes_validate")
    places = spec.submodule_search_locations if spec else None
    folder = Path(next(iter(places or ()), "")) / "kubernetes-json-schema" / f"v{version}-local-strict"
    if not folder.is_dir():
        raise ToolNotFound(f"the JSON schemas of Kubernetes {version} are missing", fix="uv sync")
    return folder


@lru_cache(maxsize=2)
def builtin(version: str = TARGET) -> Mapping[Gvk, Validator]:
    """The validators of Kubernetes' own kinds."""
    definitions = json.loads((schema_folder(version) / "_definitions.json").read_text())["$defs"]
    found: dict[Gvk, Validator] = {}
    for schema in definitions.values():
        for entry in schema.get("x-kubernetes-group-version-kind", ()):
            version_ = "/".join(part for part in (entry["group"], entry["version"]) if part)
            found[version_, entry["kind"]] = Validator(schema, definitions)
    return found


@lru_cache(maxsize=1)
def bundled() -> Mapping[Gvk, Validator]:
    """The validators of the CRDs that are part of kit; see `derive`. Of some only the kind is known."""
    found: dict[Gvk, Validator] = {}
    for path in sorted((Path(__file__).parent / "schemas").glob("*.json")):
        data = json.loads(path.read_text(encoding="utf-8"))
        for entry in data["kinds"]:
            for version, schema in entry["versions"].items():
                found[f"{entry['group']}/{version}", entry["kind"]] = Validator(_root(schema))
        found |= {(version, kind): Validator(_OPEN) for version, kind in data["others"]}
    return found


def of_project(project: Project) -> Mapping[Gvk, Validator]:
    """The validators of the CRDs that the project itself defines."""
    found: dict[Gvk, Validator] = {}
    for bundle in project.bundles:
        for item in bundle.of("CustomResourceDefinition"):
            found |= dict(_versions(mapping(item.get("spec"))))
    return found


def _versions(spec: Mapping[str, Any]) -> Iterator[tuple[Gvk, Validator]]:
    kind = mapping(spec.get("names")).get("kind")
    for version in map(mapping, sequence(spec.get("versions"))):
        schema = mapping(mapping(version.get("schema")).get("openAPIV3Schema"))
        if schema:
            yield (f"{spec.get('group')}/{version.get('name')}", str(kind)), Validator(_root(schema))


def _root(schema: Schema) -> Schema:
    """A CRD's schema with the fields that every object has."""
    whole = dict(closed(schema))
    whole["properties"] = {
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        **mapping(whole.get("properties")),
        "metadata": _OPEN,
    }
    whole["properties"].setdefault("status", _OPEN)
    return whole


def closed(schema: Any) -> Any:
    """A structural schema in which fields that aren't named are faults, as the API server's are.

    Source: kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions, "field
    pruning"; with kubectl's default `--validate=strict` such a field is refused.
    """
    if not isinstance(schema, Mapping):
        return {}
    out = dict(schema)
    if properties := mapping(schema.get("properties")):
        out["properties"] = {name: closed(value) for name, value in properties.items()}
        if "x-kubernetes-embedded-resource" in schema:
            out["properties"] |= {"apiVersion": {}, "kind": {}, "metadata": _OPEN}
        out.setdefault("additionalProperties", False)
    if isinstance(schema.get("additionalProperties"), Mapping):
        out["additionalProperties"] = closed(schema["additionalProperties"])
    if "items" in schema:
        out["items"] = closed(schema["items"])
    return out
