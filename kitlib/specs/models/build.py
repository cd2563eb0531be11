"""The build specification: which images are built from what, for which platforms, and where they go."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from kitlib.specs.models.base import Name, SpecModel, Text

# Those that Docker's builder knows: docs.docker.com/build/building/multi-platform.
Platform = Annotated[
    str,
    StringConstraints(
        pattern=r"^(linux/(amd64|arm64|arm|386|ppc64le|s390x|riscv64|loong64|mips64le)(/v[0-9]+)?|windows/amd64)$"
    ),
]
Severity = Literal["UNKNOWN", "LOW", "MEDIUM", "HIGH", "CRITICAL"]


class Image(SpecModel):
    """How one image is built. `image` may hold ${REGISTRY} and ${VERSION}."""

    context: Text
    dockerfile: Text = "Dockerfile"
    image: Text
    platforms: Annotated[tuple[Platform, ...], Field(min_length=1)]
    build_args: dict[str, str] = Field(default_factory=dict)
    labels: dict[str, str] = Field(default_factory=dict)
    scan: bool = False
    push: bool = False


class Auth(SpecModel):
    """How to log in: the *name* of a secret, never its value."""

    method: Literal["token", "password", "oidc", "none"]
    secret: Annotated[str, StringConstraints(pattern=r"^[A-Z_][A-Z0-9_]*$")] | None = None


class Registry(SpecModel):
    """Where images are pushed."""

    url: Annotated[str, StringConstraints(pattern=r"^[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._/-]+)?$")]
    auth: Auth


class Scanning(SpecModel):
    """`severity: HIGH,CRITICAL` becomes a tuple."""

    tool: Literal["trivy", "grype", "snyk"]
    severity: Annotated[tuple[Severity, ...], Field(min_length=1)]
    fail_on_vulnerability: bool


class Build(SpecModel):
    """The whole document."""

    version: Literal["1.0"]
    services: Annotated[dict[Name, Image], Field(min_length=1)]
    registry: Registry
    scanning: Scanning | None = None
