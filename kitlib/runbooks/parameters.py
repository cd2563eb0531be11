"""The `parameters` cell of a runbook: read, never executed, into one pydantic model.

A line declares one parameter: `replicas: Annotated[int, Ge(1), Le(50)] = 3  # how many pods`. The comment is
its description, and a parameter without a value must be given. Values are taken by the declared type alone.
"""

from __future__ import annotations

import ast
import io
import json
import re
import tokenize
import types
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated, Any, Literal, Optional, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    create_model,
)

from kitlib import quantity
from kitlib.errors import UsageError

NO_DEFAULT: Any = ...
_SECRET = re.compile(
    r"(^|_)(password|passwd|secret|token|credential|private_key|api_?key)s?(_|$)", re.IGNORECASE
)


@dataclass(frozen=True)
class KindOf:
    """Marks a parameter that names an object of the cluster, which must exist when the runbook starts."""

    kind: str


def Pattern(regex: str) -> StringConstraints:
    """The limit of a str parameter: all of it must match."""
    return StringConstraints(pattern=rf"^(?:{regex})$")


# Names as the API server takes them (RFC 1123):
# kubernetes.io/docs/concepts/overview/working-with-objects/names.
_LABEL = StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=63)
_SUBDOMAIN = StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", max_length=253)
Namespace = Annotated[str, _LABEL, KindOf("Namespace")]
Deployment = Annotated[str, _SUBDOMAIN, KindOf("Deployment")]
StatefulSet = Annotated[str, _SUBDOMAIN, KindOf("StatefulSet")]
PersistentVolumeClaim = Annotated[str, _SUBDOMAIN, KindOf("PersistentVolumeClaim")]
Pod = Annotated[str, _SUBDOMAIN, KindOf("Pod")]
Node = Annotated[str, _SUBDOMAIN, KindOf("Node")]
# `name/key` of a Secret in the runbook's namespace; its value is read inside the kernel, by `rb.secret`.
SecretRef = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?/[-._a-zA-Z0-9]+$", max_length=507),
    KindOf("Secret"),
]


def seconds(duration: str) -> float:
    """A duration such as `90s`, `5m`, `1h30m` or `2d`, in seconds.

    Raises:
        UsageError: it is none.
    """
    match = _DURATION.fullmatch(duration.strip())
    if match is None or not any(match.groups()):
        raise UsageError(f"found {duration!r}, expected a duration such as 90s, 5m, 1h30m or 2d")
    days, hours, minutes, rest = (float(part or 0) for part in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + rest


def _duration(value: str) -> str:
    try:
        seconds(value)
    except UsageError as error:
        raise ValueError(error.message.partition("expected ")[2]) from None
    return value


def _quantity(value: str) -> str:
    found = quantity.parse(value)
    if found is None or found < 0:
        raise ValueError("a Kubernetes quantity such as 250m, 0.5, 512Mi or 2Gi")
    return value


_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?")
Duration = Annotated[str, AfterValidator(_duration)]
Quantity = Annotated[str, AfterValidator(_quantity)]

_TYPES: dict[str, Any] = {
    "str": str,
    "int": int,
    "float": float,
    "bool": bool,
    "Namespace": Namespace,
    "Deployment": Deployment,
    "StatefulSet": StatefulSet,
    "PersistentVolumeClaim": PersistentVolumeClaim,
    "Pod": Pod,
    "Node": Node,
    "SecretRef": SecretRef,
    "Duration": Duration,
    "Quantity": Quantity,
}
_LIMITS: dict[str, Any] = {
    "Ge": Ge,
    "Gt": Gt,
    "Le": Le,
    "Lt": Lt,
    "MinLen": MinLen,
    "MaxLen": MaxLen,
    "Pattern": Pattern,
}


def pairs(texts: Iterable[str]) -> dict[str, str]:
    """Parameters as typed on a command line, `name=value` each.

    Raises:
        UsageError: a text without `=`, or a name given twice.
    """
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or name in found:
            problem = f"parameter {name!r} is given twice" if equals else f"parameter {text!r} has no value"
            raise UsageError(problem, fix="-p name=value")
        found[name] = value
    return found


class Parameters:
    """The declared parameters of one runbook.

    Args:
        source: the text of the `parameters` cell; empty: it takes none.
        where: names the runbook in error messages.

    Raises:
        UsageError: a line that is no declaration, or a type that is not known; names the line.
    """

    def __init__(self, source: str, where: str) -> None:
        self.where = where
        fields: dict[str, Any] = {}
        try:
            tree = ast.parse(source)
        except SyntaxError as error:
            raise UsageError(f"{where}: parameters cell, line {error.lineno}: {error.msg}") from None
        comments = _comments(source)
        for node in tree.body:
            if not _is_text(node):
                name, annotation, default = self._declaration(node)
                text = comments.get(node.end_lineno or node.lineno) or None
                if _SECRET.search(name) and not _marks_secret(annotation) and _holds_text(annotation):
                    raise UsageError(
                        f"{where}: parameters cell, line {node.lineno}: {name} would be a secret as plain "
                        "text, in the notebook and on the command line",
                        fix=f"{name}: SecretRef, and rb.secret(cluster, {name}) in the notebook",
                    )
                fields[name] = (annotation, Field(default, description=text))
        config = ConfigDict(extra="forbid", allow_inf_nan=False, validate_default=True)
        self.model: type[BaseModel] = create_model("Parameters", __config__=config, **fields)

    def coerce(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The values of all parameters, each of its declared type.

        Args:
            given: values, or texts as typed on a command line: `"1.10"` stays text for a str, and
                `"false"` is False for a bool. A list is JSON, or values between commas.

        Raises:
            UsageError: an unknown parameter (the nearest is offered), a missing one, a wrong type or limit.
        """
        names = list(self.model.model_fields)
        for name in given:
            if name not in names:
                near = get_close_matches(name, names, n=1)
                raise UsageError(
                    f"{self.where} has no parameter {name!r}; it has {', '.join(names) or 'none'}",
                    fix=f"did you mean {near[0]!r}?" if near else "",
                )
        values = {name: _split(self.model.model_fields[name].annotation, v) for name, v in given.items()}
        try:
            return self.model(**values).model_dump(mode="json")
        except ValidationError as error:
            problems = "; ".join(_problem(item) for item in error.errors())
            raise UsageError(f"{self.where}: {problems}", fix=f"kit runbook show {self.where}") from None

    def schema(self) -> dict[str, Any]:
        """The JSON Schema of the parameters."""
        return self.model.model_json_schema()

    def naming(self, kind: str) -> list[str]:
        """The parameters that name an object of a kind, or a list of them."""
        fields = self.model.model_fields.items()
        return [
            name for name, field in fields if KindOf(kind) in (*field.metadata, *_marks(field.annotation))
        ]

    def _declaration(self, node: ast.stmt) -> tuple[str, Any, Any]:
        where = f"{self.where}: parameters cell, line {node.lineno}"
        try:
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                default = ast.literal_eval(node.value) if node.value else NO_DEFAULT
                return node.target.id, _type(node.annotation), default
            if isinstance(node, ast.Assign) and len(node.targets) == 1:
                (target,) = node.targets
                default = ast.literal_eval(node.value)
                if isinstance(target, ast.Name) and isinstance(default, (str, bool, int, float)):
                    return target.id, type(default), default
        except ValueError as error:
            raise UsageError(f"{where}: {error}") from None
        raise UsageError(f"{where}: found {ast.unparse(node)!r}, expected `name: type = value  # what it is`")


def _type(node: ast.expr) -> Any:
    """The type that an annotation stands for, out of a fixed set of names; nothing is executed."""
    if isinstance(node, ast.Constant) and node.value is None:
        return None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return Union[_type(node.left), _type(node.right)]  # noqa: UP007 - built at run time
    if isinstance(node, ast.Name) and node.id in _TYPES:
        return _TYPES[node.id]
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
        inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        match node.value.id:
            case "Literal":
                return Literal[tuple(ast.literal_eval(item) for item in inner)]
            case "Optional":
                return Optional[_type(inner[0])]  # noqa: UP045 - built at run time
            case "list":
                return list[_type(inner[0])]  # type: ignore[misc]
            case "Annotated":
                return Annotated[(_type(inner[0]), *(_limit(item) for item in inner[1:]))]
    raise ValueError(f"the type {ast.unparse(node)} is not known; known: {', '.join(_TYPES)}, Literal, …")


def _marks_secret(annotation: Any) -> bool:
    return KindOf("Secret") in _marks(annotation)


def _holds_text(annotation: Any) -> bool:
    return annotation is str or any(map(_holds_text, get_args(annotation)))


def _marks(annotation: Any) -> Iterator[Any]:
    """What annotates a type anywhere within it: in an option of a union, or a list's items."""
    yield from getattr(annotation, "__metadata__", ())
    for part in get_args(annotation):
        yield from _marks(part)


def _limit(node: ast.expr) -> Any:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _LIMITS:
        return _LIMITS[node.func.id](*(ast.literal_eval(argument) for argument in node.args))
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return Field(title=node.value)
    raise ValueError(f"the limit {ast.unparse(node)} is not known; known: {', '.join(_LIMITS)}")


def _comments(source: str) -> dict[int, str]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {t.start[0]: t.string.lstrip("# ").strip() for t in tokens if t.type == tokenize.COMMENT}


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _split(annotation: Any, value: Any) -> Any:
    """A text for a list becomes a list, and `null` nothing where that can't be meant as text."""
    options = get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else (annotation,)
    if not isinstance(value, str) or str in options:
        return value
    if value == "null" and type(None) in options:
        return None
    if not any(get_origin(option) is list for option in options):
        return value
    if value.lstrip().startswith("["):
        try:
            return json.loads(value)
        except ValueError:
            return value  # the model refuses it, with the text in its message
    return [part.strip() for part in value.split(",")] if value.strip() else []


def _problem(item: Any) -> str:
    name = ".".join(str(part) for part in item["loc"])
    if item["type"] == "missing":
        return f"parameter {name} is missing"
    expected = item["msg"].removeprefix("Value error, ").removeprefix("Input should be ").removeprefix("a ")
    return f"parameter {name}: found {item['input']!r}, expected {expected}"
