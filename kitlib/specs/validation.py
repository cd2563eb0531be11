"""What pydantic says of a document's values, as findings."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from kitlib.findings import Finding, Findings
from kitlib.specs.models.base import Contradiction, SpecModel
from kitlib.specs.naming import LIKE, SURE, closest
from kitlib.specs.problems import Loc, Place, instead, problem
from kitlib.specs.values import nearest, slug, written

M = TypeVar("M", bound=SpecModel)
_PATTERNS = {
    "a name of lower case letters, digits and hyphens that starts with a letter": r"^[a-z]([-a-z0-9]",
    "CPU as Kubernetes writes it, such as 250m or 0.5": r"^([0-9]+m|",
    "memory with its unit, such as 512Mi": r"^[0-9]+(\.[0-9]+)?(Ki",
    "a duration, such as 30s": r"^([0-9]+(ms|s",
    "a version of Kubernetes, such as 1.35": r"^1\.[0-9]",
    "a platform, such as linux/amd64": "^(linux/",
    "the name of a variable: capitals, digits and underscores": "^[A-Z_]",
    "a registry and a folder, such as ghcr.io/myorg": r"^[a-z0-9.-]+(:",
    "a channel, such as #alerts": "^#",
    "a taint, such as key=value:NoSchedule": r"^[^=:\s]+",
    "a path that starts with /": "^/",
}

_BOUNDS = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
_PLATFORMS = ("linux/amd64", "linux/arm64", "linux/arm/v7", "linux/386", "linux/ppc64le", "linux/s390x")
_TYPES = {
    "too_short": "at least one",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "string_type": "a text",
    "string_too_short": "a text that is not empty",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
}


def validate(
    model: type[M],
    data: Any,
    file: str,
    locate: Callable[[Loc], Place],
    failed: Collection[Loc] = (),
) -> tuple[M | None, Findings]:
    """Make a model from a document's values; all errors at once.

    Args:
        model: the model.
        data: the values.
        file: the document's name in findings.
        locate: where a field stands, by its path in the model.
        failed: the fields that were reported already; with any of these there is no model, only findings.
    """
    try:
        spec = model.model_validate(data)
    except ValidationError as error:
        details = _worth_telling(model, error.errors(include_url=False), failed)
        return None, Findings(_finding(model, detail, file, locate) for detail in details)
    return (None if failed else spec), Findings()


def _reported(detail: ErrorDetails, failed: Collection[Loc]) -> bool:
    """Whether a field is one of those that failed, lies in one, or holds nothing but such ones."""
    loc = detail["loc"]
    around = any(loc[: len(other)] == other for other in failed)
    return around or (detail["type"] == "missing" and any(other[: len(loc)] == loc for other in failed))


def _worth_telling(
    model: type[SpecModel], details: Sequence[ErrorDetails], failed: Collection[Loc]
) -> list[ErrorDetails]:
    """Without what only follows from another error: of a slip, that the right name is missing; of entries
    that are wrong, that there are too few."""
    meant = _meant(model, details)
    wrong = [tuple(detail["loc"]) for detail in details] + list(failed)
    kept = []
    for detail in details:
        loc = tuple(detail["loc"])
        inner = any(len(other) > len(loc) and other[: len(loc)] == loc for other in wrong)
        follows = (detail["type"] == "missing" and loc in meant) or (detail["type"] == "too_short" and inner)
        if not follows and not _reported(detail, failed):
            kept.append(detail)
    return kept


def _meant(model: type[SpecModel], details: Sequence[ErrorDetails]) -> set[Loc]:
    """The fields that unknown ones are most likely meant to be."""
    found: set[Loc] = set()
    for detail in details:
        if detail["type"] == "extra_forbidden":
            loc = tuple(detail["loc"])
            best, likeness = closest(str(loc[-1]), _properties(model, loc[:-1]))
            if best is not None and likeness >= SURE:
                found.add((*loc[:-1], best))
    return found


def _finding(
    model: type[SpecModel], detail: ErrorDetails, file: str, locate: Callable[[Loc], Place]
) -> Finding:
    loc, kind = tuple(detail["loc"]), detail["type"]
    context: Mapping[str, Any] = detail.get("ctx") or {}
    cause = context.get("error")
    if isinstance(cause, Contradiction):
        place = locate((*loc, cause.field))
        where, message = f"{file}:{place.line}", str(cause)
        return problem(
            "spec-value", where, place.words, found=message, expected=cause.fix, fix=f"write {cause.fix}"
        )
    place = locate(loc)
    where = f"{file}:{place.line}"
    name = str(loc[-1]) if loc else "the document"
    if kind == "extra_forbidden":
        known = _properties(model, loc[:-1])
        best, likeness = closest(name, known)
        fix = f"did you mean {best}?" if likeness >= LIKE else "take it out"
        expected = ", ".join(known)
        return problem("spec-unknown", where, place.words, found=name, expected=expected, fix=fix)
    if kind == "missing":
        words = place.words if place.words[-1:] == (name,) else (*place.words, name)
        expected, fix = f"a value for {name}", f"add {name}"
        return problem("spec-missing", where, words, found=f"no {name}", expected=expected, fix=fix)
    expected, best = _expectation(detail)
    found = _shown(detail["input"])
    return problem(
        "spec-value", where, place.words, found=found, expected=expected, fix=instead(best, expected)
    )


def _expectation(detail: ErrorDetails) -> tuple[str, str | None]:
    """What should stand there, and the valid value that is nearest to what does."""
    context: Mapping[str, Any] = detail.get("ctx") or {}
    raw = _shown(detail["input"])
    if detail["type"] == "literal_error":
        valid = re.findall(r"'([^']*)'", str(context["expected"]))
        return " or ".join(valid), nearest(raw, valid)
    if detail["type"] == "string_pattern_mismatch":
        pattern = str(context["pattern"])
        words = next((text for text, start in _PATTERNS.items() if pattern.startswith(start)), pattern)
        if words.startswith("a platform"):
            return words, nearest(raw, _PLATFORMS)
        return words, (slug(raw)[:63] or None) if words.startswith("a name") else None
    if limit := next((key for key in _BOUNDS if key in context), ""):
        return f"a number {_BOUNDS[limit]} {context[limit]}", None
    if detail["type"] == "value_error":
        return f"otherwise: {context['error']}", None
    if detail["type"] in _TYPES:
        return _TYPES[detail["type"]], None
    message = detail["msg"].removeprefix("Input should ").removeprefix("Value should ")
    return message[:200], None


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return "a mapping of " + (", ".join(str(key) for key in list(value)[:6]) or "nothing")
    if isinstance(value, (list, tuple)):
        return f"a list of {len(value)}"
    if value is None or value == "":
        return "nothing"
    return written(value)


@lru_cache
def _schema(model: type[SpecModel]) -> dict[str, Any]:
    return model.model_json_schema()


def _properties(model: type[SpecModel], loc: Loc) -> list[str]:
    """The names of the fields at a path."""
    schema: Any = _schema(model)
    definitions = schema.get("$defs", {})
    node = schema
    for step in (*loc, None):
        node = _resolve(node, definitions)
        if step is None:
            break
        if isinstance(step, int):
            node = node.get("items", {})
        else:
            # A mapping whose keys have a pattern says what its values are under that pattern.
            inner = next(iter(node.get("patternProperties", {}).values()), node.get("additionalProperties"))
            node = node.get("properties", {}).get(step) or inner or {}
        if not isinstance(node, dict):
            return []
    return list(node.get("properties", {}))


def _resolve(node: dict[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    for option in node.get("anyOf", ()):
        if option.get("type") != "null":
            node = option
            break
    name = str(node.get("$ref", "")).rpartition("/")[2]
    found: dict[str, Any] = definitions.get(name, node)
    return found
