"""Whether a workload is well again: asked of the cluster, not concluded from what was done."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any

from kitlib.cluster import Cluster, Resource
from kitlib.diagnosis import diagnose
from kitlib.errors import ApiError

ANSWER_SECONDS = 20.0


@dataclass(frozen=True)
class Check:
    """One thing that must hold, whether it does, and what was seen."""

    name: str
    ok: bool
    detail: str

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return asdict(self)


def verify(cluster: Cluster, name: str) -> list[Check]:
    """Check a Deployment of the cluster's namespace: replicas, Services, and that no fault is found."""
    report = diagnose(cluster, "Deployment", name)
    faults = [finding.title for finding in report.findings if finding.severity == "error"]
    workload = cluster.get("Deployment", name)
    checks = [Check("all replicas are ready", report.done, report.state)]
    checks += [_answers(cluster, service, workload) for service in _services(cluster, workload)]
    return [*checks, Check("no fault is found", not faults, "; ".join(faults) or "none")]


def _services(cluster: Cluster, workload: Resource) -> list[Resource]:
    labels = workload.at("spec.template.metadata.labels", {})
    services = cluster.list("Service")
    return [s for s in services if (chosen := s.at("spec.selector")) and chosen.items() <= labels.items()]


def _answers(cluster: Cluster, service: Resource, workload: Resource) -> Check:
    """Ask the Service what the readiness probe asks the pod; without an HTTP probe, count its endpoints."""
    title = f"Service {service.name} answers"
    port, path = _probe(service, workload)
    if not path:
        ready = _endpoints(cluster, service)
        return Check(title, ready > 0, f"{ready} ready endpoints")
    deadline = time.monotonic() + ANSWER_SECONDS
    while True:  # endpoints follow the pods' readiness with a short delay
        try:
            cluster.call_service("get", service.name, path, port=port)
            return Check(title, True, f"GET {path} succeeded")
        except ApiError as error:
            if time.monotonic() > deadline:
                return Check(title, False, f"GET {path}: {error.message}"[:300])
            time.sleep(0.5)


def _probe(service: Resource, workload: Resource) -> tuple[int, str]:
    """The Service's port that leads to an HTTP readiness probe, and its path; empty when none does."""
    for container in workload.at("spec.template.spec.containers", []):
        http = (container.get("readinessProbe") or {}).get("httpGet")
        if not http or str(http.get("scheme", "HTTP")) != "HTTP":
            continue
        named = {port.get("name"): port["containerPort"] for port in container.get("ports") or []}
        wanted = named.get(http["port"], http["port"])
        for port in service.at("spec.ports", []):
            target = port.get("targetPort", port["port"])
            if named.get(target, target) == wanted:
                return int(port["port"]), str(http.get("path", "/"))
    return 0, ""


def _endpoints(cluster: Cluster, service: Resource) -> int:
    slices = cluster.list("EndpointSlice", labels={"kubernetes.io/service-name": service.name})
    return sum(
        len(endpoint.get("addresses") or [])
        for one in slices
        for endpoint in one.get("endpoints") or []
        if (endpoint.get("conditions") or {}).get("ready")
    )
