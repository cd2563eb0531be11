"""The fields that a Pulumi program writes, against the schema of the kind that the resource is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import lru_cache

from kitlib.checks.external import catalogue
from kitlib.checks.external.structural import Schema, Validator
from kitlib.checks.pulumi_values import Program, Value
from kitlib.checks.rule import Hit, rule
from kitlib.checks.rules.pulumi import programs
from kitlib.checks.sources import dotted, parse
from kitlib.checks.targets import File, Project

_PACKAGE = "pulumi_kubernetes"
_OWN = frozenset({"resource_name", "opts", "args"})  # Pulumi's, on every resource


@rule(
    "project",
    "pulumi-field",
    "error",
    "A resource has a field that its kind does not know",
    why="a property that the class lacks stops the program; inside of a dictionary Pulumi passes the name "
    "on, and the API server refuses the object or drops the field",
    source="https://www.pulumi.com/docs/iac/languages-sdks/python/#typed-inputs",
)
def unknown_field(project: Project) -> Iterator[Hit]:
    for file, _ in programs(project):
        yield from _faults(file)


@lru_cache(maxsize=16)
def _faults(file: File) -> tuple[Hit, ...]:
    """The faults of one program; they depend on nothing else."""
    tree = parse(file)
    assert tree is not None  # as `programs` has seen
    program, names = Program(tree), _imported(tree)
    hits: dict[tuple[str, str], Hit] = {}  # one place may be reached on several ways
    for call, inside in program.calls:
        validator = _validator(dotted(call.func), names)
        if validator is not None:
            for hit in _resource(file, program, Value(call, inside), validator):
                hits.setdefault((str(hit.where), hit.found), hit)
    return tuple(hits.values())


def snake(name: str) -> str:
    """Pulumi's way of writing a field: `cluster_ip` for clusterIP, `external_ips` for externalIPs."""
    name = re.sub(r"([A-Z]{2,})s(?=[A-Z]|$)", lambda match: f"{match[1].capitalize()}s", name)
    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()


def _imported(tree: ast.Module) -> dict[str, str]:
    """The full names of what a program imports from Pulumi's package, by the names it has here."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith(_PACKAGE):
            found |= {item.asname or item.name: f"{node.module}.{item.name}" for item in node.names}
        elif isinstance(node, ast.Import):
            found |= {
                item.asname or _PACKAGE: item.name if item.asname else _PACKAGE
                for item in node.names
                if item.name.startswith(_PACKAGE)
            }
    return found


def _validator(name: str, names: Mapping[str, str]) -> Validator | None:
    """The schema of the kind that a class makes, such as pulumi_kubernetes.apps.v1.Deployment."""
    first, _, rest = name.partition(".")
    parts = (f"{names[first]}.{rest}".rstrip(".") if first in names else "").split(".")
    if len(parts) != 4:
        return None
    group, version, kind = parts[1:]
    for (api, known), validator in catalogue.builtin().items():
        full, _, its_version = api.rpartition("/")
        same = (full.partition(".")[0], its_version, known)
        if same == (group if group != "core" else "", version, kind.removesuffix("Patch")):
            return validator
    return None


def _resource(file: File, program: Program, value: Value, validator: Validator) -> Iterator[Hit]:
    """The faults of one resource; its own properties are Pulumi's, in its way of writing alone."""
    assert isinstance(value.node, ast.Call)
    properties: Mapping[str, Schema] = validator.schema["properties"]
    known = {snake(name): schema for name, schema in properties.items()}
    for item in value.node.keywords:
        if item.arg is None or item.arg in _OWN:
            continue
        if item.arg not in known:
            yield _hit(file, item.lineno, item.arg, [*known, *sorted(_OWN)], dotted(value.node.func))
        elif item.arg != "status":
            yield from _inner(file, program, value.next(item.value), known[item.arg], validator)


def _inner(file: File, program: Program, value: Value, schema: Schema, whole: Validator) -> Iterator[Hit]:
    """The faults below a field, in either way of writing names."""
    while "$ref" in schema:
        schema = whole.definitions.get(schema["$ref"].rpartition("/")[2], {})
    if "items" in schema:
        for item in program.items(value):
            yield from _inner(file, program, item, schema["items"], whole)
        return
    properties: Mapping[str, Schema] = schema.get("properties") or {}
    known = dict(properties) | {snake(name): inner for name, inner in properties.items()}
    for name, line, inner in program.fields(value) if properties else ():
        if name in known:
            yield from _inner(file, program, inner, known[name], whole)
        else:
            yield _hit(file, line, name, list(properties), "")


def _hit(file: File, line: int, name: str, known: list[str], owner: str) -> Hit:
    words = {snake(other): other for other in known}
    near = get_close_matches(snake(name), words, n=1, cutoff=0.5)
    shown = ", ".join(sorted(known)[:12]) + (", …" if len(known) > 12 else "")
    return Hit(
        file.at(line),
        f"the unknown field {name}" + (f" of {owner}" if owner else ""),
        words[near[0]] if near else f"one of {shown}",
        f"write {words[near[0]]}" if near else f"remove {name}, or move it to where it belongs",
    )
