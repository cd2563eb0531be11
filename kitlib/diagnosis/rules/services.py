"""Services that lead nowhere: selectors that match no pod, ports that no container has."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from kitlib.cluster.resource import Resource, pod_ready
from kitlib.diagnosis.calling import callers_of
from kitlib.diagnosis.cause import Cause, Scan, Strength
from kitlib.diagnosis.scan import ref
from kitlib.diagnosis.templates import declared_ports, kubectl
from kitlib.findings import Finding, Fix, Quote

_DOCS = "kubernetes.io/docs/concepts/services-networking/service"


def services(scan: Scan) -> Iterator[Cause]:
    """What is wrong with the Services of the namespace, or of all."""
    for service in scan.of("Service", scan.namespace or None):
        if service.at("spec.type") == "ExternalName" or not service.at("spec.selector"):
            continue  # it has no pods of its own
        backends = behind(scan, service)
        if backends:
            yield from _ports(scan, service, backends)
            yield from _unready(scan, service, backends)
        elif scan.knows("Pod"):
            yield from _nothing(scan, service)


def behind(scan: Scan, service: Resource) -> list[Resource]:
    """The pods that a Service selects, ready or not."""
    wanted = service.at("spec.selector", {})
    pods = scan.of("Pod", service.namespace) if wanted else []
    return [pod for pod in pods if _selected(wanted, pod.labels) and not _over(pod)]


def target_port(service: Resource, port: int, pod: Resource) -> int | None:
    """The port of a pod that a Service's port leads to; None when it leads to none."""
    for entry in service.at("spec.ports", []):
        if entry.get("port") == port:
            wanted = entry.get("targetPort", port)
            if isinstance(wanted, int):
                return wanted
            ports = declared_ports(pod.get("spec") or {})
            return next((number for number, name in ports.items() if name == wanted), None)
    return None


def _nothing(scan: Scan, service: Resource) -> Iterator[Cause]:
    """No pod has the labels; the workload that was most likely meant has nearly the same."""
    wanted: dict[str, str] = service.at("spec.selector", {})
    here = [item for item in scan.workloads() if item.namespace == service.namespace]
    if any(_selected(wanted, _labels(item)) for item in here):
        return  # its workload has no pods now: scaled to zero on purpose, or told by another rule
    meant = max(
        here, key=lambda item: _likeness(wanted, _labels(item), service.name, item.name), default=None
    )
    likely = meant is not None and _likeness(wanted, _labels(meant), service.name, meant.name) > 0
    labels = _labels(meant) if meant is not None and likely else {}
    wrong = {key: value for key, value in wanted.items() if labels.get(key) != value}
    expected = _nearest_labels(wrong, labels) if likely else "labels that some pod has"
    yield Cause(
        Finding(
            "error",
            "service-selector",
            f"Service {service.name} selects no pods",
            ref(service),
            found=", ".join(f"{key}={value}" for key, value in (wrong or wanted).items()),
            expected=expected,
            why=f"a Service sends traffic to the pods that its selector matches ({_DOCS})",
            fix=_selector_fix(service, wrong, labels),
            evidence=(Quote(f"selector {wanted}, endpoints none", f"Service {service.name}"),),
            field="spec.selector",
        ),
        affects=(ref(service), *callers_of(scan, service)),
    )


def _ports(scan: Scan, service: Resource, backends: list[Resource]) -> Iterator[Cause]:
    """A target port that no container of its pods has."""
    for index, entry in enumerate(service.at("spec.ports", [])):
        wanted = entry.get("targetPort", entry.get("port"))
        if entry.get("protocol", "TCP") != "TCP" or all(_has_port(pod, wanted) for pod in backends):
            continue
        ports = declared_ports(backends[0].get("spec") or {})
        expected = _meant(ports, entry)
        yield Cause(
            Finding(
                "error",
                "service-port",
                f"Service {service.name} leads to port {wanted}, which its pods don't have",
                ref(service),
                found=f"targetPort {wanted}",
                expected=f"targetPort {expected}",
                why=f"traffic goes to the target port of a pod; its containers declare "
                f"{_shown(ports)} ({_DOCS})",
                fix=Fix(
                    f"let targetPort be {expected}",
                    ref(service),
                    ({"op": "replace", "path": f"/spec/ports/{index}/targetPort", "value": _value(expected)},)
                    if "targetPort" in entry and len(ports) == 1
                    else (),
                    command=f"kubectl edit {kubectl(service)}",
                ),
                evidence=(Quote(f"port {entry.get('port')} → {wanted}", f"Service {service.name}"),),
                field=f"spec.ports[{entry.get('name') or entry.get('port')}].targetPort",
            ),
            affects=(ref(service), *callers_of(scan, service)),
        )


def _unready(scan: Scan, service: Resource, backends: list[Resource]) -> Iterator[Cause]:
    """All pods that it selects are unready: what that looks like to its callers."""
    if any(pod_ready(pod) for pod in backends) or service.at("spec.publishNotReadyAddresses"):
        return
    owners = tuple(dict.fromkeys(scan.owner_ref(pod) for pod in backends))
    yield Cause(
        Finding(
            "error",
            "no-ready-endpoints",
            f"none of the pods behind Service {service.name} is ready",
            ref(service),
            found=f"0 of {len(backends)} pods ready",
            expected="at least one ready pod",
            why=f"a Service sends traffic only to pods that are ready ({_DOCS})",
            evidence=(Quote(", ".join(pod.name for pod in backends[:3]), f"pods of Service {service.name}"),),
            field="spec.selector",
        ),
        affects=owners,
        strength=Strength.SYMPTOM,
        alone=False,
    )


def _selector_fix(service: Resource, wrong: dict[str, str], labels: dict[str, str]) -> Fix:
    known = {key: labels[key] for key in wrong if key in labels}
    if not wrong or known.keys() != wrong.keys():
        return Fix("let the selector have the labels of the pods", command=f"kubectl edit {kubectl(service)}")
    patch = tuple(
        {"op": "replace", "path": f"/spec/selector/{_escaped(key)}", "value": value}
        for key, value in known.items()
    )
    text = ", ".join(f"{key}={value}" for key, value in known.items())
    return Fix(f"select {text}", ref(service), patch, command=f"kubectl edit {kubectl(service)}")


def _has_port(pod: Resource, wanted: Any) -> bool:
    """Whether a pod can answer on a port; numbers need not be declared, so a pod without any may have it."""
    ports = declared_ports(pod.get("spec") or {})
    if isinstance(wanted, int):
        return wanted in ports or not ports
    return wanted in ports.values()


def _meant(ports: dict[int, str], entry: dict[str, Any]) -> str:
    wanted = str(entry.get("targetPort", entry.get("port")))
    names = [name for name in ports.values() if name]
    if len(ports) == 1:
        number, name = next(iter(ports.items()))
        return name if name and not wanted.isdigit() else str(number)
    near = get_close_matches(wanted, names, n=1)
    return near[0] if near else _shown(ports)


def _shown(ports: dict[int, str]) -> str:
    return (
        " or ".join(f"{number} ({name})" if name else str(number) for number, name in ports.items())
        or "no ports"
    )


def _value(text: str) -> int | str:
    return int(text) if text.isdigit() else text


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _selected(wanted: dict[str, str], labels: dict[str, str]) -> bool:
    return bool(wanted) and all(labels.get(key) == value for key, value in wanted.items())


def _labels(workload: Resource) -> dict[str, str]:
    if workload.kind == "Pod":
        return workload.labels
    return dict(workload.at("spec.template.metadata.labels", {}))


def _likeness(wanted: dict[str, str], labels: dict[str, str], service: str, name: str) -> float:
    """How likely a Service means a workload: labels in common, values that are nearly the same, its name."""
    same = sum(labels.get(key) == value for key, value in wanted.items())
    near = sum(
        bool(get_close_matches(value, [labels[key]])) for key, value in wanted.items() if key in labels
    )
    named = 1.5 * (service == name) + 0.5 * bool(get_close_matches(service, [name]))
    return same + 0.5 * near + named


def _nearest_labels(wrong: dict[str, str], labels: dict[str, str]) -> str:
    near: dict[str, str] = {}
    for key, value in wrong.items():
        keys = [key] if key in labels else [k for k, v in labels.items() if v == value]
        keys = keys or get_close_matches(key, list(labels), n=1)
        near |= {k: labels[k] for k in keys[:1]}
    return ", ".join(f"{key}={value}" for key, value in (near or labels).items())


def _over(pod: Resource) -> bool:
    return pod.at("status.phase") in ("Succeeded", "Failed") or bool(pod["metadata"].get("deletionTimestamp"))
