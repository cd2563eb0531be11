"""Workloads that were scaled to zero while others wait for them."""

from __future__ import annotations

from collections.abc import Iterator

from kitlib.cluster.resource import Resource, pod_ready
from kitlib.diagnosis.calling import callers_of
from kitlib.diagnosis.cause import Cause, Scan, Strength
from kitlib.diagnosis.scan import ref
from kitlib.diagnosis.templates import kubectl
from kitlib.findings import Finding, Fix, Quote, Ref

_DOCS = "kubernetes.io/docs/concepts/workloads/controllers/deployment"
_SCALED = ("Deployment", "StatefulSet")


def absent(scan: Scan) -> Iterator[Cause]:
    """A workload without replicas behind a Service, one of whose callers is not well.

    Zero replicas alone are nobody's fault: they are a usual way to switch something off.
    """
    for service in scan.of("Service", scan.namespace or None):
        selector: dict[str, str] = service.at("spec.selector", {})
        for kind in _SCALED if selector else ():
            for item in scan.of(kind, service.namespace):
                labels: dict[str, str] = item.at("spec.template.metadata.labels", {})
                if item.at("spec.replicas", 1) or not selector.items() <= labels.items():
                    continue
                waiting = [one for one in callers_of(scan, service) if _unwell(scan, one)]
                if waiting and ref(item) not in waiting:
                    yield _cause(item, service, waiting)


def _unwell(scan: Scan, caller: Ref) -> bool:
    item = scan.find(caller.kind, caller.name, caller.namespace)
    pods = scan.pods_of(item) if item else []
    return bool(pods) and not all(pod_ready(pod) for pod in pods)


def _cause(item: Resource, service: Resource, waiting: list[Ref]) -> Cause:
    names = ", ".join(str(one) for one in waiting)
    finding = Finding(
        "error",
        "scaled-to-zero",
        f"{item.kind} {item.name} has no replicas, and others wait for it",
        ref(item),
        found="spec.replicas 0",
        expected="at least one, while others call it",
        why=f"a Service without pods answers nobody ({_DOCS})",
        fix=Fix("scale it up again", command=f"kubectl scale {kubectl(item)} --replicas=1"),
        evidence=(Quote(f"{names} calls Service {service.name}", "their variables"),),
        field="spec.replicas",
    )
    return Cause(finding, affects=(ref(item), ref(service), *waiting), strength=Strength.DECIDED)
