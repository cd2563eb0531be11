"""`docker-compose.yml` for development: the services' development stages, and what stands behind them.

Source: the Compose Specification (compose-spec.io), which has no `version` any more.
"""

from __future__ import annotations

from typing import Any

from kitlib.artifacts.artifact import Artifact, context, repository, slug
from kitlib.artifacts.compose_environment import (
    CACHE,
    DATABASE,
    PASSWORD,
    POSTGRES_PORT,
    REDIS_PORT,
    database_name,
    environment,
    example,
    published,
    stands_behind,
)
from kitlib.artifacts.dockerfiles import WORKDIR, base_argument
from kitlib.artifacts.health import START_PERIOD_SECONDS, health_command
from kitlib.artifacts.yamlfile import dump
from kitlib.specs.application import Application
from kitlib.specs.models.container import Container

MIGRATE = "migrate"
POSTGRES_IMAGE, REDIS_IMAGE = "postgres:15-alpine", "redis:7-alpine"
HEALTHY, DONE = {"condition": "service_healthy"}, {"condition": "service_completed_successfully"}
COMMENT = """\
The application for development: cp .env.example .env, set the password there, docker compose up --build.
A changed source is seen at once where the server reloads; else docker compose restart SERVICE."""
NOTES = {
    "read_only: true": "As in the cluster: only the folders under tmpfs can be written.",
    "image: ${POSTGRES_IMAGE": "Asked over TCP: while it makes its database, it answers on the socket only.",
}


def compose(app: Application) -> list[Artifact]:
    """`docker-compose.yml` and the `.env.example` that documents its variables.

    Raises:
        UsageError: a required variable has no source that Compose could take it from.
    """
    folder = slug(app)
    return [
        Artifact(f"{folder}/docker-compose.yml", _compose(app)),
        Artifact(f"{folder}/.env.example", example(app, {"POSTGRES": POSTGRES_IMAGE, "REDIS": REDIS_IMAGE})),
    ]


def _compose(app: Application) -> str:
    services: dict[str, Any] = {}
    for name, container in app.containers.items():
        if container.migration:
            services[MIGRATE] = _migration(app, name, container)
        services[name] = _service(app, name, container)
    if stands_behind(app, "database"):
        services[DATABASE] = _database(app)
    if stands_behind(app, "cache"):
        services[CACHE] = _cache()
    body: dict[str, Any] = {"name": slug(app), "services": services}
    volumes: dict[str, Any] = {f"{name}-data": {} for name in (DATABASE, CACHE) if name in services}
    body |= {"volumes": volumes} if volumes else {}
    return dump(body, comment=COMMENT, notes=NOTES)


def _service(app: Application, name: str, container: Container) -> dict[str, Any]:
    source = f"./{context(app, name)}"
    mounts = [container.source, "public"] if container.language == "node" else [container.source]
    body = _image(app, name, container) | {"environment": environment(app, name, container)}
    if container.ports:
        body["ports"] = [
            f"127.0.0.1:${{{variable}:-{port}}}:{port}" for variable, port in published(name, container)
        ]
    body["volumes"] = [f"{source}/{folder}:{WORKDIR}/{folder}:ro" for folder in mounts]
    needs = _needs(app, name, container)
    body |= {"depends_on": needs} if needs else {}
    if container.liveness:
        body["healthcheck"] = _healthcheck(health_command(container, container.liveness), container)
    return body | _confined(container) | {"stop_grace_period": "30s"}


def _migration(app: Application, name: str, container: Container) -> dict[str, Any]:
    """The one-shot service that brings the schema up to date before the service starts."""
    body = _image(app, name, container) | {
        "command": list(container.migration),
        "environment": environment(app, name, container),
        "volumes": [f"./{context(app, name)}/{container.source}:{WORKDIR}/{container.source}:ro"],
    }
    needs = {DATABASE: HEALTHY} if stands_behind(app, "database") else {}
    return body | ({"depends_on": needs} if needs else {}) | _confined(container)


def _image(app: Application, name: str, container: Container) -> dict[str, Any]:
    base = base_argument(container)
    return {
        "image": f"{repository(app, name)}:development",
        "build": {
            "context": f"./{context(app, name)}",
            "target": "development",
            "network": "${BUILD_NETWORK:-default}",
            "args": {base.name: f"${{{base.name}:-{base.default}}}"},
        },
    }


def _needs(app: Application, name: str, container: Container) -> dict[str, Any]:
    """What has to be there first; a migration when it writes the database this service reads."""
    service = app.architecture.service(name)
    calls = service.calls if service else ()
    needs: dict[str, Any] = {}
    if "database" in calls and any(other.migration for other in app.containers.values()):
        needs[MIGRATE] = DONE
    for called in calls:
        backing = {"database": DATABASE, "cache": CACHE}.get(called)
        known = app.containers.get(called)
        if backing:
            needs[backing] = HEALTHY
        elif known:
            needs[called] = HEALTHY if known.liveness else {"condition": "service_started"}
    return needs


def _confined(container: Container) -> dict[str, Any]:
    """The container's security; Node's development server writes beside its source, so its root is open."""
    body: dict[str, Any] = {}
    if container.security.read_only_root and container.language != "node":
        body |= {"read_only": True, "tmpfs": list(container.writable)}
    dropped = [name.upper() for name in container.security.drop_capabilities]
    body |= {"cap_drop": dropped} if dropped else {}
    return body | {"security_opt": ["no-new-privileges:true"]}


def _healthcheck(command: list[str], container: Container) -> dict[str, Any]:
    check = container.liveness
    assert check is not None
    return {
        "test": ["CMD", *(part.replace("$", "$$") for part in command)],
        "interval": f"{check.period_seconds}s",
        "timeout": f"{check.timeout_seconds}s",
        "retries": check.failures,
        "start_period": f"{START_PERIOD_SECONDS}s",
        "start_interval": "1s",
    }


def _database(app: Application) -> dict[str, Any]:
    name = database_name(app)
    ready = ["CMD", "pg_isready", "--host", "127.0.0.1", "--username", name, "--dbname", name]
    return {
        "image": f"${{POSTGRES_IMAGE:-{POSTGRES_IMAGE}}}",
        "environment": {"POSTGRES_USER": name, "POSTGRES_PASSWORD": PASSWORD, "POSTGRES_DB": name},
        "ports": [f"127.0.0.1:${{POSTGRES_PORT:-{POSTGRES_PORT}}}:{POSTGRES_PORT}"],
        "volumes": [f"{DATABASE}-data:/var/lib/postgresql/data"],
        "healthcheck": _every_five_seconds(ready),
        "stop_grace_period": "60s",
    }


def _cache() -> dict[str, Any]:
    return {
        "image": f"${{REDIS_IMAGE:-{REDIS_IMAGE}}}",
        "ports": [f"127.0.0.1:${{REDIS_PORT:-{REDIS_PORT}}}:{REDIS_PORT}"],
        "volumes": [f"{CACHE}-data:/data"],
        "healthcheck": _every_five_seconds(["CMD", "redis-cli", "ping"]),
    }


def _every_five_seconds(test: list[str]) -> dict[str, Any]:
    timing = {"interval": "5s", "timeout": "5s", "retries": 12, "start_period": "30s", "start_interval": "1s"}
    return {"test": test, **timing}
