"""What a fault's file says."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from kitlib.faults.signs import Sign
from kitlib.faults.strict import OneOf, Strict

Family = Literal[
    "startup", "probes", "resources", "scheduling", "network", "control-loops", "application", "healthy"
]
Need = Literal["network-policy", "metrics", "ingress"]


class Patch(Strict):
    """Change fields of an object, or of every object that a pattern such as `web-*` names.

    Args:
        kind, name, namespace: of the object; namespace: the fault's, where none is given.
        type: of the patch: merge, strategic or json.
        patch: a mapping; for type json a list of operations.
    """

    kind: str
    name: str
    namespace: str | None = None
    type: Literal["merge", "strategic", "json"] = "strategic"
    patch: dict[str, Any] | list[dict[str, Any]]


class Delete(Strict):
    """Delete an object, or all that a pattern names.

    Args:
        kind, name, namespace: as for Patch.
        wait: whether to wait until it is gone.
    """

    kind: str
    name: str
    namespace: str | None = None
    wait: bool = True


class Edit(Strict):
    """Replace a text inside one field, where the rest of it is the cluster's own.

    Args:
        kind, name, namespace: of the object.
        field: keys from the top, such as [data, Corefile].
        find, replace: the text, and what takes its place; nothing is done where it does not occur.
    """

    kind: str
    name: str
    namespace: str | None = None
    field: list[str]
    find: str
    replace: str


class Status(Strict):
    """Write an object's status as its controller would; see kitlib.faults.steps.

    Args:
        kind, name: of the object; a name may be a pattern.
        status: is merged into it; lists take the place of lists.
    """

    kind: Literal["Pod", "Node", "CronJob"]
    name: str
    status: dict[str, Any]


class NodeChange(Strict):
    """Change a node.

    Args:
        name: the node, usually $NODE.
        do: what; the kubelet is a service inside a kind node's container.
        key, value, effect: of a taint.
    """

    name: str
    do: Literal["stop-kubelet", "start-kubelet", "cordon", "uncordon", "taint", "untaint"]
    key: str = ""
    value: str = ""
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] = "NoSchedule"


class Evict(Strict):
    """Ask the pods of an app to leave, as a drain does.

    Args:
        app: their label `app`.
    """

    app: str


class Step(OneOf):
    """One change, or a wait for a sign."""

    apply: list[dict[str, Any]] | None = None
    patch: Patch | None = None
    delete: Delete | None = None
    edit: Edit | None = None
    status: Status | None = None
    node: NodeChange | None = None
    evict: Evict | None = None
    wait: Sign | None = None


class Answer(Strict):
    """A field that may be named as the cause.

    Args:
        kind, name: of the object.
        field: dotted, list items by number, as in `spec.template.spec.containers.0.image`; empty: the object
            itself, for one that is missing.
        namespace: where it is another one than the fault's.
    """

    kind: str
    name: str
    field: str = ""
    namespace: str = ""


class Cause(Answer):
    """The true root cause.

    Args:
        found, expected: what stands there, and what should.
        also: fields that are as right an answer.
    """

    found: str
    expected: str
    also: tuple[Answer, ...] = ()


class Named(Strict):
    """An object that must not be called a cause."""

    kind: str
    name: str
    namespace: str = ""


class Fault(BaseModel):
    """One entry of the catalogue.

    Args:
        id: its name, and its file's.
        title: one line for a person.
        family: its folder.
        healthy: it is a control: nothing is wrong, and a diagnosis must say nothing.
        cluster: kind, or embedded where fake nodes do as well.
        nodes: how many the cluster needs, the control plane among them.
        needs: add-ons.
        exclusive: it touches what others use (nodes, cluster DNS), so that nothing else may run beside it.
        start: the manifests of the healthy workload.
        breaks: the steps that break it (`break` in the file); of a control: those that lead to its state.
        symptom: what proves that it shows; all of them.
        hold: seconds for which the symptom must last.
        cause: the true root cause.
        fix: the steps that heal it; they may be repeated.
        healed: what proves that it is healed, beside ready workloads and the end of what the symptom says.
        not_reported: objects that suffer only, and must not be called a cause.
        seconds: how long the symptom takes to show, about.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    title: str = Field(min_length=10)
    family: Family
    healthy: bool = False
    cluster: Literal["kind", "embedded"] = "kind"
    nodes: int = Field(default=1, ge=1, le=3)
    needs: list[Need] = []
    exclusive: bool = False
    start: list[dict[str, Any]] = Field(min_length=1)
    breaks: list[Step] = Field(default=[], alias="break")
    symptom: list[Sign] = []
    hold: int = Field(default=0, ge=0, le=60)
    cause: Cause | None = None
    fix: list[Step] = []
    healed: list[Sign] = []
    not_reported: list[Named] = []
    seconds: int = Field(default=15, ge=1, le=120)

    @model_validator(mode="after")
    def _complete(self) -> Fault:
        """A fault breaks something, shows, has a cause and a fix; a control has no cause."""
        if self.healthy != (self.family == "healthy"):
            raise ValueError("healthy: true belongs to family healthy, and to it alone")
        if self.healthy and self.cause:
            raise ValueError("cause: a healthy control has none")
        needed = {"break": self.breaks, "symptom": self.symptom, "cause": self.cause, "fix": self.fix}
        missing = [name for name, value in needed.items() if not value]
        if missing and not self.healthy:
            raise ValueError(f"{missing[0]}: missing")
        return self

    @property
    def answers(self) -> list[Answer]:
        """The right answers, the best first."""
        return [self.cause, *self.cause.also] if self.cause else []
