"""The container specification: `# Container Specification: API`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from kitlib.specs.models.base import Name, Port, Resources, SpecModel, Text


class Stage(SpecModel):
    """A build stage: `1. **Dependencies**: Install pip packages`."""

    name: Text
    does: Text


class Variable(SpecModel):
    """A row of the environment table.

    Args:
        source: where the value comes from: `ConfigMap`, `Secret`, `Build` (an ARG of the image) or `Image`
            (an ENV of the image). The optional column From says so; without it, a required variable without
            a default is a Secret, any other a ConfigMap's.
    """

    name: Annotated[str, StringConstraints(pattern=r"^[A-Z_][A-Z0-9_]*$")]
    required: bool
    default: str | None = None
    description: str = ""
    source: Literal["ConfigMap", "Secret", "Build", "Image"] = "ConfigMap"


class ContainerPort(SpecModel):
    """A row of the port table; `name`: http for the first HTTP port, metrics by its description."""

    port: Port
    protocol: Literal["HTTP", "HTTPS", "GRPC", "TCP", "UDP"]
    description: str = ""
    name: Name


class Check(SpecModel):
    """A health check: `GET /health/live`, or a command: `` `python -m worker.health` ``.

    The numbers are the optional words behind it: `GET /health/live every 15s, timeout 5s, 3 failures`.
    """

    path: Annotated[str, StringConstraints(pattern=r"^/")] | None = None
    command: tuple[Text, ...] = ()
    period_seconds: Annotated[int, Field(ge=1)] = 10
    timeout_seconds: Annotated[int, Field(ge=1)] = 5
    failures: Annotated[int, Field(ge=1)] = 3


class ContainerSecurity(SpecModel):
    """`User: Non-root (UID 1000)`, `Filesystem: Read-only root`, `Capabilities: Drop all`."""

    non_root: bool
    uid: Annotated[int, Field(ge=0)]
    read_only_root: bool
    drop_capabilities: tuple[Text, ...]


class Container(SpecModel):
    """A container.

    Args:
        name: from the title, as a DNS label.
        language: python or node; from the base image.
        base_image: such as python:3.11-slim.
        command: the process, exec form; the optional section `## Command`.
        development_command: likewise, for the development stage.
        migration: a command that runs before the service starts, once per pod; optional section.
        source: the code's folder inside the build context, such as `app`; optional section `## Source`.
        writable: folders that must be writable in spite of the read-only root; optional section.
    """

    name: Name
    title: Text
    base_image: Text
    rationale: str = ""
    language: Literal["python", "node"]
    stages: Annotated[tuple[Stage, ...], Field(min_length=1)]
    variables: tuple[Variable, ...] = ()
    ports: tuple[ContainerPort, ...] = ()
    liveness: Check | None = None
    readiness: Check | None = None
    startup: Check | None = None
    resources: Resources
    security: ContainerSecurity
    command: tuple[Text, ...] = ()
    development_command: tuple[Text, ...] = ()
    migration: tuple[Text, ...] = ()
    source: str = ""
    writable: tuple[Text, ...] = ("/tmp",)

    def port(self, name: str) -> int | None:
        """A port's number by its name."""
        return next((port.port for port in self.ports if port.name == name), None)
