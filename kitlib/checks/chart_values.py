"""A chart's values and templates, as rules look at them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kitlib.checks.targets import Chart, File, dig, mapping

Keys = tuple[str | int, ...]
VALUES = re.compile(r"values[-_.][\w.-]+\.ya?ml")


def values_files(chart: Chart) -> list[File]:
    """The values files of a chart itself, its defaults first."""
    names = [file.path.removeprefix(f"{chart.path}/") for file in chart.files]
    own = ["values.yaml", *sorted(name for name in names if VALUES.fullmatch(name))]
    return [file for name in own if (file := chart.file(name)) is not None]


def templates(chart: Chart) -> list[File]:
    """The templates of a chart and of the charts inside it."""
    return [file for file in chart.files if "templates/" in file.path]


def data(file: File | None) -> Mapping[str, Any]:
    """The content of a YAML file; empty when it is no mapping."""
    return mapping(file.documents[0].data) if file is not None and file.documents else {}


def at(file: File, path: Keys) -> str:
    """`file:line` of a value."""
    return file.at(file.documents[0].line(path)) if file.documents else file.at(1)


def leaves(value: Any, path: Keys = ()) -> Iterator[tuple[Keys, Any]]:
    """Every plain value below a value, with its path."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from leaves(item, (*path, str(key)))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from leaves(item, (*path, index))
    else:
        yield path, value


def merged(base: Any, top: Any) -> Any:
    """Values as Helm merges them: mappings key by key, anything else replaced."""
    if isinstance(base, Mapping) and isinstance(top, Mapping):
        return {key: merged(base.get(key), top[key]) if key in top else base[key] for key in [*base, *top]}
    return top


def lookup(values: Any, dotted: str) -> Any:
    """The value of a dotted key such as `postgresql.enabled`; None when it is missing."""
    return dig(values, dotted.split("."))


def dependencies(chart: Chart) -> Sequence[Mapping[str, Any]]:
    """The entries of Chart.yaml's `dependencies`."""
    found = data(chart.file("Chart.yaml")).get("dependencies")
    return [mapping(entry) for entry in found] if isinstance(found, list) else []


def vendored(chart: Chart, name: str) -> bool:
    """Whether a dependency lies inside the chart, under charts/."""
    return chart.file(f"charts/{name}/Chart.yaml") is not None
