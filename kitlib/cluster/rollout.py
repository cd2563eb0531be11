"""When a workload is rolled out: the rules of `kubectl rollout status`, told from the object alone.

Source: k8s.io/kubectl/pkg/polymorphichelpers/rollout_status.go, Kubernetes 1.34.
"""

from __future__ import annotations

from dataclasses import dataclass

from kitlib.cluster.resource import Resource


@dataclass(frozen=True)
class RolloutState:
    """`done`: the newest revision serves alone; `failed`: it never will; `message`: what is awaited."""

    done: bool
    message: str
    failed: bool = False


def rollout_state(workload: Resource) -> RolloutState:
    """The state of a Deployment's, StatefulSet's or DaemonSet's rollout.

    Raises:
        ValueError: an object of another kind has no rollout.
    """
    rules = {"Deployment": _deployment, "StatefulSet": _stateful_set, "DaemonSet": _daemon_set}
    rule = rules.get(workload.kind)
    if rule is None:
        raise ValueError(f"a {workload.kind} has no rollout; expected one of {', '.join(rules)}")
    if workload.at("status.observedGeneration", 0) < workload.at("metadata.generation", 0):
        return RolloutState(False, "waiting for the controller to observe the change")
    return rule(workload)


def _deployment(item: Resource) -> RolloutState:
    wanted = item.at("spec.replicas", 1)
    total, updated, available = (
        item.at(f"status.{key}", 0) for key in ("replicas", "updatedReplicas", "availableReplicas")
    )
    for condition in item.at("status.conditions", []):
        if condition["type"] == "Progressing" and condition.get("reason") == "ProgressDeadlineExceeded":
            return RolloutState(False, f"exceeded its progress deadline: {condition['message']}", failed=True)
    if updated < wanted:
        return RolloutState(False, f"{updated} of {wanted} replicas updated")
    if total > updated:
        return RolloutState(False, f"{total - updated} old replicas pending termination")
    if available < updated:
        return RolloutState(False, f"{available} of {updated} updated replicas available")
    return RolloutState(True, f"{available} of {wanted} replicas available")


def _stateful_set(item: Resource) -> RolloutState:
    wanted, ready = item.at("spec.replicas", 1), item.at("status.readyReplicas", 0)
    if ready < wanted:
        return RolloutState(False, f"{ready} of {wanted} pods ready")
    partition = item.at("spec.updateStrategy.rollingUpdate.partition", 0)
    updated = item.at("status.updatedReplicas", 0)
    if item.at("spec.updateStrategy.type") == "RollingUpdate":
        if updated < wanted - partition:
            return RolloutState(False, f"{updated} of {wanted - partition} pods updated")
        if not partition and item.at("status.updateRevision") != item.at("status.currentRevision"):
            return RolloutState(False, f"{updated} pods at the new revision")
    return RolloutState(True, f"{ready} of {wanted} pods ready")


def _daemon_set(item: Resource) -> RolloutState:
    wanted = item.at("status.desiredNumberScheduled", 0)
    updated, available = item.at("status.updatedNumberScheduled", 0), item.at("status.numberAvailable", 0)
    if updated < wanted:
        return RolloutState(False, f"{updated} of {wanted} pods updated")
    if available < wanted:
        return RolloutState(False, f"{available} of {wanted} pods available")
    return RolloutState(True, f"{available} of {wanted} pods available")
