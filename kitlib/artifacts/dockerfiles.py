"""Dockerfiles from container specifications: one per service, with a development and a production stage."""

from __future__ import annotations

import json
from typing import Any

from kitlib.artifacts.artifact import Artifact, context, slug
from kitlib.artifacts.health import START_PERIOD_SECONDS, health_command
from kitlib.artifacts.templating import fill
from kitlib.errors import UsageError
from kitlib.specs.application import Application
from kitlib.specs.models.container import Container, Variable

WORKDIR = "/app"


def dockerfiles(app: Application) -> list[Artifact]:
    """One Dockerfile per service, in its build context.

    Raises:
        UsageError: a container specification lacks the source's folder or a command.
    """
    return [
        Artifact(f"{slug(app)}/{context(app, name)}/{_file(app, name)}", dockerfile(container))
        for name, container in app.containers.items()
    ]


def dockerfile(container: Container) -> str:
    """The text of a container's Dockerfile.

    Raises:
        UsageError: the specification lacks the source's folder or a command.
    """
    for what, value in (("## Source", container.source), ("## Command", container.command)):
        if not value:
            raise UsageError(
                f"the {container.name}'s container specification has no {what}, so it has no Dockerfile",
                fix=f"add {what} to the specification",
            )
    return fill(f"{container.language}.Dockerfile", _values(container))


def base_argument(container: Container) -> Variable:
    """The ARG that names the base image: PYTHON_IMAGE or NODE_IMAGE."""
    name = f"{container.language.upper()}_IMAGE"
    return Variable(name=name, required=False, default=container.base_image, source="Build")


def _file(app: Application, service: str) -> str:
    image = app.build.services.get(service)
    return image.dockerfile if image else "Dockerfile"


def _values(container: Container) -> dict[str, Any]:
    base = base_argument(container)
    own = {v.name: v.default or "" for v in container.variables if v.source == "Image"}
    development = {name: value for name, value in own.items() if name != "NODE_ENV"}
    path = {"PATH": "/opt/venv/bin:$PATH"} if container.language == "python" else {}
    return {
        "container": container,
        "name": container.title,
        "base": base,
        "alpine": "alpine" in container.base_image,
        "arguments": [
            f"{v.name}={v.default}" if v.default else v.name
            for v in container.variables
            if v.source == "Build" and v.name != base.name
        ],
        "environment": _env(path | own),
        "development_environment": _env({"NODE_ENV": "development"} | development),
        "uid": container.security.uid,
        "folders": [folder for folder in container.writable if folder != "/tmp"],
        "ports": [port.port for port in container.ports],
        "workdir": WORKDIR,
        "source": container.source.strip("/"),
        "command": _exec(container.command),
        "development_command": _exec(container.development_command or container.command),
        "health": _health(container),
    }


def _env(variables: dict[str, str]) -> str:
    return " \\\n    ".join(f"{name}={_quoted(value)}" for name, value in variables.items())


def _quoted(value: str) -> str:
    plain = value and all(char.isalnum() or char in "-_./:," for char in value)
    return value if plain else json.dumps(value, ensure_ascii=False)


def _exec(command: tuple[str, ...] | list[str]) -> str:
    return json.dumps(list(command), ensure_ascii=False)


def _health(container: Container) -> str:
    check = container.liveness
    if check is None:
        return ""
    return (
        f"HEALTHCHECK --interval={check.period_seconds}s --timeout={check.timeout_seconds}s "
        f"--start-period={START_PERIOD_SECONDS}s --retries={check.failures} \\\n"
        f"    CMD {_exec(health_command(container, check))}"
    )
