"""The local cluster specification: `# Local Kubernetes Development Setup`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from kitlib.specs.models.base import KubernetesVersion, Resources, SpecModel, Text

Driver = Literal["docker", "podman", "kvm2", "hyperkit", "hyperv", "virtualbox", "vmware", "qemu2", "none"]


class Prerequisites(SpecModel):
    """`8GB+ RAM available`, `20GB+ disk space`, and any other line as text."""

    memory_gb: Annotated[int, Field(ge=1)]
    disk_gb: Annotated[int, Field(ge=1)]
    runtime: Text


class Override(SpecModel):
    """What a service has otherwise in development: a row of the table `## Development Overrides`."""

    replicas: Annotated[int, Field(ge=0)] = 1
    resources: Resources
    variables: dict[str, str] = Field(default_factory=dict)


class LocalCluster(SpecModel):
    """The document.

    Args:
        provider: minikube (the seed's), kind or embedded; from the heading `## Minikube Configuration`.
        namespace: where the application is developed; optional item `Namespace`.
        addons: names without what stands in brackets: `ingress (NGINX)` is ingress.
    """

    prerequisites: Prerequisites
    provider: Literal["minikube", "kind", "embedded"] = "minikube"
    driver: Driver
    kubernetes: KubernetesVersion
    cpus: Annotated[int, Field(ge=1)]
    memory_mb: Annotated[int, Field(ge=512)]
    disk_gb: Annotated[int, Field(ge=1)]
    namespace: Text = "dev"
    addons: tuple[Text, ...] = ()
    overrides: dict[str, Override] = Field(default_factory=dict)
