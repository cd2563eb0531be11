"""Ingresses: backends, classes and certificates that are not there, or no longer valid."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from kitlib.cluster.resource import Resource
from kitlib.diagnosis.calling import addresses_of
from kitlib.diagnosis.cause import Cause, Scan
from kitlib.diagnosis.certificates import expiry
from kitlib.diagnosis.scan import ref
from kitlib.diagnosis.templates import kubectl
from kitlib.findings import Finding, Fix, Quote, Ref

_DOCS = "kubernetes.io/docs/concepts/services-networking/ingress"
_DEFAULT_CLASS = "ingressclass.kubernetes.io/is-default-class"
_OLD_CLASS = "kubernetes.io/ingress.class"


def ingresses(scan: Scan) -> Iterator[Cause]:
    """What is wrong with the Ingresses."""
    for item in scan.of("Ingress"):
        yield from _class(scan, item)
        yield from _certificates(scan, item)
        for path, backend in _backends(item):
            yield from _backend(scan, item, path, backend)


def _class(scan: Scan, item: Resource) -> Iterator[Cause]:
    if not scan.knows("IngressClass"):
        return
    classes = scan.of("IngressClass")
    names = [c.name for c in classes]
    wanted = item.at("spec.ingressClassName")
    if wanted in names or (wanted is None and _has_class(item, classes)):
        return
    near = get_close_matches(str(wanted), names, n=1) or names
    yield _cause(
        item,
        "ingress-class",
        f"no controller serves Ingress {item.name}: there is no class {wanted}"
        if wanted
        else f"no controller serves Ingress {item.name}: it names no class, and none is the default",
        "spec.ingressClassName",
        found=str(wanted or "no class"),
        expected=near[0] if near else "an IngressClass that exists; the cluster has none",
        why=f"a controller serves the Ingresses of its own class ({_DOCS})",
    )


def _has_class(item: Resource, classes: list[Resource]) -> bool:
    annotated = _OLD_CLASS in (item["metadata"].get("annotations") or {})
    default = any((c["metadata"].get("annotations") or {}).get(_DEFAULT_CLASS) == "true" for c in classes)
    return annotated or default


def _backends(item: Resource) -> Iterator[tuple[str, dict[str, Any]]]:
    if default := item.at("spec.defaultBackend"):
        yield "spec.defaultBackend", default
    for rule in item.at("spec.rules", []):
        for path in (rule.get("http") or {}).get("paths") or ():
            where = f"{rule.get('host', '*')}{path.get('path', '/')}"
            yield f"spec.rules[].http.paths[{where}].backend", path.get("backend") or {}


def _backend(scan: Scan, item: Resource, path: str, backend: dict[str, Any]) -> Iterator[Cause]:
    wanted = backend.get("service")
    if not wanted or not scan.knows("Service"):
        return
    here = scan.of("Service", item.namespace)
    service = scan.find("Service", wanted["name"], item.namespace)
    if service is None:
        near = get_close_matches(wanted["name"], [s.name for s in here], n=1)
        yield _cause(
            item,
            "ingress-service",
            f"Ingress {item.name} leads to Service {wanted['name']}, which does not exist",
            f"{path}.service.name",
            found=wanted["name"],
            expected=near[0] if near else f"a Service of {item.namespace}: {_names(here)}",
            why=f"an Ingress sends requests to a Service of its own namespace ({_DOCS})",
        )
        return
    port = wanted.get("port") or {}
    ports = service.at("spec.ports", [])
    if any(p.get("port") == port.get("number") or p.get("name", "") == port.get("name") for p in ports):
        return
    named = "name" in port
    offered = [str(p.get("name") if named else p["port"]) for p in ports]
    yield _cause(
        item,
        "ingress-port",
        f"Ingress {item.name} leads to a port that Service {service.name} does not have",
        f"{path}.service.port.{'name' if named else 'number'}",
        found=str(port.get("name") or port.get("number")),
        expected=" or ".join(offered),
        why=f"an Ingress names a port of the Service, not of its pods ({_DOCS})",
        also=(ref(service),),
    )


def _certificates(scan: Scan, item: Resource) -> Iterator[Cause]:
    for index, entry in enumerate(item.at("spec.tls", [])):
        name = entry.get("secretName")
        if not name or not scan.knows("Secret"):
            continue
        secret = scan.find("Secret", name, item.namespace)
        if secret is None:
            names = [
                s.name for s in scan.of("Secret", item.namespace) if s.get("type") == "kubernetes.io/tls"
            ]
            near = get_close_matches(name, names, n=1) or names[:1]
            yield _cause(
                item,
                "ingress-tls-missing",
                f"Ingress {item.name} names a TLS Secret that does not exist: {name}",
                f"spec.tls[{index}].secretName",
                found=name,
                expected=near[0] if near else "a Secret of type kubernetes.io/tls",
                why=f"without it the controller serves its own certificate, or nothing ({_DOCS})",
                also=_visitors(scan, item),
            )
        elif (ends := expiry(secret)) is not None and ends < scan.at:
            yield Cause(
                _expired(item, secret, ends.isoformat()),
                affects=(ref(item), ref(secret), *_visitors(scan, item)),
            )


def _visitors(scan: Scan, item: Resource) -> tuple[Ref, ...]:
    """The workloads that are told one of the Ingress's hosts."""
    hosts = {rule.get("host") for rule in item.at("spec.rules", [])} - {None}
    return tuple(
        ref(one) for one in scan.workloads() if any(a.host in hosts for a in addresses_of(scan, one))
    )


def _expired(item: Resource, secret: Resource, ends: str) -> Finding:
    return Finding(
        "error",
        "certificate-expired",
        f"the certificate in Secret {secret.name} has expired",
        ref(secret),
        found=f"valid until {ends}",
        expected="a certificate that is valid now",
        why="clients refuse a certificate after its notAfter (RFC 5280, 4.1.2.5)",
        fix=Fix(
            "replace it by a new one",
            command=f"kit runbook run tls-rotation -p namespace={secret.namespace} -p secret={secret.name}",
        ),
        evidence=(Quote(f"secretName: {secret.name}", f"Ingress {item.name}"),),
        field="data[tls.crt]",
    )


def _cause(
    item: Resource,
    rule: str,
    title: str,
    field: str,
    *,
    found: str,
    expected: str,
    why: str,
    also: tuple[Ref, ...] = (),
) -> Cause:
    fix = Fix(f"let {field} be {expected}", command=f"kubectl edit {kubectl(item)}")
    evidence = (Quote(f"{field}: {found}", f"Ingress {item.name}"),)
    finding = Finding("error", rule, title, ref(item), found, expected, why, fix, evidence, field)
    return Cause(finding, affects=(ref(item), *also))


def _names(items: list[Resource]) -> str:
    return ", ".join(sorted(item.name for item in items)) or "there is none"
