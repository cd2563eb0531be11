"""The architecture's services against their containers and against one another."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from kitlib.findings import Finding
from kitlib.specs.crosscheck.documents import Documents
from kitlib.specs.models.architecture import Architecture, Service
from kitlib.specs.models.container import Container
from kitlib.specs.problems import Loc
from kitlib.specs.quantities import cpu, memory
from kitlib.specs.values import nearest

ARCHITECTURE: Loc = ("architecture",)
STORES = ("database", "cache")
_RESTRICTED = "kubernetes.io/docs/concepts/security/pod-security-standards"


def check(documents: Documents) -> Iterator[Finding]:
    """What the architecture and the container specifications say differently."""
    architecture = documents.architecture
    if architecture is None:
        return
    for index, service in enumerate(architecture.services):
        base: Loc = ("services", index)
        yield from _container_there(documents, service, base)
        yield from _calls(documents, architecture, service, base)
        yield from _reachable(documents, architecture, service, base)
        container = documents.container(service.name)
        if container is not None:
            yield from _resources(documents, service, container, base)
            yield from _ports(documents, service, container, base)
            yield from _security(documents, architecture, container)
    yield from _strangers(documents, architecture)
    yield from _hosts(documents, architecture)


def _container_there(documents: Documents, service: Service, base: Loc) -> Iterator[Finding]:
    why = "The image, the ports and the probes of a service are made from its container specification."
    if service.name not in documents.container_names:
        yield documents.problem(
            "spec-container-missing",
            ARCHITECTURE,
            base,
            found=f"no container specification for {service.name}",
            expected=f"a document # Container Specification: {service.title.removesuffix(' Service')}",
            fix=f"kit spec init container containers/{service.name}.md",
            why=why,
        )
    elif service.container:
        actual = Path(documents.file("containers", service.name))
        folder = Path(documents.file("architecture")).parent
        named = folder / service.container
        if named.resolve() != actual.resolve():
            yield documents.problem(
                "spec-container-missing",
                ARCHITECTURE,
                (*base, "container"),
                found=service.container,
                expected=f"the file that specifies {service.name}: {actual.name}",
                fix=f"write {os.path.relpath(actual, folder)}",
                why=why,
            )


def _strangers(documents: Documents, architecture: Architecture) -> Iterator[Finding]:
    known = [service.name for service in architecture.services]
    for name in documents.container_names:
        if name not in known:
            best = nearest(name, known)
            yield documents.problem(
                "spec-service-unknown",
                ("containers", name),
                ("title",),
                found=name,
                expected=f"a service of {documents.file('architecture')}: {', '.join(known)}",
                fix=f"did you mean {best}?" if best else f"add the service {name} to the architecture",
                why="Nothing runs a container that belongs to no service.",
            )


def _calls(
    documents: Documents, architecture: Architecture, service: Service, base: Loc
) -> Iterator[Finding]:
    others = [other.name for other in architecture.services if other.name != service.name]
    stores = [s for s in STORES if s == "database" or architecture.storage.cache]
    for callee in service.calls:
        if callee in others or callee in stores:
            continue
        valid = [*others, *stores]
        best = nearest(callee, valid)
        yield documents.problem(
            "spec-calls-unknown",
            ARCHITECTURE,
            (*base, "calls"),
            found=callee,
            expected=", ".join(valid),
            fix=f"write {best}" if best else "take it out, or specify it",
            why="Network policies allow exactly the calls that stand here; this one leads nowhere.",
        )


def _reachable(
    documents: Documents, architecture: Architecture, service: Service, base: Loc
) -> Iterator[Finding]:
    callers = [other.name for other in architecture.services if service.name in other.calls]
    if service.port is None and (callers or service.hosts or service.development_hosts):
        reason = f"{', '.join(callers)} calls it" if callers else "it has hosts"
        yield documents.problem(
            "spec-port-missing",
            ARCHITECTURE,
            base,
            found=f"no Port, though {reason}",
            expected="the port of its Service",
            fix="add - **Port**: 80",
            why="Without a port there is no Service, so nothing can reach it.",
        )
    if service.replicas.autoscaled and service.replicas.minimum < 1:
        yield documents.problem(
            "spec-replicas",
            ARCHITECTURE,
            (*base, "replicas"),
            found=f"{service.replicas.minimum} replicas at least, with an autoscaler",
            expected="1 or more",
            fix=f"write 1-{service.replicas.maximum} (HPA)",
            why="An autoscaler on CPU and memory can't start from zero: nothing measures what doesn't run "
            "(kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale)",
        )


def _resources(documents: Documents, service: Service, container: Container, base: Loc) -> Iterator[Finding]:
    for field, measure, label in (
        ("cpu_request", cpu, "CPU request"),
        ("cpu_limit", cpu, "CPU limit"),
        ("memory_request", memory, "memory request"),
        ("memory_limit", memory, "memory limit"),
    ):
        wanted, written = getattr(service.resources, field), getattr(container.resources, field)
        if measure(wanted) != measure(written):
            where = documents.line(ARCHITECTURE, *base, "resources", field)
            yield documents.problem(
                "spec-resources-differ",
                ("containers", service.name),
                ("resources", field),
                found=f"a {label} of {written}",
                expected=f"{wanted}, as in {where}",
                fix=f"write {wanted} here, or {written} there",
                why="Both documents describe one container, and only one of the two numbers can be applied.",
            )


def _ports(documents: Documents, service: Service, container: Container, base: Loc) -> Iterator[Finding]:
    serving = [port for port in container.ports if port.name != "metrics"]
    if service.port is not None and not serving:
        yield documents.problem(
            "spec-port-missing",
            ("containers", service.name),
            ("ports",),
            found="no port but that of metrics" if container.ports else "no ports",
            expected=f"the port behind Port {service.port} in {documents.line(ARCHITECTURE, *base, 'port')}",
            fix="add a row for it to the table under Ports",
            why="The Service would have no port of the container to lead to.",
        )
    checks = {"liveness": container.liveness, "readiness": container.readiness, "startup": container.startup}
    for name, probe in checks.items():
        if probe is not None and probe.path and not serving:
            yield documents.problem(
                "spec-port-missing",
                ("containers", service.name),
                (name,),
                found=f"GET {probe.path}, and no port to ask",
                expected="a port under Ports, or a command",
                fix="add a row for it to the table under Ports",
                why="A probe of this form asks the container's first port.",
            )


def _security(documents: Documents, architecture: Architecture, container: Container) -> Iterator[Finding]:
    if architecture.security.pod_security != "Restricted":
        return
    security, document = container.security, ("containers", container.name)
    where = documents.line(ARCHITECTURE, "security", "pod_security")
    why = f"Pod Security admission refuses such pods ({_RESTRICTED})"
    if not security.non_root or security.uid == 0:
        yield documents.problem(
            "spec-security",
            document,
            ("security", "uid"),
            found="root",
            expected=f"another user: Pod Security is Restricted in {where}",
            fix="write Non-root (UID 1000)",
            why=why,
        )
    if "ALL" not in security.drop_capabilities:
        yield documents.problem(
            "spec-security",
            document,
            ("security", "drop_capabilities"),
            found="capabilities are kept",
            expected=f"none: Pod Security is Restricted in {where}",
            fix="write Drop all",
            why=why,
        )


def _hosts(documents: Documents, architecture: Architecture) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for index, service in enumerate(architecture.services):
        for host in (*service.hosts, *service.development_hosts):
            if host in seen:
                yield documents.problem(
                    "spec-host-twice",
                    ARCHITECTURE,
                    ("services", index, "hosts"),
                    found=f"{host}, which {seen[host]} has already",
                    expected="a host of its own",
                    fix="give one of the two another host",
                    why="Of two Ingress rules for one host and path, which one answers is not defined.",
                )
            seen.setdefault(host, service.name)
