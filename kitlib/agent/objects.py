"""The few fields of watched objects that the agent reads, decoded from JSON without the rest."""

from __future__ import annotations

from datetime import datetime

import msgspec


class _Part(msgspec.Struct, rename="camel", frozen=True, gc=False):
    """Fields are camelCase in JSON; what is not named here is skipped."""


class Owner(_Part, frozen=True):
    """`metadata.ownerReferences[]`."""

    kind: str
    name: str
    uid: str
    controller: bool | None = None


class Meta(_Part, frozen=True):
    """`metadata`."""

    name: str
    uid: str
    namespace: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: str = ""
    deletion_timestamp: str | None = None
    labels: dict[str, str] | None = None
    owner_references: list[Owner] | None = None


class Ran(_Part, frozen=True):
    """`state.running`, `state.terminated` or `state.waiting`."""

    reason: str = ""
    exit_code: int | None = None
    started_at: str | None = None
    finished_at: str | None = None


class State(_Part, frozen=True):
    """What a container does or did."""

    waiting: Ran | None = None
    running: Ran | None = None
    terminated: Ran | None = None


class ContainerStatus(_Part, frozen=True):
    """`status.containerStatuses[]`."""

    name: str
    ready: bool = False
    restart_count: int = 0
    state: State = State()
    last_state: State = State()


class Amounts(_Part, frozen=True):
    """Quantities as text."""

    cpu: str | int | float | None = None
    memory: str | int | float | None = None


class Needs(_Part, frozen=True):
    """`resources`."""

    limits: Amounts | None = None
    requests: Amounts | None = None


class Container(_Part, frozen=True):
    """`spec.containers[]`."""

    name: str
    resources: Needs = Needs()


class Condition(_Part, frozen=True):
    """`status.conditions[]`."""

    type: str
    status: str = ""


class PodSpec(_Part, frozen=True):
    """A pod's `spec`."""

    containers: list[Container] = []
    node_name: str = ""


class PodStatus(_Part, frozen=True):
    """A pod's `status`."""

    phase: str = ""
    reason: str = ""
    conditions: list[Condition] | None = None
    container_statuses: list[ContainerStatus] | None = None
    init_container_statuses: list[ContainerStatus] | None = None


class Pod(_Part, frozen=True):
    """A pod."""

    metadata: Meta
    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()

    def statuses(self) -> list[ContainerStatus]:
        """Its containers' status, init containers first."""
        return [*(self.status.init_container_statuses or ()), *(self.status.container_statuses or ())]

    def workload(self) -> tuple[str, str]:
        """Kind and name of what made it, as far as the pod itself says; a bare pod is its own.

        A Deployment's ReplicaSet is named after it and the label `pod-template-hash`.
        """
        owners = [owner for owner in self.metadata.owner_references or () if owner.controller]
        if not owners:
            return "Pod", self.metadata.name
        hashed = (self.metadata.labels or {}).get("pod-template-hash")
        if owners[0].kind == "ReplicaSet" and hashed and owners[0].name.endswith(f"-{hashed}"):
            return "Deployment", owners[0].name.removesuffix(f"-{hashed}")
        return owners[0].kind, owners[0].name


class WorkloadSpec(_Part, frozen=True):
    """A workload's `spec`."""

    replicas: int | None = None


class WorkloadStatus(_Part, frozen=True):
    """A workload's `status`."""

    observed_generation: int = 0
    replicas: int = 0
    ready_replicas: int = 0
    updated_replicas: int = 0
    available_replicas: int = 0


class Workload(_Part, frozen=True):
    """A Deployment or StatefulSet."""

    metadata: Meta
    spec: WorkloadSpec = WorkloadSpec()
    status: WorkloadStatus = WorkloadStatus()


class ScaleTarget(_Part, frozen=True):
    """`spec.scaleTargetRef`."""

    kind: str = ""
    name: str = ""


class AutoscalerSpec(_Part, frozen=True):
    """A HorizontalPodAutoscaler's `spec`."""

    scale_target_ref: ScaleTarget = ScaleTarget()
    min_replicas: int | None = None
    max_replicas: int = 0


class AutoscalerStatus(_Part, frozen=True):
    """A HorizontalPodAutoscaler's `status`."""

    current_replicas: int | None = None
    desired_replicas: int = 0


class Autoscaler(_Part, frozen=True):
    """A HorizontalPodAutoscaler."""

    metadata: Meta
    spec: AutoscalerSpec = AutoscalerSpec()
    status: AutoscalerStatus = AutoscalerStatus()


class NodeSpec(_Part, frozen=True):
    """A node's `spec`."""

    unschedulable: bool = False


class NodeStatus(_Part, frozen=True):
    """A node's `status`."""

    conditions: list[Condition] | None = None


class Node(_Part, frozen=True):
    """A node."""

    metadata: Meta
    spec: NodeSpec = NodeSpec()
    status: NodeStatus = NodeStatus()


class Plain(_Part, frozen=True):
    """An object of which only its name matters."""

    metadata: Meta


Watched = Pod | Workload | Autoscaler | Node | Plain


def ready(conditions: list[Condition] | None) -> bool:
    """Whether the condition Ready holds."""
    return any(item.type == "Ready" and item.status == "True" for item in conditions or ())


def moment(stamp: str | None) -> datetime | None:
    """A time that the API server wrote."""
    return datetime.fromisoformat(stamp) if stamp else None
