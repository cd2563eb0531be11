"""A service as one environment has it: what the specifications say about it, put together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from kitlib.artifacts.artifact import repository, slug
from kitlib.errors import UsageError
from kitlib.specs.application import Application
from kitlib.specs.models.architecture import Service
from kitlib.specs.models.base import Environment, Replicas, Resources
from kitlib.specs.models.container import Container, Variable
from kitlib.specs.models.local_cluster import Override

VERSION = "1.0.0"
STORES = {"database": "postgresql", "cache": "redis"}  # the name in `calls` → the name of its objects
STORE_PORTS = {"postgresql": 5432, "redis": 6379}
PRODUCTS = {"postgresql": "PostgreSQL", "redis": "Redis"}
STORE_URLS = {"DATABASE_URL": "postgresql", "REDIS_URL": "redis"}


def labels(app_name: str, name: str) -> dict[str, str]:
    """The labels that select a part's pods; they never change, as a Deployment's selector can't.

    They differ from the chart's, so that both may be in one namespace and none selects the other's pods.
    """
    return {"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": app_name}


@dataclass(frozen=True)
class Target:
    """An application in an environment."""

    app: Application
    environment: Environment

    @cached_property
    def name(self) -> str:
        """The application's name as a DNS label."""
        return slug(self.app)

    @property
    def production(self) -> bool:
        return self.environment == "production"

    @property
    def namespace(self) -> str:
        """Where it runs: its own namespace, or the one that the local cluster's specification names."""
        return self.name if self.production else self.app.local_cluster.namespace

    @property
    def scheme(self) -> str:
        """How browsers come in."""
        return "https" if self.production and self.app.architecture.networking.tls else "http"

    @cached_property
    def version(self) -> str:
        """The release to run: the build argument VERSION where the build fixes one, else 1.0.0."""
        given = (image.build_args.get("VERSION") for image in self.app.build.services.values())
        return next(filter(None, given), VERSION)

    @cached_property
    def components(self) -> tuple[Component, ...]:
        """The services, in the specification's order."""
        return tuple(Component(self, service) for service in self.app.architecture.services)

    @cached_property
    def stores(self) -> tuple[str, ...]:
        """The backing services in the cluster: all of them in development, else those that nobody manages.

        Raises:
            UsageError: one that would have to run in the cluster is of a kind that has no manifest.
        """
        storage = self.app.architecture.storage
        asked = (
            ("postgresql", storage.database, storage.database_managed),
            ("redis", storage.cache, storage.cache_managed),
        )
        found = [row for row in asked if row[1] and not (self.production and row[2])]
        for store, text, _ in found:
            product = PRODUCTS[store]
            if text and not text.lower().startswith(product.lower()):
                raise UsageError(
                    f"{text}: kit has manifests of {product} only",
                    fix=f"write {product}, or mark it as (managed)",
                )
        return tuple(row[0] for row in found)

    def metadata(self, name: str, part: str = "", **more: Any) -> dict[str, Any]:
        """An object's metadata; the version is a label of objects and never of a selector.

        Args:
            name: the object's name.
            part: the component or backing service it belongs to; empty: to the whole application.
            more: further fields, such as annotations.
        """
        own = labels(self.name, part or self.name) | ({"app.kubernetes.io/component": part} if part else {})
        marked = own | {"app.kubernetes.io/version": self.version}
        return {"name": name, "namespace": self.namespace, "labels": marked} | more

    def callers(self, name: str) -> tuple[str, ...]:
        """The components that call a component or a backing service."""
        return tuple(item.name for item in self.components if name in item.calls)


@dataclass(frozen=True)
class Component:
    """A service in an environment."""

    target: Target
    service: Service

    @property
    def name(self) -> str:
        return self.service.name

    @property
    def container(self) -> Container:
        return self.target.app.containers[self.name]

    @property
    def override(self) -> Override | None:
        """What development has otherwise."""
        return None if self.target.production else self.target.app.local_cluster.overrides.get(self.name)

    @property
    def selector(self) -> dict[str, str]:
        return labels(self.target.name, self.name)

    @property
    def replicas(self) -> Replicas:
        if self.override:
            return Replicas(minimum=self.override.replicas, maximum=max(self.override.replicas, 1))
        return self.service.replicas

    @property
    def resources(self) -> Resources:
        return self.override.resources if self.override else self.service.resources

    @property
    def hosts(self) -> tuple[str, ...]:
        return self.service.hosts if self.target.production else self.service.development_hosts

    @property
    def calls(self) -> tuple[str, ...]:
        """What it talks to, by the names of its objects."""
        return tuple(STORES.get(name, name) for name in self.service.calls)

    @property
    def image(self) -> str:
        """The image as the registry has it."""
        registry = self.target.app.build.registry.url
        return f"{registry}/{repository(self.target.app, self.name)}:{self.target.version}"

    @property
    def http_port(self) -> int | None:
        """The container's port behind the Service's: the one called http, else the first."""
        ports = self.container.ports
        return self.container.port("http") or (ports[0].port if ports else None)

    @property
    def http_name(self) -> str:
        """That port's name."""
        return next((port.name for port in self.container.ports if port.port == self.http_port), "")

    @property
    def metrics_port(self) -> int | None:
        return self.container.port("metrics")

    @cached_property
    def settings(self) -> dict[str, str]:
        """The ConfigMap's data.

        Raises:
            UsageError: a required variable has no value.
        """
        given = self.override.variables if self.override else {}
        found: dict[str, str] = {}
        for variable in self.container.variables:
            if variable.source == "ConfigMap":
                value = self._value(variable, given)
                if value is not None:
                    found[variable.name] = value
        return found

    @cached_property
    def secrets(self) -> tuple[str, ...]:
        """The names of the Secret's keys: what is required, and the addresses of what it calls."""
        return tuple(
            variable.name
            for variable in self.container.variables
            if variable.source == "Secret"
            and (variable.required or STORE_URLS.get(variable.name) in self.calls)
        )

    def _value(self, variable: Variable, given: Mapping[str, str]) -> str | None:
        if variable.name in given:
            return given[variable.name]
        address = self._address(variable.name)
        if address is None and variable.default is None and variable.required:
            raise UsageError(
                f"{variable.name} of {self.name} is required and has neither a default nor a value",
                fix="give it a default in the container's specification, or say that it is a Secret",
            )
        return address or variable.default

    def _address(self, variable: str) -> str | None:
        """Where something it calls is, for a variable such as API_URL; a Service's name is its address.

        CORS_ORIGINS are the addresses at which browsers find what calls it.
        """
        if variable == "CORS_ORIGINS":
            callers = (item for item in self.target.components if self.name in item.calls)
            return (
                ",".join(f"{self.target.scheme}://{host}" for item in callers for host in item.hosts) or None
            )
        if STORE_URLS.get(variable) == "redis" and "redis" in self.target.stores:
            return "redis://redis:6379/0"
        for other in self.target.components:
            if other.name in self.calls and variable == f"{other.name.upper().replace('-', '_')}_URL":
                port = other.service.port or 80
                return f"http://{other.name}" + ("" if port == 80 else f":{port}")
        return None
