"""Charts: dependencies and values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from kitlib.checks.chart_values import (
    at,
    data,
    dependencies,
    leaves,
    lookup,
    merged,
    templates,
    values_files,
    vendored,
)
from kitlib.checks.rule import Hit, rule
from kitlib.checks.rules.secrets import credential
from kitlib.checks.targets import Chart, File, mapping

_DEPENDENCIES = "https://helm.sh/docs/chart_best_practices/dependencies/"
_NEEDED = re.compile(r"(URL|URI|DSN|PASSWORD|TOKEN|SECRET|KEY)$", re.IGNORECASE)
_DEV = re.compile(r"dev|local|test|ci/")


@rule(
    "chart",
    "chart-condition-missing",
    "error",
    "A dependency's condition names a value that is not there",
    why="A condition whose key is missing counts as true: the dependency is installed whether wanted or not.",
    source=f"{_DEPENDENCIES}#conditions-and-tags",
)
def chart_condition_missing(chart: Chart) -> Iterator[Hit]:
    about, values = chart.file("Chart.yaml"), data(chart.file("values.yaml"))
    for index, entry in enumerate(dependencies(chart)):
        keys = [key.strip() for key in str(entry.get("condition") or "").split(",") if key.strip()]
        found = [lookup(values, key) for key in keys]
        if about is None or not keys or any(isinstance(value, bool) for value in found):
            continue
        where, key = at(about, ("dependencies", index, "condition")), keys[0]
        given = "not a boolean" if found[0] is not None else "missing in values.yaml"
        yield Hit(where, f"condition: {key}, {given}", "true or false in values.yaml", _nested(key, "true"))


def _nested(dotted: str, value: str) -> str:
    *above, last = dotted.split(".")
    return (
        "".join(f"{key}: {{" for key in above) + f"{last}: {value}" + "}" * len(above) + "   # in values.yaml"
    )


@rule(
    "chart",
    "chart-bitnami",
    "error",
    "A dependency comes from Bitnami's catalogue",
    why="In 2025 the versioned images of those charts left the public catalogue: the chart installs, and "
    "its pods wait in ImagePullBackOff.",
    source="https://github.com/bitnami/charts/issues/35164",
)
def chart_bitnami(chart: Chart) -> Iterator[Hit]:
    about = chart.file("Chart.yaml")
    for index, entry in enumerate(dependencies(chart)):
        repository = str(entry.get("repository", ""))
        if about is not None and re.search(r"charts\.bitnami\.com|bitnamicharts|charts/bitnami", repository):
            name = entry.get("name")
            where = at(about, ("dependencies", index, "repository"))
            fix = f'a chart of your own over the official image in charts/{name}, and repository: ""'
            yield Hit(
                where, f"{name} {entry.get('version')} from {repository}", "images that can be pulled", fix
            )


@rule(
    "chart",
    "chart-latest",
    "error",
    "A values file sets the tag latest",
    why="What runs can't be told, repeated or rolled back, and the pull policy becomes Always where none "
    "is set.",
    source="https://helm.sh/docs/chart_best_practices/pods/#images",
)
def chart_latest(chart: Chart) -> Iterator[Hit]:
    for file in values_files(chart):
        if _DEV.search(file.path.rpartition("/")[2]):
            continue
        for path, value in leaves(data(file)):
            if path[-1:] == ("tag",) and value == "latest":
                where, key = at(file, path), ".".join(map(str, path))
                yield Hit(where, f"{key}: latest", "a version", 'tag: ""   # and | default .Chart.AppVersion')


@rule(
    "chart",
    "chart-required-value",
    "error",
    "A value that the application needs is empty, and nothing asks for it",
    why="The chart installs, and the program crashes when it finds an empty variable: `required` says so "
    "at install time.",
    source="https://helm.sh/docs/howto/charts_tips_and_tricks/#using-the-required-function",
)
def chart_required_value(chart: Chart) -> Iterator[Hit]:
    file = chart.file("values.yaml")
    foreign = {
        str(entry.get("name")) for entry in dependencies(chart) if not vendored(chart, str(entry.get("name")))
    }
    for path, value in leaves(data(file)):
        name = str(path[-1]) if path else ""
        secret = any(str(step).lower() in ("secret", "secrets") for step in path[:-1])
        if value != "" or not path or path[0] in foreign or not (secret and _NEEDED.search(name)):
            continue
        if file is not None and not _is_required(chart, name):
            dotted = ".".join(map(str, path))
            fix = f'{{{{ required "{dotted} is needed" .Values.{dotted} | quote }}}}'
            yield Hit(
                at(file, path), f'{dotted}: ""', "required in the template, or a Secret made elsewhere", fix
            )


def _is_required(chart: Chart, name: str) -> bool:
    """Whether a template demands a value: a line has `required` or `fail`, and its name or its group's."""
    for file in templates(chart):
        for line in file.text.splitlines():
            if re.search(r"\b(required|fail)\b", line) and (
                name in line or re.search(r"secrets\.%s|\$key", line)
            ):
                return True
    return False


@rule(
    "chart",
    "chart-credential",
    "error",
    "A values file holds a credential",
    why="It is in the repository, and in every release that Helm keeps.",
    source="https://kubernetes.io/docs/concepts/security/secrets-good-practices/",
)
def chart_credential(chart: Chart) -> Iterator[Hit]:
    for file in values_files(chart):
        for path, value in leaves(data(file)):
            name = str(path[-1]) if path else ""
            kind = credential(name, value)
            if kind and not re.search(r"(?i)existing|secretname|secretkey$|keyname", name):
                dotted = ".".join(map(str, path))
                fix = f"--set-string {dotted}=…, or a Secret made outside (existingSecret)"
                yield Hit(at(file, path), f"{dotted}: {kind} (not shown)", "no value in a file", fix)


@rule(
    "chart",
    "chart-pdb-single",
    "error",
    "The values give a disruption budget to what runs once",
    why="minAvailable of all replicas blocks every drain of a node.",
    source="https://kubernetes.io/docs/tasks/run-application/configure-pdb/",
)
def chart_pdb_single(chart: Chart) -> Iterator[Hit]:
    base = data(chart.file("values.yaml"))
    for file in values_files(chart):
        values = merged(base, data(file))
        for path, budget in _budgets(values):
            least = budget.get("minAvailable")
            if budget.get("enabled") is not True or not isinstance(least, int):
                continue
            for name, count in _counts(values, path):
                if least >= count > 0:
                    dotted = ".".join((*path, "minAvailable"))
                    found = f"{dotted}: {least}, and {name} runs {count}"
                    where = _where(chart, file, (*path, "minAvailable"))
                    yield Hit(where, found, "fewer than all", "maxUnavailable: 1, or enabled: false")


def _budgets(values: Any) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    for key, value in mapping(values).items():
        if key in ("podDisruptionBudget", "pdb"):
            yield (key,), mapping(value)
        else:
            for inner in ("podDisruptionBudget", "pdb"):
                if inner in mapping(value):
                    yield (key, inner), mapping(value[inner])


def _counts(values: Any, path: tuple[str, ...]) -> Iterator[tuple[str, int]]:
    """The components that a budget is for, each with the least number of pods it runs."""
    parts = {path[0]: mapping(values)[path[0]]} if len(path) > 1 else {**mapping(values), "the chart": values}
    for name, part in parts.items():
        if "replicaCount" not in mapping(part) or mapping(part).get("enabled") is False:
            continue
        scaling = mapping(part.get("autoscaling"))
        count = scaling.get("minReplicas", 1) if scaling.get("enabled") is True else part["replicaCount"]
        if isinstance(count, int):
            yield str(name), count


def _where(chart: Chart, file: File, path: tuple[str, ...]) -> str:
    """Where a value is set: in a values file, or else in the defaults."""
    defaults = chart.file("values.yaml") or file
    return at(file if lookup(data(file), ".".join(path)) is not None else defaults, path)
