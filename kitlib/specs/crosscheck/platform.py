"""The clusters and the build against the services that they are for."""

from __future__ import annotations

from collections.abc import Iterator

from kitlib.findings import Finding
from kitlib.specs.crosscheck.documents import Documents
from kitlib.specs.models.architecture import Architecture, Service
from kitlib.specs.models.build import Image
from kitlib.specs.models.infrastructure import Infrastructure
from kitlib.specs.models.local_cluster import Override
from kitlib.specs.problems import Loc
from kitlib.specs.quantities import cpu, memory
from kitlib.specs.values import nearest

_VERSION_WHY = "What is only tried on an older Kubernetes than the application needs is not tried at all."


def check(documents: Documents) -> Iterator[Finding]:
    """What the clusters and the build say otherwise than the architecture and the containers."""
    architecture = documents.architecture
    if architecture is None:
        return
    yield from _versions(documents, architecture)
    if documents.infrastructure:
        yield from _nodes(documents, architecture, documents.infrastructure)
    yield from _overrides(documents, architecture)
    yield from _build(documents, architecture)


def _versions(documents: Documents, architecture: Architecture) -> Iterator[Finding]:
    least = architecture.compute.kubernetes
    where = documents.line(("architecture",), "compute", "kubernetes")
    clusters: list[tuple[str, Loc, str]] = []
    if documents.local_cluster:
        clusters.append(("local_cluster", ("kubernetes",), documents.local_cluster.kubernetes))
    if documents.infrastructure:
        version = documents.infrastructure.control_plane.version
        clusters.append(("infrastructure", ("control_plane", "version"), version))
    for document, path, version in clusters:
        if _minor(version) < _minor(least):
            yield documents.problem(
                "spec-version-differs",
                (document,),
                path,
                found=version,
                expected=f"{least} or newer, as in {where}",
                fix=f"write {least}",
                why=_VERSION_WHY,
            )


def _minor(version: str) -> int:
    return int(version.partition(".")[2])


def _nodes(documents: Documents, architecture: Architecture, infra: Infrastructure) -> Iterator[Finding]:
    compute = architecture.compute
    pools = [(index, pool) for index, pool in enumerate(infra.pools) if not pool.taints]
    fitting = [
        (index, pool)
        for index, pool in pools
        if pool.vcpu >= compute.node_vcpu and pool.memory_gb >= compute.node_memory_gb
    ]
    where = documents.line(("architecture",), "compute", "nodes")
    if sum(pool.min_nodes for _, pool in fitting) < compute.nodes:
        index = (fitting or pools or [(0, infra.pools[0])])[0][0]
        size = f"{compute.node_vcpu} vCPU and {compute.node_memory_gb}GB"
        yield documents.problem(
            "spec-nodes-differ",
            ("infrastructure",),
            ("pools", index, "min_nodes"),
            found=f"{sum(pool.min_nodes for _, pool in fitting)} such nodes at least, without taints",
            expected=f"{compute.nodes} nodes of {size} or more, as in {where}",
            fix=f"write Min Nodes {compute.nodes} for a pool of that size",
            why="Only pods that tolerate a taint run on tainted nodes, and the services' don't.",
        )
    if infra.security.pod_security != architecture.security.pod_security:
        there = documents.line(("architecture",), "security", "pod_security")
        yield documents.problem(
            "spec-security",
            ("infrastructure",),
            ("security", "pod_security"),
            found=infra.security.pod_security,
            expected=f"{architecture.security.pod_security}, as in {there}",
            fix=f"write {architecture.security.pod_security}",
            why="The namespace has one level, and the pods are made for the architecture's.",
        )


def _overrides(documents: Documents, architecture: Architecture) -> Iterator[Finding]:
    if documents.local_cluster is None:
        return
    known = [service.name for service in architecture.services]
    for name, override in documents.local_cluster.overrides.items():
        base: Loc = ("overrides", name)
        service = architecture.service(name)
        if service is None:
            best = nearest(name, known)
            yield documents.problem(
                "spec-service-unknown",
                ("local_cluster",),
                base,
                found=name,
                expected=", ".join(known),
                fix=f"write {best}" if best else "take the row out",
                why="There is no service of that name whose development could differ.",
            )
            continue
        yield from _variables(documents, name, override, base)
        yield from _limits(documents, service, known.index(name), override)


def _limits(documents: Documents, service: Service, index: int, override: Override) -> Iterator[Finding]:
    for field, measure in (("cpu_limit", cpu), ("memory_limit", memory)):
        ours, theirs = getattr(override.resources, field), getattr(service.resources, field)
        if measure(ours) > measure(theirs):
            where = documents.line(("architecture",), "services", index, "resources", field)
            yield documents.problem(
                "spec-resources-differ",
                ("local_cluster",),
                ("overrides", service.name, "resources", field),
                found=f"{ours} at most, in development",
                expected=f"{theirs} or less, as in {where}",
                fix=f"write {theirs}",
                why="What fits in development would be killed or slowed down in production.",
                severity="warning",
            )


def _variables(documents: Documents, name: str, override: Override, base: Loc) -> Iterator[Finding]:
    container = documents.container(name)
    if container is None:
        return
    sources = {variable.name: variable.source for variable in container.variables}
    file = documents.file("containers", name)
    for variable in override.variables:
        if variable not in sources:
            best = nearest(variable, list(sources))
            yield documents.problem(
                "spec-variable-unknown",
                ("local_cluster",),
                (*base, "variables"),
                found=variable,
                expected=f"a variable of {file}",
                fix=f"write {best}" if best else f"take it out, or add it to {file}",
                why="The container reads no variable of that name.",
            )
        elif sources[variable] != "ConfigMap":
            yield documents.problem(
                "spec-variable-source",
                ("local_cluster",),
                (*base, "variables"),
                found=f"{variable}, which comes from: {sources[variable]}",
                expected="variables that come from a ConfigMap",
                fix="take it out",
                why="A secret does not belong in a committed file, and what is built into an image can't be "
                "changed when it starts.",
            )


def _build(documents: Documents, architecture: Architecture) -> Iterator[Finding]:
    build = documents.build
    if build is None:
        return
    known = [service.name for service in architecture.services]
    meant = set()
    for name, image in build.services.items():
        if name in known:
            yield from _build_args(documents, name, image)
            continue
        best = nearest(name, known)
        meant.add(best)
        yield documents.problem(
            "spec-service-unknown",
            ("build",),
            ("services", name),
            found=name,
            expected=", ".join(known),
            fix=f"write {best}" if best else "take it out",
            why="An image that no service runs is built for nothing.",
        )
    for name in known:
        if name not in build.services and name not in meant:
            yield documents.problem(
                "spec-build-missing",
                ("build",),
                ("services",),
                found=f"no image for {name}",
                expected=f"an entry {name} under services",
                fix=f"add {name} with context, image and platforms",
                why="Its Deployment would name an image that nobody builds.",
            )


def _build_args(documents: Documents, name: str, image: Image) -> Iterator[Finding]:
    container = documents.container(name)
    declared = {v.name: v.default for v in container.variables if v.source == "Build"} if container else {}
    for argument, value in image.build_args.items():
        path: Loc = ("services", name, "build_args", argument)
        if declared and argument not in declared:
            best = nearest(argument, list(declared))
            yield documents.problem(
                "spec-variable-unknown",
                ("build",),
                path,
                found=argument,
                expected=f"an argument of {documents.file('containers', name)}: {', '.join(declared)}",
                fix=f"write {best}" if best else "take it out",
                why="Docker only warns of an argument that the Dockerfile does not have.",
            )
        elif container and value != container.base_image and declared.get(argument) == container.base_image:
            where = documents.line(("containers", name), "base_image")
            yield documents.problem(
                "spec-image-differs",
                ("build",),
                path,
                found=value,
                expected=f"{container.base_image}, as in {where}",
                fix=f"write {container.base_image}",
                why="What is built would not be what is specified.",
            )
