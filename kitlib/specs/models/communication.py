"""The communication specification: how services talk to one another."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from kitlib.specs.models.base import Duration, SpecModel, Text


class Retry(SpecModel):
    """`3x with exponential backoff`."""

    attempts: Annotated[int, Field(ge=0, le=20)]
    backoff: Literal["none", "fixed", "exponential"] = "none"


class Synchronous(SpecModel):
    """A request and its answer."""

    pattern: Literal["REST", "gRPC", "GraphQL"]
    use_case: Text
    timeout: Duration
    retry: Retry


class Asynchronous(SpecModel):
    """A message. `brokers` lists the choices of `Redis/RabbitMQ`."""

    pattern: Literal["Message Queue", "Event Streaming", "Publish/Subscribe"]
    brokers: Annotated[tuple[Text, ...], Field(min_length=1)]
    use_case: Text
    delivery: Literal["At-most-once", "At-least-once", "Exactly-once"]


class Discovery(SpecModel):
    """How a service finds another."""

    method: Literal["Kubernetes DNS", "Environment variables", "Service mesh"]
    format: Annotated[str, StringConstraints(min_length=1)]


class Communication(SpecModel):
    """The document below the key `communication`."""

    synchronous: tuple[Synchronous, ...] = ()
    asynchronous: tuple[Asynchronous, ...] = ()
    service_discovery: Discovery
