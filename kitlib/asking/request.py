"""Structured requests: what a text comes to before anything is read or changed. Never a shell line.

A request knows the kubectl command that comes nearest to it, for a person to read and learn; nothing here
runs one. `reads` and `writes` hold the kinds of requests, and this module what they share.
"""

from __future__ import annotations

import shlex
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from kitlib import quantity
from kitlib.cluster.kinds import KINDS, resolve_kind

# kubernetes.io/docs/concepts/overview/working-with-objects/names: RFC 1123 subdomain; RBAC allows a colon.
NAME = r"[a-z0-9](?:[-a-z0-9.:]*[a-z0-9])?"
CLUSTER_WIDE = frozenset(
    {
        "Namespace",
        "Node",
        "PersistentVolume",
        "IngressClass",
        "ClusterRole",
        "ClusterRoleBinding",
        "StorageClass",
        "CustomResourceDefinition",
        "APIService",
    }
)
WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet")
Argv = tuple[str, ...]


def _known(kind: str) -> str:
    canonical, _ = resolve_kind(kind)
    if canonical not in KINDS:
        raise ValueError(f"{kind!r} is none of the kinds that kit ask knows")
    return canonical


Kind = Annotated[str, AfterValidator(_known)]
Name = Annotated[str, Field(pattern=rf"^{NAME}$", max_length=253)]
Namespace = Annotated[str, Field(pattern=r"^(?:[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)?$", max_length=63)]
# A label selector, or a field selector: names, values and operators, and nothing that a shell knows.
Selector = Annotated[str, Field(pattern=r"^[A-Za-z0-9_./,=!() -]*$", max_length=500)]

FilterField = Literal[
    "memory", "cpu", "restarts", "age", "state", "image", "node", "limits", "requests", "probes", "type"
]
FilterOp = Literal["over", "under", "is", "is not", "contains", "missing"]
# `state` is what kubectl shows in STATUS, or one of these, which sum several up.
SUMMED_STATES = ("unhealthy", "healthy", "failing", "not ready", "ready", "unused", "restarting")


def _seconds(text: str) -> int:
    """A span such as 90s, 5m, 2h or 3d, in seconds.

    Raises:
        ValueError: it is none.
    """
    sizes = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
    if not text[:-1].isdigit() or text[-1:] not in sizes:
        raise ValueError(f"{text!r} is no span of time, such as 30m, 2h or 3d")
    return int(text[:-1]) * sizes[text[-1]]


class Filter(BaseModel):
    """A condition on parsed values, which kit computes where kubectl cannot.

    Args:
        field: what is looked at; `memory` and `cpu` are usage, from the metrics API.
        op: how it is compared.
        value: with what: a quantity, a number, a span of time, or a text.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    field: FilterField
    op: FilterOp
    value: str = Field(default="", max_length=253)

    def model_post_init(self, _: object) -> None:
        """Refuse a value that does not fit its field."""
        if self.field in ("memory", "cpu") and quantity.parse(self.value) is None:
            raise ValueError(f"{self.value!r} is no quantity, such as 500Mi or 200m")
        if self.field == "restarts" and not self.value.isdigit():
            raise ValueError(f"{self.value!r} is no number of restarts")
        if self.field == "age":
            _seconds(self.value)
        numeric = self.field in ("memory", "cpu", "restarts", "age")
        if numeric != (self.op in ("over", "under")):
            raise ValueError(f"{self.field} can't be compared by {self.op!r}")

    @property
    def seconds(self) -> int:
        """The value of a filter on age."""
        return _seconds(self.value)

    def __str__(self) -> str:
        if self.op == "missing":
            return f"without {self.field}"
        if self.field in ("memory", "cpu"):
            return f"using {self.op} {self.value} {self.field}"
        return f"{self.field} {self.op} {self.value}"


class Base(BaseModel):
    """What every request has.

    Args:
        namespace: where; empty: the one that the cluster acts in by default.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    namespace: Namespace = ""

    @property
    def changes(self) -> bool:
        """Whether it changes something."""
        return False

    def kubectl(self) -> tuple[Argv, ...]:
        """The kubectl commands that come nearest."""
        raise NotImplementedError

    def explanation(self) -> str:
        """One sentence for a person."""
        raise NotImplementedError

    def caveat(self) -> str:
        """What kubectl can't do of it; empty when the command does the same."""
        return ""

    def lines(self) -> list[str]:
        """The commands, quoted as a person would type them."""
        return [shlex.join(argv) for argv in self.kubectl()]

    def within(self, namespace: str) -> str:
        """Where it acts, given the default."""
        return self.namespace or namespace

    def place(self) -> Argv:
        """The options of kubectl that say where."""
        return ("-n", self.namespace) if self.namespace else ()


def plural(kind: str) -> str:
    """What kubectl calls many objects of a kind."""
    names = KINDS[kind][1]
    return next((name for name in names if name.endswith("s") and len(name) > 4), names[0])


def joined(*filters: Filter) -> str:
    """Conditions in words."""
    return " and ".join(map(str, filters))
