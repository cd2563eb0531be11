"""AgentConfig, as `kagent.io/v1` of the seed; kit ships this custom resource itself, no upstream has it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from kitlib.specs.models.base import Name, SpecModel, Text

Action = Literal[
    "diagnose",
    "suggest-scaling",
    "suggest-resource-increase",
    "suggest-restart",
    "suggest-rollback",
    "restart",
    "scale",
    "rollback",
    "notify",
]
Event = Literal[
    "action-suggested",
    "action-approved",
    "action-executed",
    "action-denied",
    "action-failed",
    "action-escalated",
]
Mutation = Literal["delete", "scale", "restart", "patch", "rollback", "drain"]


class CamelModel(SpecModel):
    """Fields are camelCase in the document, as in every custom resource."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        alias_generator=to_camel,
        populate_by_name=True,
        str_strip_whitespace=True,
    )


class Scope(CamelModel):
    """What the agent sees and may touch."""

    namespaces: Annotated[tuple[Name, ...], Field(min_length=1)]
    resources: Annotated[tuple[Text, ...], Field(min_length=1)]


class Model(CamelModel):
    """The language model; any OpenAI-compatible endpoint."""

    provider: Text
    name: Text
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.1


class Safety(CamelModel):
    """What needs a person, how much per hour, and whether changes are only shown."""

    require_approval: tuple[Mutation, ...] = ("delete", "scale", "restart")
    max_actions_per_hour: Annotated[int, Field(ge=0)] = 10
    dry_run_default: bool = True


class Monitoring(CamelModel):
    """A rule: a condition over the seed's names, such as pod.restartCount > 3, and what follows.

    `cooldownMinutes` is how long it is quiet about a workload after a proposal was carried out or denied.
    """

    name: Name
    condition: Text
    action: Action
    cooldown_minutes: Annotated[int, Field(ge=1, le=1440)] = 30


class Slack(CamelModel):
    """Where notices go."""

    channel: Annotated[str, StringConstraints(pattern=r"^#[a-z0-9_-]{1,80}$")]
    events: tuple[Event, ...]


class Notifications(CamelModel):
    """The channels."""

    slack: Slack | None = None


class AgentSpec(CamelModel):
    """`spec`."""

    scope: Scope
    model: Model
    safety: Safety = Safety()
    monitoring: tuple[Monitoring, ...] = ()
    notifications: Notifications = Notifications()


class Metadata(CamelModel):
    """`metadata`, as far as a person writes it."""

    name: Name
    namespace: Name
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)


class AgentConfig(CamelModel):
    """The custom resource."""

    api_version: Literal["kagent.io/v1"]
    kind: Literal["AgentConfig"]
    metadata: Metadata
    spec: AgentSpec
