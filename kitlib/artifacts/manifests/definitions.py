"""The definition of AgentConfig as a custom resource, from the model that also reads the specification."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kitlib.specs.models.agent import AgentConfig, AgentSpec

# What a structural schema doesn't take, or says in another way.
# Source: kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions.
_DROPPED = ("title", "additionalProperties", "$defs")


def agent_config() -> dict[str, Any]:
    """The CustomResourceDefinition of `kagent.io/v1 AgentConfig`."""
    group, version = AgentConfig.model_json_schema()["properties"]["apiVersion"]["const"].split("/")
    columns = [
        {"name": "Namespaces", "type": "string", "jsonPath": ".spec.scope.namespaces"},
        {"name": "Model", "type": "string", "jsonPath": ".spec.model.name"},
        {"name": "Dry run", "type": "boolean", "jsonPath": ".spec.safety.dryRunDefault"},
        {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
    ]
    root = {
        "type": "object",
        "required": ["spec"],
        "properties": {"spec": _spec_schema(), "status": _ANYTHING},
    }
    names = {
        "kind": "AgentConfig",
        "listKind": "AgentConfigList",
        "plural": "agentconfigs",
        "singular": "agentconfig",
    }
    served = {
        "name": version,
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "additionalPrinterColumns": columns,
        "schema": {"openAPIV3Schema": root},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{names['plural']}.{group}"},
        "spec": {"group": group, "scope": "Namespaced", "names": names, "versions": [served]},
    }


_ANYTHING = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


def _spec_schema() -> dict[str, Any]:
    schema = AgentSpec.model_json_schema(by_alias=True)
    return dict(_structural(schema, schema.get("$defs", {})))


def _structural(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """A JSON Schema as a structural one: references put in place, null as `nullable`."""
    if "$ref" in schema:
        target = definitions[schema["$ref"].rpartition("/")[2]]
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        return _structural({**target, **rest}, definitions)
    options = [item for item in schema.get("anyOf", ()) if item.get("type") != "null"]
    if len(options) == 1:
        rest = {key: value for key, value in schema.items() if key not in ("anyOf", "default")}
        return _structural({**options[0], **rest}, definitions) | {"nullable": True}
    found = {key: value for key, value in schema.items() if key not in _DROPPED}
    if isinstance(schema.get("additionalProperties"), Mapping):
        found["additionalProperties"] = _structural(schema["additionalProperties"], definitions)
    if "properties" in schema:
        parts = schema["properties"].items()
        found["properties"] = {name: _structural(part, definitions) for name, part in parts}
    if "items" in schema:
        found["items"] = _structural(schema["items"], definitions)
    if "description" in found:
        found["description"] = " ".join(found["description"].split())
    return found
