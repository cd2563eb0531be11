"""What can be seen of a fault: each sign says whether it is there, and else what is there instead."""

from __future__ import annotations

from kitlib.cluster import Cluster
from kitlib.faults.signs.objects import (
    Absent,
    Answers,
    Condition,
    Endpoints,
    Event,
    Ingress,
    Ready,
    Terminating,
    Value,
)
from kitlib.faults.signs.pods import Log, Memory, Pods, Restarts, Terminated, Waiting
from kitlib.faults.strict import OneOf

__all__ = ["Sign"]


class Sign(OneOf):
    """One sign."""

    event: Event | None = None
    waiting: Waiting | None = None
    terminated: Terminated | None = None
    pods: Pods | None = None
    restarts: Restarts | None = None
    terminating: Terminating | None = None
    ready: Ready | None = None
    condition: Condition | None = None
    value: Value | None = None
    absent: Absent | None = None
    endpoints: Endpoints | None = None
    answers: Answers | None = None
    ingress: Ingress | None = None
    log: Log | None = None
    memory: Memory | None = None

    @property
    def ends(self) -> bool:
        """Whether it ends when the fault is healed."""
        return bool(self.chosen.ends)

    def instead(self, cluster: Cluster) -> str:
        """Empty when the sign is there; else what is."""
        return str(self.chosen.instead(cluster))
