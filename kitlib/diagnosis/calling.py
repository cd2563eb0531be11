"""Who calls whom, as far as the variables of containers tell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kitlib.cluster.resource import Resource
from kitlib.diagnosis.cause import Scan
from kitlib.diagnosis.environment import Address, addresses, variables
from kitlib.diagnosis.evidence import pod_template
from kitlib.diagnosis.scan import ref
from kitlib.findings import Ref


@dataclass(frozen=True)
class Call:
    """A workload that is told the address of a Service."""

    caller: Resource
    service: Resource
    address: Address

    @property
    def port(self) -> int | None:
        """The Service's port that is called; None when neither the address nor the Service tells."""
        ports = [int(entry["port"]) for entry in self.service.at("spec.ports", [])]
        return self.address.port or (ports[0] if len(ports) == 1 else None)


def calls(scan: Scan, workload: Resource) -> Iterator[Call]:
    """The calls of one workload."""
    for address in addresses_of(scan, workload):
        service = service_of(scan, address.host, workload.namespace)
        if service is not None:
            yield Call(workload, service, address)


def addresses_of(scan: Scan, workload: Resource) -> list[Address]:
    """The addresses that a workload's containers are told."""
    here = workload.namespace
    objects = {(kind, item.name): item for kind in ("ConfigMap", "Secret") for item in scan.of(kind, here)}
    return addresses(variables(pod_template(workload), objects))


def service_of(scan: Scan, host: str, namespace: str) -> Resource | None:
    """The Service that a host means inside a namespace: NAME, NAME.NAMESPACE, NAME.NAMESPACE.svc…"""
    name, *rest = host.rstrip(".").lower().split(".")
    if rest[1:] not in ([], ["svc"], ["svc", "cluster", "local"]):
        if len(rest) > 2 and rest[2:3] == ["svc"]:  # one pod of a headless Service: POD.NAME.NAMESPACE.svc…
            return service_of(scan, ".".join(rest), namespace)
        return None
    found = scan.find("Service", name, rest[0] if rest else namespace)
    if found is None and len(rest) == 1:  # POD.NAME, of a headless Service here
        return scan.find("Service", rest[0], namespace)
    return found


def callers_of(scan: Scan, service: Resource) -> tuple[Ref, ...]:
    """The workloads of the Service's namespace that are told its address."""
    here = [item for item in scan.workloads() if item.namespace == service.namespace]
    return tuple(
        ref(item)
        for item in here
        if any(service_of(scan, a.host, item.namespace) is service for a in addresses_of(scan, item))
    )
