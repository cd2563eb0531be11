"""The variables of containers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kitlib.checks.rule import Hit, rule
from kitlib.checks.rules.configuration import REFUSED, quoted
from kitlib.checks.targets import KubeObject, mapping, sequence

_ENV = "https://kubernetes.io/docs/tasks/inject-data-application/define-environment-variable-container/"


@rule(
    "object",
    "env-not-text",
    "error",
    "A variable's value is not text",
    why="The API server refuses numbers and booleans as values of variables.",
    source=REFUSED,
)
def env_not_text(item: KubeObject) -> Iterator[Hit]:
    for container in item.containers():
        for index, entry in enumerate(map(mapping, sequence(container.get("env")))):
            value = entry.get("value")
            if value is not None and not isinstance(value, str):
                where = container.at("env", index, "value")
                kind = type(value).__name__
                yield Hit(where, f"{entry.get('name')}: {kind}", "text in quotes", f"value: {quoted(value)}")


@rule(
    "object",
    "number-mangled",
    "error",
    "A number was turned into another text",
    why="Helm reads a whole number from a values file as floating point: from a million on it renders as "
    "1e+06.",
    source="https://github.com/helm/helm/issues/1707",
)
def number_mangled(item: KubeObject) -> Iterator[Hit]:
    pattern = re.compile(r"\d(\.\d+)?e\+\d+")
    for container in item.containers():
        for index, entry in enumerate(map(mapping, sequence(container.get("env")))):
            if pattern.fullmatch(str(entry.get("value", ""))):
                where, found = (
                    container.at("env", index, "value"),
                    f"{entry.get('name')}: {entry.get('value')}",
                )
                yield Hit(
                    where, found, "all digits", f"value: {{{{ int64 … | quote }}}}   # {entry.get('name')}"
                )
    if item.kind == "ConfigMap":
        for key, value in mapping(item.get("data")).items():
            if pattern.fullmatch(str(value)):
                yield Hit(
                    item.at("data", key), f"{key}: {value}", "all digits", f"{key}: {{{{ int64 … | quote }}}}"
                )


@rule(
    "object",
    "env-duplicate",
    "warning",
    "A variable is set twice",
    why="The last one counts, and server-side apply refuses the list.",
    source=_ENV,
)
def env_duplicate(item: KubeObject) -> Iterator[Hit]:
    for container in item.containers():
        seen: set[str] = set()
        for index, entry in enumerate(map(mapping, sequence(container.get("env")))):
            name = str(entry.get("name"))
            if name in seen:
                yield Hit(
                    container.at("env", index, "name"),
                    f"{name} again",
                    f"{name} once",
                    "remove one of the two",
                )
            seen.add(name)


@rule(
    "object",
    "env-order",
    "error",
    "A variable uses one that comes later",
    why="$(NAME) sees only variables that stand before it; otherwise the text stays as it is.",
    source="https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/",
)
def env_order(item: KubeObject) -> Iterator[Hit]:
    for container in item.containers():
        names = [str(mapping(entry).get("name")) for entry in sequence(container.get("env"))]
        for index, entry in enumerate(map(mapping, sequence(container.get("env")))):
            for used in re.findall(r"(?<!\$)\$\(([A-Za-z_]\w*)\)", str(entry.get("value", ""))):
                if used in names and names.index(used) >= index:
                    where = container.at("env", index, "value")
                    yield Hit(
                        where,
                        f"$({used}) in {names[index]}",
                        f"{used} before it",
                        f"move {used} above {names[index]}",
                    )
