"""The specification's values beside those of the artifacts and the cluster."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from kitlib.artifacts.manifests import Target
from kitlib.drift.facts import COMPONENT, Fact, facts, given, required, same
from kitlib.drift.fields import ABSENT, flat, shown, shown_path
from kitlib.drift.live import Compared
from kitlib.drift.report import Difference
from kitlib.findings import Ref
from kitlib.specs.application import Application
from kitlib.specs.result import Reading

FIX = "kit spec render, then deploy again; or change the specification"


def against_spec(compared: list[Compared], target: Target, reading: Reading[Application]) -> list[Difference]:
    """What the artifacts say otherwise than the specification."""
    found = [
        difference
        for fact in facts(target)
        for item in _of(compared, fact)
        if (difference := _difference(item, fact, reading))
    ]
    return found + list(_variables(compared, target, reading))


def with_spec(
    found: list[Difference], compared: list[Compared], target: Target, reading: Reading[Application]
) -> list[Difference]:
    """Differences between artifact and cluster, with what the specification says about the same fields."""
    said = {(item.ref, shown_path(fact.path)): fact for fact in facts(target) for item in _of(compared, fact)}
    return [
        replace(item, spec=shown(fact.value), where=reading.where(*fact.source))
        if (fact := said.get((item.object, item.field)))
        else item
        for item in found
        if isinstance(item.object, Ref)
    ]


def _of(compared: Iterable[Compared], fact: Fact) -> Iterator[Compared]:
    """The objects that a fact is about."""
    for item in compared:
        labels = item.raw["metadata"].get("labels") or {}
        mine = not fact.component or labels.get(COMPONENT) == fact.component
        if item.raw["kind"] == fact.kind and item.wanted is not None and mine:
            yield item


def _difference(item: Compared, fact: Fact, reading: Reading[Application]) -> Difference | None:
    if item.scaled and fact.path == ("spec", "replicas"):
        return None
    artifact = _value(item.wanted, fact)
    if same(fact.value, artifact) or (fact.kind == "ConfigMap" and artifact is None):
        return None  # a variable left out has the program's own default, which the specification repeats
    return Difference(
        "spec",
        item.ref,
        field=shown_path(fact.path),
        spec=shown(fact.value) if fact.value is not None else ABSENT,
        artifact=shown(artifact) if artifact is not None else ABSENT,
        cluster=shown(live) if (live := _value(item.found, fact)) is not None else ABSENT,
        where=reading.where(*fact.source),
        fix=FIX,
    )


def _value(body: Mapping[str, Any] | None, fact: Fact) -> Any:
    """The value at a fact's path; for one that must not be there, whatever stands below it."""
    rows = flat(body or {})
    if fact.value is None:
        below = {path: value for path, value in rows.items() if path[: len(fact.path)] == fact.path}
        return "present" if below else None
    return rows.get(fact.path)


def _variables(
    compared: list[Compared], target: Target, reading: Reading[Application]
) -> Iterator[Difference]:
    """Required variables that the artifacts set nowhere."""
    objects = [item.raw for item in compared]
    names = {item["metadata"]["name"] for item in objects if item["kind"] in ("Secret", "ExternalSecret")}
    for component in target.components:
        deployment = next(_of(compared, Fact("Deployment", component.name, (), None, ())), None)
        if deployment is None or not _secrets_of(deployment.raw) <= names:
            continue  # a Secret from elsewhere may hold them
        for name in sorted(required(component).keys() - given(component.name, objects)):
            yield Difference(
                "spec",
                deployment.ref,
                field=f"environment variable {name}",
                spec="required",
                artifact=ABSENT,
                cluster=ABSENT,
                where=reading.where(*required(component)[name]),
                fix=FIX,
            )


def _secrets_of(deployment: Mapping[str, Any]) -> set[str]:
    bodies = deployment["spec"]["template"]["spec"]["containers"]
    return {
        entry["secretRef"]["name"]
        for body in bodies
        for entry in body.get("envFrom") or []
        if "secretRef" in entry
    }
