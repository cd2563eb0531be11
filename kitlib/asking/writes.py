"""Requests that change something. Each passes the policy gate, planned first, and needs a person's yes."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from kitlib import quantity
from kitlib.asking.request import CLUSTER_WIDE, Argv, Base, Kind, Name, plural

Workload = Literal["Deployment", "StatefulSet", "DaemonSet"]
Container = Annotated[str, Field(pattern=r"^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$")]
# kubernetes.io/docs/concepts/overview/working-with-objects/labels: an optional DNS prefix, and a name.
Key = Annotated[str, Field(pattern=r"^(?:[a-z0-9.-]+/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$")]
# docs.docker.com/reference/cli/docker/image/tag and distribution/reference: registry, path, tag, digest.
Image = Annotated[str, Field(pattern=r"^[a-z0-9][a-zA-Z0-9._/:@-]*$", max_length=300)]
# The fields that a patch may set, by kind, and what they take.
PATCHABLE: dict[tuple[str, str], type] = {
    ("HorizontalPodAutoscaler", "minReplicas"): int,
    ("HorizontalPodAutoscaler", "maxReplicas"): int,
    ("Deployment", "paused"): bool,
    ("Deployment", "revisionHistoryLimit"): int,
    ("Deployment", "progressDeadlineSeconds"): int,
    ("CronJob", "suspend"): bool,
    ("Job", "suspend"): bool,
}


class _Change(Base):
    """What every change has."""

    @property
    def changes(self) -> bool:
        """It does."""
        return True


class Scale(_Change):
    """Another number of replicas; without a name it has to be asked which."""

    do: Literal["scale"] = "scale"
    kind: Literal["Deployment", "StatefulSet", "ReplicaSet"] = "Deployment"
    name: Name | Literal[""] = ""
    replicas: Annotated[int, Field(ge=0, le=1000)]

    def kubectl(self) -> tuple[Argv, ...]:
        """`kubectl scale`."""
        argv = ("kubectl", "scale", self.kind.lower(), self.name or "NAME", *self.place())
        return ((*argv, f"--replicas={self.replicas}"),)

    def explanation(self) -> str:
        """To how many."""
        return f"sets the replicas of {self.kind}/{self.name or '?'} to {self.replicas}"


class Restart(_Change):
    """New pods, one by one; without a name, of every workload of these kinds in the namespace."""

    do: Literal["restart"] = "restart"
    kinds: tuple[Workload, ...] = Field(default=("Deployment", "StatefulSet", "DaemonSet"), min_length=1)
    name: Name | Literal[""] = ""

    @model_validator(mode="after")
    def _one_kind(self) -> Restart:
        if self.name and len(self.kinds) > 1:
            raise ValueError("a name goes with one kind")
        return self

    def kubectl(self) -> tuple[Argv, ...]:
        """`kubectl rollout restart`."""
        kinds = ",".join(kind.lower() for kind in self.kinds)
        target = f"{kinds}/{self.name}" if self.name else kinds
        return (("kubectl", "rollout", "restart", target, *self.place()),)

    def explanation(self) -> str:
        """Of what, and of what not."""
        if self.name:
            return f"replaces the pods of {self.kinds[0]}/{self.name} one by one"
        kinds = ", ".join(plural(kind) for kind in self.kinds)
        return (
            f"replaces the pods of all {kinds} of the namespace one by one; not Jobs, nor pods on their own"
        )


class Rollback(_Change):
    """Back to an earlier revision of a Deployment."""

    do: Literal["rollback"] = "rollback"
    kind: Literal["Deployment"] = "Deployment"
    name: Name | Literal[""] = ""
    revision: Annotated[int, Field(ge=0)] = 0

    def kubectl(self) -> tuple[Argv, ...]:
        """`kubectl rollout undo`."""
        argv = ("kubectl", "rollout", "undo", f"deployment/{self.name or 'NAME'}", *self.place())
        return ((*argv, *((f"--to-revision={self.revision}",) if self.revision else ())),)

    def explanation(self) -> str:
        """To which."""
        to = f"revision {self.revision}" if self.revision else "the revision before the current one"
        return f"gives Deployment/{self.name or '?'} the pod template of {to}"


class Delete(_Change):
    """Objects by their names; never all of a kind."""

    do: Literal["delete"] = "delete"
    kind: Kind
    names: tuple[Name, ...] = Field(min_length=1, max_length=20)

    def kubectl(self) -> tuple[Argv, ...]:
        """`kubectl delete`."""
        where = () if self.kind in CLUSTER_WIDE else self.place()
        return (("kubectl", "delete", self.kind.lower(), *self.names, *where),)

    def explanation(self) -> str:
        """Which, and that more goes with them."""
        return f"deletes {self.kind} {', '.join(self.names)}, and what it owns"


class SetImage(_Change):
    """Another image for one container; an empty container means the only one."""

    do: Literal["set-image"] = "set-image"
    kind: Workload = "Deployment"
    name: Name
    container: Container | Literal[""] = ""
    image: Image

    def kubectl(self) -> tuple[Argv, ...]:
        """`kubectl set image`."""
        target = f"{self.kind.lower()}/{self.name}"
        return (("kubectl", "set", "image", target, f"{self.container or '*'}={self.image}", *self.place()),)

    def explanation(self) -> str:
        """Which."""
        return f"runs {self.image} in {self.container or 'the container'} of {self.kind}/{self.name}"


class SetResources(_Change):
    """Requests and limits of one container; an empty container means the only one."""

    do: Literal["set-resources"] = "set-resources"
    kind: Workload = "Deployment"
    name: Name
    container: Container | Literal[""] = ""
    limits: dict[Literal["memory", "cpu"], str] = Field(default_factory=dict)
    requests: dict[Literal["memory", "cpu"], str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _quantities(self) -> SetResources:
        values = [*self.limits.values(), *self.requests.values()]
        if not values or any(quantity.parse(value) is None for value in values):
            raise ValueError("expected memory or cpu as quantities, such as 512Mi or 250m")
        return self

    def kubectl(self) -> tuple[Argv, ...]:
        """`kubectl set resources`."""
        argv = ["kubectl", "set", "resources", f"{self.kind.lower()}/{self.name}", *self.place()]
        argv += ["-c", self.container] if self.container else []
        for option, values in (("--limits", self.limits), ("--requests", self.requests)):
            argv += [f"{option}={','.join(f'{k}={v}' for k, v in values.items())}"] if values else []
        return (tuple(argv),)

    def explanation(self) -> str:
        """Which, and to what."""
        sorts = (("limits", self.limits), ("requests", self.requests))
        told = " and ".join(
            f"{sort} {', '.join(f'{k} {v}' for k, v in values.items())}" for sort, values in sorts if values
        )
        return f"sets {told} for {self.container or 'the container'} of {self.kind}/{self.name}"


class Mark(_Change):
    """A label or an annotation: set, or with no value removed."""

    do: Literal["mark"] = "mark"
    sort: Literal["label", "annotate"] = "label"
    kind: Kind
    name: Name
    key: Key
    value: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:/@ -]*$", max_length=253)] | None

    def kubectl(self) -> tuple[Argv, ...]:
        """`kubectl label` or `annotate`."""
        where = () if self.kind in CLUSTER_WIDE else self.place()
        change = (f"{self.key}-",) if self.value is None else (f"{self.key}={self.value}", "--overwrite")
        return (("kubectl", self.sort, self.kind.lower(), self.name, *change, *where),)

    def explanation(self) -> str:
        """Which."""
        noun = "label" if self.sort == "label" else "annotation"
        if self.value is None:
            return f"removes the {noun} {self.key} of {self.kind}/{self.name}"
        return f"sets the {noun} {self.key} of {self.kind}/{self.name} to {self.value!r}"


class Cordon(_Change):
    """A node is closed to new pods, or opened again."""

    do: Literal["cordon"] = "cordon"
    name: Name
    cordoned: bool = True

    def kubectl(self) -> tuple[Argv, ...]:
        """`kubectl cordon` or `uncordon`."""
        return (("kubectl", "cordon" if self.cordoned else "uncordon", self.name),)

    def explanation(self) -> str:
        """Which way."""
        return f"{'closes' if self.cordoned else 'opens'} node {self.name} to new pods; its pods stay"


class Patch(_Change):
    """One field out of a short list (`PATCHABLE`)."""

    do: Literal["patch"] = "patch"
    kind: Kind
    name: Name
    field: str
    value: int | bool

    @model_validator(mode="after")
    def _patchable(self) -> Patch:
        wanted = PATCHABLE.get((self.kind, self.field))
        if wanted is None:
            known = ", ".join(f"{kind} {field}" for kind, field in PATCHABLE)
            raise ValueError(
                f"spec.{self.field} of a {self.kind} is none of the fields that may be set: {known}"
            )
        if type(self.value) is not wanted:
            raise ValueError(f"spec.{self.field}: found {self.value!r}, expected a {wanted.__name__}")
        return self

    @property
    def body(self) -> dict[str, Any]:
        """The merge patch."""
        return {"spec": {self.field: self.value}}

    def kubectl(self) -> tuple[Argv, ...]:
        """`kubectl patch`, or its shorter form."""
        if (self.kind, self.field) == ("Deployment", "paused"):
            verb = "pause" if self.value else "resume"
            return (("kubectl", "rollout", verb, f"deployment/{self.name}", *self.place()),)
        argv = ("kubectl", "patch", self.kind.lower(), self.name, *self.place(), "--type=merge", "-p")
        return ((*argv, json.dumps(self.body, separators=(",", ":"))),)

    def explanation(self) -> str:
        """Which."""
        return f"sets spec.{self.field} of {self.kind}/{self.name} to {json.dumps(self.value)}"


class Apply(_Change):
    """The objects of a manifest file on this machine."""

    do: Literal["apply"] = "apply"
    path: Annotated[str, Field(pattern=r"^[A-Za-z0-9_./ @+-]+$", max_length=300)]

    @model_validator(mode="after")
    def _a_file(self) -> Apply:
        if "//" in self.path or self.path.strip() in ("-", ""):
            raise ValueError("expected a file on this machine, not an address or standard input")
        return self

    def kubectl(self) -> tuple[Argv, ...]:
        """`kubectl apply --server-side`."""
        return (("kubectl", "apply", "--server-side", "-f", self.path, *self.place()),)

    def explanation(self) -> str:
        """Which file."""
        return f"applies the objects of {self.path}"


Write = Scale | Restart | Rollback | Delete | SetImage | SetResources | Mark | Cordon | Patch | Apply
