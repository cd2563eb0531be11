"""Carrying out the steps of a fault, through the Cluster's verbs and so through the policy gate."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from typing import Any

from kitlib import tools
from kitlib.cluster import Cluster
from kitlib.cluster.kinds import KINDS
from kitlib.errors import ApiError, Conflict, MachineError, NotFound, WaitTimeout
from kitlib.faults import images
from kitlib.faults.model import Delete, Edit, Evict, NodeChange, Patch, Status, Step
from kitlib.faults.signs import Sign

POLL_SECONDS = 0.5
WAIT_SECONDS = 120.0
TOO_MANY = (
    429  # an eviction that a budget refuses: kubernetes.io/docs/concepts/scheduling-eviction/api-eviction
)


def carry_out(cluster: Cluster, steps: Sequence[Step]) -> None:
    """Make the changes in order.

    Raises:
        ApiError: the server refuses one.
        MachineError: a node's kubelet is to be stopped, and this is no kind cluster of kit's.
        WaitTimeout: a sign that a step waits for does not come.
    """
    for step in steps:
        if step.wait:
            until(cluster, [step.wait], WAIT_SECONDS, "a step waits")
        elif step.apply is not None:
            cluster.apply(step.apply, force=True)
        else:
            _DO[type(step.chosen)](cluster, step.chosen)


def until(cluster: Cluster, signs: Sequence[Sign], timeout: float, what: str, hold: float = 0.0) -> None:
    """Wait until all signs are there together, for `hold` seconds.

    Raises:
        WaitTimeout: names the sign that is missing and what is there instead.
    """
    deadline = time.monotonic() + timeout
    since: float | None = None
    while True:
        missing = next(((s, seen) for s in signs if (seen := s.instead(cluster))), None)
        now = time.monotonic()
        since = None if missing else since or now
        if since is not None and now - since >= hold:
            return
        if now >= deadline:
            said = (
                f"{missing[0].model_dump(exclude_none=True)}: {missing[1]}" if missing else "it did not last"
            )
            raise WaitTimeout(f"{what}, in {cluster.namespace}: after {timeout:g} s {said}")
        time.sleep(POLL_SECONDS)


def _patch(cluster: Cluster, step: Patch) -> None:
    for name in _named(cluster, step.kind, step.name, step.namespace):
        cluster.patch(step.kind, name, step.patch, namespace=step.namespace, type=step.type)


def _delete(cluster: Cluster, step: Delete) -> None:
    names = _named(cluster, step.kind, step.name, step.namespace)
    for name in names:
        cluster.delete(step.kind, name, namespace=step.namespace, missing_ok=True, wait_seconds=0)
    for name in names if step.wait else []:
        cluster.delete(step.kind, name, namespace=step.namespace, missing_ok=True)


def _edit(cluster: Cluster, step: Edit) -> None:
    found = cluster.get(step.kind, step.name, namespace=step.namespace)
    text = str(found.at(".".join(step.field), ""))
    done = step.find in step.replace and step.replace in text
    if done or step.find not in text:
        return
    change: Any = text.replace(step.find, step.replace, 1)
    for key in reversed(step.field):
        change = {key: change}
    cluster.patch(step.kind, step.name, change, namespace=step.namespace, type="merge")


def _status(cluster: Cluster, step: Status) -> None:
    """As a controller or a kubelet does: the whole object, to its subresource `status`.

    Not a verb of Cluster, as no person, runbook or agent has a reason to write a status.
    """
    version, (plural, *_) = KINDS[step.kind]
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    where = f"/namespaces/{cluster.namespace}" if cluster.api.namespaced(step.kind) else ""
    for name in _named(cluster, step.kind, step.name, None):
        while True:
            found = copy.deepcopy(dict(cluster.get(step.kind, name)))
            _merge(found["status"], step.status)
            try:
                cluster.api.raw("put", f"{root}{where}/{plural}/{name}/status", body=found)
                break
            except Conflict:
                continue  # its controller wrote meanwhile


def _node(cluster: Cluster, step: NodeChange) -> None:
    if step.do in ("stop-kubelet", "start-kubelet"):
        if images.record_of(cluster) is None:
            raise MachineError(
                "a kubelet can be stopped only on a kind cluster of kit's", fix="kit cluster up"
            )
        verb = step.do.removesuffix("-kubelet")
        tools.run(["docker", "exec", step.name, "systemctl", verb, "kubelet"], timeout=60)
    elif step.do in ("cordon", "uncordon"):
        cluster.patch(
            "Node", step.name, {"spec": {"unschedulable": step.do == "cordon" or None}}, type="merge"
        )
    else:
        taints = cluster.get("Node", step.name).at("spec.taints", [])
        kept = [taint for taint in taints if taint["key"] != step.key]
        new = [{"key": step.key, "value": step.value, "effect": step.effect}] if step.do == "taint" else []
        cluster.patch("Node", step.name, {"spec": {"taints": [*kept, *new] or None}}, type="merge")


def _evict(cluster: Cluster, step: Evict) -> None:
    for pod in cluster.list("Pod", labels={"app": step.app}):
        try:
            cluster.evict(pod.name)
        except ApiError as error:
            if error.status != TOO_MANY and not isinstance(error, NotFound):
                raise


def _named(cluster: Cluster, kind: str, name: str, namespace: str | None) -> list[str]:
    if "*" not in name:
        return [name]
    return [found.name for found in cluster.list(kind, namespace=namespace) if fnmatchcase(found.name, name)]


def _merge(target: dict[str, Any], change: dict[str, Any]) -> None:
    for key, value in change.items():
        if value is None:
            target.pop(key, None)
        elif isinstance(value, dict) and isinstance(target.get(key), dict):
            _merge(target[key], value)
        else:
            target[key] = value


_DO: dict[type, Callable[[Cluster, Any], None]] = {
    Patch: _patch,
    Delete: _delete,
    Edit: _edit,
    Status: _status,
    NodeChange: _node,
    Evict: _evict,
}
