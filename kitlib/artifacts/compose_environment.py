"""The variables of a Compose file: what each service gets, and what a person may set in `.env`."""

from __future__ import annotations

from collections.abc import Mapping

from kitlib.artifacts.artifact import slug
from kitlib.artifacts.dockerfiles import base_argument
from kitlib.errors import UsageError
from kitlib.specs.application import Application
from kitlib.specs.models.container import Container, Variable

DATABASE, CACHE = "db", "redis"  # Compose's services
POSTGRES_PORT, REDIS_PORT = 5432, 6379
HINT = "copy .env.example to .env and set it there"
PASSWORD = f"${{POSTGRES_PASSWORD:?{HINT}}}"


def stands_behind(app: Application, backing: str) -> bool:
    """Whether any service calls the database, or the cache."""
    return any(backing in service.calls for service in app.architecture.services)


def database_name(app: Application) -> str:
    """The database's name and its user's."""
    return slug(app).replace("-", "")


def published(name: str, container: Container) -> list[tuple[str, int]]:
    """A container's ports, each with the variable that says where on this machine it is published."""
    return [
        (_variable(name, "PORT") if port.name == "http" else _variable(name, port.name, "PORT"), port.port)
        for port in container.ports
    ]


def environment(app: Application, name: str, container: Container) -> dict[str, str]:
    """A service's variables: addresses of what it calls, development's overrides, secrets, and defaults.

    Raises:
        UsageError: a required variable has neither of these.
    """
    override = app.local_cluster.overrides.get(name)
    overrides = override.variables if override else {}
    found: dict[str, str] = {}
    for variable in container.variables:
        if variable.source in ("Build", "Image"):
            continue
        value = _address(app, name, variable.name) or overrides.get(variable.name) or _plain(variable)
        if value is None and variable.required:
            raise UsageError(
                f"{variable.name} of the {name} is required, and nothing says what it is in development",
                fix="give it a default, make it a Secret, or set it under Development Overrides",
            )
        if value is not None:
            found[variable.name] = value
    return found


def example(app: Application, images: Mapping[str, str]) -> str:
    """The text of `.env.example`.

    Args:
        app: the specifications.
        images: POSTGRES and REDIS → the image that stands behind the application by default.
    """
    required = ["POSTGRES_PASSWORD"] if stands_behind(app, "database") else []
    secrets = [
        variable
        for name, container in app.containers.items()
        for variable in container.variables
        if variable.source == "Secret" and not _address(app, name, variable.name)
    ]
    lines = ["# Copy to .env, which Compose reads and git ignores.", ""]
    lines += ["# Letters, digits, - and _ only. The database keeps the one it was first started with."]
    lines += [f"{name}=" for name in required]
    for variable in {entry.name: entry for entry in secrets}.values():
        lines += ["", f"# {variable.description}", f"{'' if variable.required else '# '}{variable.name}="]
    ports = [entry for name, container in app.containers.items() for entry in published(name, container)]
    ports += [("POSTGRES_PORT", POSTGRES_PORT)] if required else []
    ports += [("REDIS_PORT", REDIS_PORT)] if stands_behind(app, "cache") else []
    lines += ["", "# Where 127.0.0.1 answers; 0 takes a free port."]
    lines += [f"# {name}={port}" for name, port in ports]
    bases = {base.name: base.default for base in map(base_argument, app.containers.values())}
    every = bases | {f"{name}_IMAGE": image for name, image in images.items()}
    lines += [
        "",
        "# Other images, such as a mirror's.",
        *(f"# {name}={image}" for name, image in every.items()),
    ]
    return "\n".join(
        [
            *lines,
            "",
            "# The network that images are built in: default or host.",
            "# BUILD_NETWORK=default",
            "",
        ]
    )


def _address(app: Application, name: str, variable: str) -> str | None:
    """The value of a variable that says where something is which the service calls: API_URL, DATABASE_URL."""
    service = app.architecture.service(name)
    calls = service.calls if service else ()
    if variable == "DATABASE_URL" and "database" in calls:
        database = database_name(app)
        return f"postgresql://{database}:{PASSWORD}@{DATABASE}:{POSTGRES_PORT}/{database}"
    if variable == "REDIS_URL" and "cache" in calls:
        return f"redis://{CACHE}:{REDIS_PORT}/0"
    for called in calls:
        port = app.containers[called].port("http") if called in app.containers else None
        if port and variable == _variable(called, "URL"):
            return f"http://{called}:{port}"
    return None


def _plain(variable: Variable) -> str | None:
    """A value of `.env`, or the specification's default, written so that Compose keeps its `$`."""
    if variable.source == "Secret":
        return f"${{{variable.name}:?{HINT}}}" if variable.required else f"${{{variable.name}:-}}"
    return None if variable.default is None else variable.default.replace("$", "$$")


def _variable(*parts: str) -> str:
    return "_".join(parts).upper().replace("-", "_")
