"""The architecture specification: what the application is, its services, their base, what is promised."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from kitlib.specs.models.base import (
    KubernetesVersion,
    Name,
    Percent,
    Port,
    Replicas,
    Resources,
    SpecModel,
    Text,
)

FACTORS = (
    "Codebase",
    "Dependencies",
    "Config",
    "Backing Services",
    "Build/Release",
    "Processes",
    "Port Binding",
    "Concurrency",
    "Disposability",
    "Dev/Prod Parity",
    "Logs",
    "Admin Processes",
)
"""The twelve factors (12factor.net) under the seed's names."""


class Service(SpecModel):
    """A service component: `### API Service`.

    Args:
        name: from the heading without "Service", as a DNS label: api.
        title: the heading.
        type: such as Web Application, REST API, Background Jobs.
        framework: such as FastAPI.
        replicas: `2-10 (HPA)`, `1-5` or `3`.
        resources: `CPU: 200m-1000m` is request and limit.
        port: the Service's port; none: nothing calls it.
        hosts: the Ingress hosts it answers, by environment: `app.example.com`; `todo.local (development)`.
        calls: the services and backing services it talks to: other names, `database`, `cache`.
        container: the container specification, a path relative to the document.
    """

    name: Name
    title: Text
    type: Text
    framework: Text
    replicas: Replicas
    resources: Resources
    port: Port | None = None
    hosts: tuple[Text, ...] = ()
    development_hosts: tuple[Text, ...] = ()
    calls: tuple[Name, ...] = ()
    container: Text | None = None


class Compute(SpecModel):
    """`Cluster: Kubernetes 1.34+`, `Node Pool: 3 nodes minimum`, `Instance Type: 2 vCPU, 4GB RAM`."""

    kubernetes: KubernetesVersion
    nodes: Annotated[int, Field(ge=1)]
    node_vcpu: Annotated[int, Field(ge=1)]
    node_memory_gb: Annotated[int, Field(ge=1)]


class Storage(SpecModel):
    """Backing stores; the text in brackets of `PostgreSQL (managed)` decides `*_managed`."""

    database: Text
    database_managed: bool = False
    cache: Text | None = None
    cache_managed: bool = False
    object_storage: Text | None = None


class Networking(SpecModel):
    """How requests come in."""

    ingress: Text
    tls: Text | None = None
    dns: Text | None = None


class Availability(SpecModel):
    """`SLA Target: 99.9%` and how it is to be kept."""

    sla_target: Percent
    strategy: Text
    failover: Text


class Scalability(SpecModel):
    """`Scaling Triggers: 70% CPU, 80% memory` are the autoscaler's targets."""

    horizontal: Text
    vertical: Text | None = None
    cpu_target: Percent
    memory_target: Percent | None = None


class Security(SpecModel):
    """What protects the application."""

    network_policies: Text
    secrets: Text
    rbac: Text
    pod_security: Literal["Restricted", "Baseline", "Privileged"]


class Factor(SpecModel):
    """How the application keeps one of the twelve factors."""

    factor: Text
    practice: Text


class Architecture(SpecModel):
    """`# Cloud-Native Architecture Specification`."""

    name: Text
    type: Literal["Microservice", "Monolith", "Serverless"]
    domain: Text
    services: Annotated[tuple[Service, ...], Field(min_length=1)]
    compute: Compute
    storage: Storage
    networking: Networking
    availability: Availability
    scalability: Scalability
    security: Security
    factors: tuple[Factor, ...] = ()

    def service(self, name: str) -> Service | None:
        """A service by its name."""
        return next((service for service in self.services if service.name == name), None)
