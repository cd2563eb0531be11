"""The infrastructure specification: `# Infrastructure Specification: production`."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from kitlib.specs.models.base import Contradiction, KubernetesVersion, SpecModel, Text


class ControlPlane(SpecModel):
    """`Type: Managed (EKS/GKE/AKS)`, `High Availability: Yes (3 AZ)`."""

    type: Literal["Managed", "Self-managed"]
    service: tuple[Text, ...] = ()
    version: KubernetesVersion
    high_availability: bool
    zones: Annotated[int, Field(ge=1)] = 1


class NodePool(SpecModel):
    """`#### Default Pool`; a taint is key=value:Effect."""

    name: Text
    instance_type: Text
    vcpu: Annotated[int, Field(ge=1)]
    memory_gb: Annotated[int, Field(ge=1)]
    min_nodes: Annotated[int, Field(ge=0)]
    max_nodes: Annotated[int, Field(ge=1)]
    autoscaling: bool = True
    taints: tuple[
        Annotated[
            str,
            StringConstraints(pattern=r"^[^=:\s]+(=[^=:\s]*)?:(NoSchedule|PreferNoSchedule|NoExecute)$"),
        ],
        ...,
    ] = ()

    @model_validator(mode="after")
    def _ordered(self) -> NodePool:
        if self.min_nodes > self.max_nodes:
            message = f"Min Nodes, {self.min_nodes}, is above Max Nodes, {self.max_nodes}"
            raise Contradiction(message, field="min_nodes", fix=f"at most {self.max_nodes}")
        return self


class Network(SpecModel):
    """The address ranges; none may overlap another."""

    vpc_cidr: IPv4Network
    pod_cidr: IPv4Network
    service_cidr: IPv4Network
    dns: Text

    @model_validator(mode="after")
    def _apart(self) -> Network:
        pairs = (
            ("VPC CIDR", self.vpc_cidr, "Pod CIDR", self.pod_cidr, "pod_cidr"),
            ("VPC CIDR", self.vpc_cidr, "Service CIDR", self.service_cidr, "service_cidr"),
            ("Pod CIDR", self.pod_cidr, "Service CIDR", self.service_cidr, "service_cidr"),
        )
        for name, network, other_name, other, field in pairs:
            if network.overlaps(other):
                message = f"{name} {network} overlaps {other_name} {other}"
                raise Contradiction(message, field=field, fix=f"a range outside of {network}")
        return self


class Backup(SpecModel):
    """`Daily snapshots, 7-day retention`."""

    schedule: Literal["Hourly", "Daily", "Weekly"]
    retention_days: Annotated[int, Field(ge=1)]


class InfrastructureStorage(SpecModel):
    """Volumes."""

    storage_class: Text
    backup: Backup


class InfrastructureSecurity(SpecModel):
    """What protects the cluster."""

    network_policies: Text
    secrets_management: Text
    pod_security: Literal["Restricted", "Baseline", "Privileged"]
    audit_logging: Text


class Observability(SpecModel):
    """What shows how it is."""

    metrics: Text
    logging: Text
    tracing: Text
    alerting: Text


class Infrastructure(SpecModel):
    """The document; `providers` lists the choices of `AWS/GCP/Azure`."""

    name: Text
    region: Text
    providers: Annotated[tuple[Literal["AWS", "GCP", "Azure", "On-premises"], ...], Field(min_length=1)]
    control_plane: ControlPlane
    pools: Annotated[tuple[NodePool, ...], Field(min_length=1)]
    networking: Network
    storage: InfrastructureStorage
    security: InfrastructureSecurity
    observability: Observability
