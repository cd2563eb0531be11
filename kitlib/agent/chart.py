"""An AgentConfig as values for the chart kit-agent, so that nobody writes its permissions by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kitlib.agent import operations, starting
from kitlib.agent.names import Act
from kitlib.agent.permissions import Access, access_of
from kitlib.artifacts.yamlfile import dump
from kitlib.specs.models.agent import AgentConfig


def chart_values(config: Path, rules: Path | None = None) -> str:
    """The values of a chart with this agent, as YAML.

    Args:
        config: an AgentConfig's file.
        rules: the AI operations specification; none: every change needs a person.

    Raises:
        SettingsError: one of them is not what it should be; names each field.
        UsageError: the scope names a resource that no agent gets, or a file isn't there.
    """
    found = starting.load_config(config)
    text = rules.read_text() if rules else ""
    acts: set[Act] = {row.act for row in operations.load(rules).permissions} if rules else set()
    values = values_of(found, access_of(found, acts), text)
    return dump(values)


def values_of(config: AgentConfig, access: Access, rules: str) -> dict[str, Any]:
    """The values, as data."""
    spec = config.spec.model_dump(mode="json", by_alias=True, exclude_none=True)
    return {
        "config": {"name": config.metadata.name, "namespace": config.metadata.namespace, "spec": spec},
        "operations": rules,
        "roles": [{"namespace": place, "rules": found} for place, found in access.rules.items()],
        "clusterRules": access.wide_rules,
    }
