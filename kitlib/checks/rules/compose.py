"""Compose files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from kitlib.checks.images import image_name
from kitlib.checks.rule import Hit, rule
from kitlib.checks.rules.dockerfile_build import SECRET
from kitlib.checks.targets import File, mapping, sequence
from kitlib.documents import YamlDocument

PROBES = {
    "postgres": 'test: ["CMD-SHELL", "pg_isready -U $$POSTGRES_USER -d $$POSTGRES_DB"]',
    "redis": 'test: ["CMD", "redis-cli", "ping"]',
    "mysql": 'test: ["CMD-SHELL", "mysqladmin ping -p$$MYSQL_ROOT_PASSWORD"]',
    "mariadb": 'test: ["CMD", "healthcheck.sh", "--connect", "--innodb_initialized"]',
    "mongo": 'test: ["CMD", "mongosh", "--quiet", "--eval", "db.adminCommand(\'ping\')"]',
    "rabbitmq": 'test: ["CMD", "rabbitmq-diagnostics", "-q", "ping"]',
    "valkey": 'test: ["CMD", "valkey-cli", "ping"]',
    "kafka": 'test: ["CMD-SHELL", "kafka-broker-api-versions.sh --bootstrap-server localhost:9092"]',
}
URL_PASSWORD = re.compile(r"\w+://[^:/@\s]*:(?!\$)([^@/\s]+)@")
DEFAULT = re.compile(r"\$\{\w+:?-([^}$]*)\}")
STARTUP = "https://docs.docker.com/compose/how-tos/startup-order/"


def services(file: File) -> Iterator[tuple[YamlDocument, str, Mapping[str, Any]]]:
    """The services of a Compose file, each with its document and name."""
    for document in file.documents:
        for name, body in mapping(mapping(document.data).get("services")).items():
            yield document, name, mapping(body)


def image_of(service: Mapping[str, Any]) -> str:
    """A service's image, with the defaults of its variables: `redis:7` of `${REDIS_IMAGE:-redis:7}`."""
    return DEFAULT.sub(lambda match: match[1], str(service.get("image", "")))


def _backing(service: Mapping[str, Any]) -> str:
    """Which database or broker a service runs; empty for any other."""
    name = image_name(image_of(service))
    return next((known for known in PROBES if known in name and "exporter" not in name), "")


def environment(service: Mapping[str, Any]) -> list[tuple[str | int, str, str]]:
    """The variables of a service: key or index in the file, name, value; without those that have no value."""
    entries = service.get("environment")
    if isinstance(entries, Mapping):
        return [(key, key, str(value)) for key, value in entries.items() if value is not None]
    pairs = [(index, *str(entry).partition("=")) for index, entry in enumerate(sequence(entries))]
    return [(index, name, value) for index, name, sign, value in pairs if sign]


@rule(
    "compose",
    "compose-version",
    "warning",
    "`version` is obsolete",
    why="Compose ignores it and warns at every command",
    source="https://docs.docker.com/reference/compose-file/version-and-name/",
)
def version(file: File) -> Iterator[Hit]:
    for document in file.documents:
        if "version" in mapping(document.data):
            found = f"version: {document.data['version']}"
            yield Hit(file.at(document.line(("version",))), found, "no version", "remove the line")


@rule(
    "compose",
    "compose-depends-on",
    "warning",
    "The service starts before what it needs is ready",
    why="the short form waits until the container has started, not until the database answers",
    source=STARTUP,
)
def depends_on(file: File) -> Iterator[Hit]:
    known = {name: service for _, name, service in services(file)}
    for document, name, service in services(file):
        needed = service.get("depends_on")
        entries: list[tuple[str | int, str, str]] = [
            (index, str(other), "service_started") for index, other in enumerate(sequence(needed))
        ]
        entries += [
            (other, other, str(mapping(body).get("condition", "service_started")))
            for other, body in mapping(needed).items()
        ]
        for key, other, condition in entries:
            body = known.get(other, {})
            if condition == "service_started" and (_backing(body) or "healthcheck" in body):
                yield Hit(
                    file.at(document.line(("services", name, "depends_on", key))),
                    f"{name} waits until {other} has started",
                    "condition: service_healthy",
                    f"depends_on: {{{other}: {{condition: service_healthy}}}}, and a healthcheck in {other}",
                )


@rule(
    "compose",
    "compose-healthcheck",
    "warning",
    "Nothing tells when the database is ready",
    why="without a healthcheck no other service can wait for it: condition: service_healthy then fails",
    source=STARTUP,
)
def healthcheck(file: File) -> Iterator[Hit]:
    needed = {
        other
        for _, _, service in services(file)
        for other in (*sequence(service.get("depends_on")), *mapping(service.get("depends_on")))
    }
    for document, name, service in services(file):
        if name in needed and _backing(service) and "healthcheck" not in service:
            yield Hit(
                file.at(document.line(("services", name))),
                f"no healthcheck in {name}",
                "a healthcheck",
                f"healthcheck: {{{PROBES[_backing(service)]}, interval: 5s, retries: 10}}",
            )


@rule(
    "compose",
    "compose-password",
    "warning",
    "A password stands in the Compose file",
    why="it goes into the repository with the file, and is soon used for more than this machine",
    source="https://docs.docker.com/compose/how-tos/environment-variables/best-practices/",
)
def password(file: File) -> Iterator[Hit]:
    for document, name, service in services(file):
        for key, variable, value in environment(service):
            in_url = URL_PASSWORD.search(value)
            literal = value.strip() and "$" not in value
            named = SECRET.search(variable.upper()) and "DATABASE_URL" not in variable.upper()
            if in_url or (named and literal):
                wanted = "${POSTGRES_PASSWORD:?}" if in_url else f"${{{variable}:?}}"
                yield Hit(
                    file.at(document.line(("services", name, "environment", key))),
                    f"{variable}=… with a literal password",
                    f"{wanted}, from the file .env that git ignores",
                    f"write {wanted} in place of the password, put the value into .env, and .env into "
                    ".gitignore",
                )


@rule(
    "compose",
    "compose-database-port",
    "warning",
    "The database is open to the network",
    why="a port without an address is published on every interface, past the host's firewall rules",
    source="https://docs.docker.com/engine/network/port-publishing/",
)
def database_port(file: File) -> Iterator[Hit]:
    for document, name, service in services(file):
        for index, port in enumerate(sequence(service.get("ports")) if _backing(service) else ()):
            if isinstance(port, Mapping):
                given, number = (
                    str(port.get("host_ip", "")),
                    f"{port.get('published', '')}:{port.get('target', '')}",
                )
                is_open = "published" in port and given in ("", "0.0.0.0", "::")
            else:
                number = str(port)
                is_open = number.count(":") < 2 or number.startswith("0.0.0.0:")
            if is_open:
                yield Hit(
                    file.at(document.line(("services", name, "ports", index))),
                    number,
                    f"127.0.0.1:{number.removeprefix('0.0.0.0:')}, or no port at all",
                    f'write "127.0.0.1:{number.removeprefix("0.0.0.0:")}"; the other services reach {name} '
                    "by its name without any port",
                )


@rule(
    "compose",
    "compose-image-latest",
    "warning",
    "An image has no version",
    why="a pull changes the database's major version under its data",
    source="https://docs.docker.com/reference/compose-file/services/#image",
)
def image_latest(file: File) -> Iterator[Hit]:
    for document, name, service in services(file):
        image = image_of(service)
        tag = image.rpartition("/")[2].partition(":")[2]
        if (
            image
            and "build" not in service
            and "@" not in image
            and "$" not in image
            and tag in ("", "latest")
        ):
            yield Hit(
                file.at(document.line(("services", name, "image"))),
                image,
                "a version tag",
                f"write {image.removesuffix(':latest')}:<major version>",
            )
