"""Every object against the schema of its kind, all faults at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from kitlib.checks.external import catalogue
from kitlib.checks.external.structural import Fault, Validator
from kitlib.checks.rule import Hit, rule
from kitlib.checks.targets import TARGET, KubeObject, Project

_SOURCE = "kubernetes.io/docs/reference/kubernetes-api; for CRDs their own schema"
_MINOR = TARGET.rpartition(".")[0]


@rule(
    "project",
    "schema",
    "error",
    f"An object is not what Kubernetes {_MINOR} knows",
    why="The API server refuses a field that it doesn't know, a wrong type and a missing field.",
    source=_SOURCE,
)
def schema(project: Project) -> Iterator[Hit]:
    known = _known(project)
    for item in _objects(project):
        validator = known.get(_gvk(item))
        if validator is not None:
            for fault in validator.faults(item.body):
                yield _hit(item, fault)


@rule(
    "project",
    "schema-version",
    "error",
    f"A kind is not in this API version in Kubernetes {_MINOR}",
    why="The API server answers: no matches for kind.",
    source="kubernetes.io/docs/reference/using-api/deprecation-guide",
)
def schema_version(project: Project) -> Iterator[Hit]:
    known = _known(project)
    for item in _objects(project):
        version, kind = _gvk(item)
        if (version, kind) in known:
            continue
        others = sorted((v for v, k in known if k == kind and _related(v, version)), key=_age)
        kinds = {k for v, k in known if v == version}
        if others:
            yield Hit(item.at("apiVersion"), f"{version} {kind}", others[0], f"apiVersion: {others[0]}")
        elif kinds:
            near = get_close_matches(kind, kinds, n=1)
            fix = f"kind: {near[0]}" if near else "correct the kind, or its apiVersion"
            yield Hit(item.at("kind"), f"{version} {kind}", near[0] if near else f"a kind of {version}", fix)


@rule(
    "project",
    "schema-unknown",
    "info",
    "No schema is known for a kind",
    why="Its fields aren't checked.",
    source=_SOURCE,
)
def schema_unknown(project: Project) -> Iterator[Hit]:
    known = _known(project)
    groups = {version.partition("/")[0] for version, _ in known}
    seen: set[tuple[str, str]] = set()
    for item in _objects(project):
        gvk = _gvk(item)
        if gvk not in known and gvk[0].partition("/")[0] not in groups and gvk not in seen:
            seen.add(gvk)
            fix = "put its CustomResourceDefinition among the manifests"
            yield Hit(item.at("apiVersion"), f"{gvk[0]} {gvk[1]}", "a kind with a schema", fix)


def _known(project: Project) -> Mapping[tuple[str, str], Validator]:
    return {**catalogue.builtin(), **catalogue.bundled(), **catalogue.of_project(project)}


def _objects(project: Project) -> Iterator[KubeObject]:
    """All objects but live ones: the API server has validated those."""
    for bundle in project.bundles:
        if bundle.origin != "live":
            yield from bundle.objects


def _gvk(item: KubeObject) -> tuple[str, str]:
    return str(item.get("apiVersion", default="")), item.kind


def _related(version: str, other: str) -> bool:
    """Whether two API versions are of one group, or the other is of `extensions`, which was split up."""
    return version.rpartition("/")[0] == other.rpartition("/")[0] or other.startswith("extensions/")


def _age(version: str) -> tuple[bool, str]:
    """Sorts stable versions first, then the newest."""
    name = version.rpartition("/")[2]
    return "alpha" in name or "beta" in name, "".join(chr(0x10FFFF - ord(c)) for c in name)


def _hit(item: KubeObject, fault: Fault) -> Hit:
    """Where the fault stands; a Secret's values are never shown."""
    where, place = item.at(*fault.path), ".".join(map(str, fault.path))
    if item.kind == "Secret" and fault.path[:1] in (("data",), ("stringData",)) and len(fault.path) > 1:
        return Hit(where, f"{place} is not text", fault.expected, f"put the value of {place} in quotes")
    named = place and not fault.found.startswith("the unknown")
    return Hit(where, f"{place}: {fault.found}" if named else fault.found, fault.expected, fault.fix)
