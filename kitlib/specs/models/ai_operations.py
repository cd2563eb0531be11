"""The AI operations specification: what an agent may do alone, with approval, and never."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from kitlib.specs.models.base import SpecModel, Text


class AllowedAction(SpecModel):
    """A row of `## Allowed Autonomous Actions`."""

    action: Text
    condition: Text
    approval: Literal["Auto", "Manual"]


class Escalation(SpecModel):
    """`## Escalation Path`; `no_response_minutes` is read from "If no response in 15min"."""

    steps: Annotated[tuple[Text, ...], Field(min_length=1)]
    no_response_minutes: Annotated[int, Field(ge=1)]


class AiOperations(SpecModel):
    """The document; `rollback_hours` is read from "Rollback capability for 24 hours"."""

    allowed: Annotated[tuple[AllowedAction, ...], Field(min_length=1)]
    prohibited: Annotated[tuple[Text, ...], Field(min_length=1)]
    audit: tuple[Text, ...]
    rollback_hours: Annotated[int, Field(ge=1)]
    escalation: Escalation
