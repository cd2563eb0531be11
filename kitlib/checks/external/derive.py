"""Derives the schemas in `schemas/` from the CustomResourceDefinitions that their projects publish.

    uv run python -m kitlib.checks.external.derive

A Go module's archive holds its repository's files, the definitions among them. Kept is what `structural`
reads: descriptions, defaults, CEL rules and junctors go, and a field with a default is not required,
as the API server fills it in first. Of kinds that nothing here renders only the name is kept.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent / "schemas"
_KEPT = (
    *("type", "required", "enum", "pattern", "minLength", "maxLength", "minimum", "maximum", "nullable"),
    *("x-kubernetes-int-or-string", "x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource"),
)


@dataclass(frozen=True)
class Project:
    """Where a project keeps its definitions.

    Args:
        module: its Go module.
        version: the module's version.
        folder: the definitions, inside the module.
        kinds: those whose schema is kept.
    """

    module: str
    version: str
    folder: str
    kinds: tuple[str, ...]


PROJECTS = {
    "argocd": Project("github.com/argoproj/argo-cd/v3", "v3.5.7", "manifests/crds", ("Application",)),
    "external-secrets": Project(
        "github.com/external-secrets/external-secrets", "v1.3.2", "config/crds/bases", ("ExternalSecret",)
    ),
    "gateway-api": Project(
        "sigs.k8s.io/gateway-api",
        "v1.6.3",
        "config/crd/standard",
        ("Gateway", "GatewayClass", "HTTPRoute", "ReferenceGrant"),
    ),
}


def derive(project: Project, module: Path) -> dict[str, Any]:
    """What is kept of a project's definitions.

    Args:
        project: the project.
        module: the folder of its module's source.
    """
    found: dict[str, Any] = {"source": project.module, "version": project.version, "kinds": [], "others": []}
    for definition in _definitions(module / project.folder):
        spec = definition["spec"]
        kind, group = spec["names"]["kind"], spec["group"]
        served = {one["name"]: one["schema"]["openAPIV3Schema"] for one in spec["versions"] if one["served"]}
        if kind in project.kinds:
            schemas = {name: reduced(schema) for name, schema in served.items()}
            for schema in schemas.values():
                schema["properties"].pop("status", None)  # nobody writes it into a file
            found["kinds"].append({"group": group, "kind": kind, "versions": schemas})
        else:
            found["others"] += [[f"{group}/{name}", kind] for name in served]
    return found


def reduced(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A schema with the keywords that are read, and nothing else."""
    out = {key: schema[key] for key in _KEPT if key in schema}
    properties: Mapping[str, Any] = schema.get("properties", {})
    if properties:
        out["properties"] = {name: reduced(inner) for name, inner in properties.items()}
    if "required" in out:
        out["required"] = [name for name in out["required"] if "default" not in properties.get(name, {})]
    if isinstance(schema.get("additionalProperties"), Mapping):
        out["additionalProperties"] = reduced(schema["additionalProperties"])
    if "items" in schema:
        out["items"] = reduced(schema["items"])
    return out


def _definitions(folder: Path) -> Iterator[dict[str, Any]]:
    for path in sorted(folder.glob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            if document and document.get("kind") == "CustomResourceDefinition":
                yield document


def main() -> None:
    """Fetch the modules and write the schemas."""
    from kitlib import golang

    with golang.workspace() as go:
        for name, project in PROJECTS.items():
            found = derive(project, go.module_dir(f"{project.module}@{project.version}"))
            text = json.dumps(found, separators=(",", ":"), sort_keys=True)
            (FOLDER / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
