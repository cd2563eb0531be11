"""What all specification models share, and the values that several of them use."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Name = Annotated[str, StringConstraints(pattern=r"^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$")]
"""A DNS label (RFC 1123, first a letter): the name of a component, a Service, a namespace."""

Text = Annotated[str, StringConstraints(min_length=1)]
Cpu = Annotated[str, StringConstraints(pattern=r"^([0-9]+m|[0-9]+(\.[0-9]{1,3})?)$")]
"""A Kubernetes CPU quantity: 250m, 1, 0.5."""

Memory = Annotated[str, StringConstraints(pattern=r"^[0-9]+(\.[0-9]+)?(Ki|Mi|Gi|Ti|k|M|G|T)$")]
"""A Kubernetes memory quantity with its unit; `m` is not one (512m is half a byte)."""

Duration = Annotated[str, StringConstraints(pattern=r"^([0-9]+(ms|s|m|h|d))+$")]
Port = Annotated[int, Field(ge=1, le=65535)]
Percent = Annotated[float, Field(ge=0, le=100)]
KubernetesVersion = Annotated[str, StringConstraints(pattern=r"^1\.[0-9]{1,2}$")]
"""Minor version, such as 1.34; a document may write v1.34, 1.34.2 or 1.34+."""


class Contradiction(ValueError):
    """Two values that are right by themselves, and not together.

    Args:
        message: what they say.
        field: the one that the finding stands at.
        fix: what to write there instead.
    """

    def __init__(self, message: str, *, field: str, fix: str) -> None:
        super().__init__(message)
        self.field = field
        self.fix = fix


class SpecModel(BaseModel):
    """Base of all: unknown fields are errors, values can't be changed afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Resources(SpecModel):
    """What a container asks for and may use at most."""

    cpu_request: Cpu
    cpu_limit: Cpu
    memory_request: Memory
    memory_limit: Memory

    def as_kubernetes(self) -> dict[str, Any]:
        """The `resources` of a container."""
        return {
            "requests": {"cpu": self.cpu_request, "memory": self.memory_request},
            "limits": {"cpu": self.cpu_limit, "memory": self.memory_limit},
        }


class Replicas(SpecModel):
    """How many pods; `autoscaled` when a HorizontalPodAutoscaler owns the number."""

    minimum: Annotated[int, Field(ge=0)]
    maximum: Annotated[int, Field(ge=1)]
    autoscaled: bool = False

    @model_validator(mode="after")
    def _ordered(self) -> Replicas:
        if self.minimum > self.maximum:
            message = f"the minimum, {self.minimum}, is above the maximum, {self.maximum}"
            raise Contradiction(message, field="minimum", fix=f"{self.maximum}-{self.minimum}")
        return self


Environment = Literal["development", "production"]
