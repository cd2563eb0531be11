"""Emptying a node: which pods leave it, and asking them to, as their PodDisruptionBudgets allow.

The rules are those of `kubectl drain`: k8s.io/kubectl/pkg/drain/filters.go, Kubernetes 1.34.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from kitlib.checks.selectors import matches
from kitlib.cluster import Cluster, Resource
from kitlib.errors import ApiError, NotFound, RunbookError, WaitTimeout
from kitlib.wording import counted

MIRROR = "kubernetes.io/config.mirror"  # the kubelet's own static pods: no API call ends them
FINISHED = ("Succeeded", "Failed")
TOO_MANY_REQUESTS = 429  # the answer of the eviction API when a budget allows no disruption now
NAMESPACE_ENDS = "NamespaceTerminating"  # k8s.io/api/core/v1, the cause in the server's refusal
RETRY_SECONDS = 2.0

Leaving = Mapping[str, str]  # namespace, name and uid of a pod: what a plan can keep
Tell = Callable[[str], None]


def set_cordon(cluster: Cluster, node: str, *, cordoned: bool) -> None:
    """Close a node to new pods, or open it again; nothing is sent when it is so already."""
    if cordoned != is_cordoned(cluster, node):
        # Null removes the field: a node that is open has none.
        cluster.patch("Node", node, {"spec": {"unschedulable": True if cordoned else None}}, type="merge")


def is_cordoned(cluster: Cluster, node: str) -> bool:
    """Whether a node is closed to new pods."""
    return bool(cluster.get("Node", node).at("spec.unschedulable", False))


def troubles(cluster: Cluster, node: str) -> list[str]:
    """Why a node should get no pods: what its conditions say, apart from being closed."""
    conditions = cluster.get("Node", node).at("status.conditions", [])
    ready: dict[str, Any] = next((c for c in conditions if c["type"] == "Ready"), {})
    bad = [] if ready.get("status") == "True" else [f"not Ready: {ready.get('message', 'it says nothing')}"]
    pressed = [c for c in conditions if c["type"] != "Ready" and c["status"] == "True"]
    return bad + [f"{c['type']}: {c.get('message', '')}" for c in pressed]


def pods_on(cluster: Cluster, node: str, selector: str = "") -> list[Resource]:
    """The pods of all namespaces that a node holds.

    Args:
        selector: only pods with these labels; empty: all.
    """
    return list(cluster.list("Pod", everywhere=True, labels=selector or None, fields=f"spec.nodeName={node}"))


def to_evict(
    cluster: Cluster,
    node: str,
    *,
    selector: str = "",
    unmanaged: bool = False,
    local_data: bool = False,
) -> list[dict[str, str]]:
    """The pods that have to leave a node, in the order of their names.

    Pods of a DaemonSet stay, as their controller would put them back at once; so do mirror pods.

    Args:
        selector: only pods with these labels; empty: all.
        unmanaged: also pods without a controller, which nothing makes anew.
        local_data: also pods with an emptyDir volume, whose content is lost.

    Raises:
        RunbookError: names every pod that may not be evicted like this, and why.
    """
    leaving, kept = [], []
    for pod in sorted(pods_on(cluster, node, selector), key=lambda pod: (pod.namespace, pod.name)):
        if _stays(pod):
            continue
        reasons = list(_reasons(pod, unmanaged=unmanaged, local_data=local_data))
        kept += [f"{pod.namespace}/{pod.name} {reason}" for reason in reasons]
        leaving.append({"namespace": pod.namespace, "name": pod.name, "uid": str(pod["metadata"]["uid"])})
    if kept:
        raise RunbookError(
            f"{node} is not drained: {'; '.join(kept)}",
            fix="move these pods by hand, or accept the loss with -p unmanaged=true or -p local_data=true",
        )
    return leaving


def evict_all(cluster: Cluster, pods: Sequence[Leaving], *, timeout: float, tell: Tell) -> None:
    """Ask pods to leave, one after another, each as soon as its PodDisruptionBudget allows it.

    Args:
        pods: as `to_evict` chose them; one that is gone meanwhile, or was made anew, is passed over.
        timeout: seconds for all of them together.
        tell: is told what is waited for.

    Raises:
        RunbookError: a budget allowed no disruption for so long; names the budget, and what it demands.
        ApiError: the server refused for another reason.
    """
    deadline = time.monotonic() + timeout
    for pod in pods:
        while (refusal := _evict(cluster, pod)) is not None:
            budgets = ", ".join(_budgets(cluster, pod)) or refusal
            if time.monotonic() >= deadline:
                raise RunbookError(
                    f"{pod['namespace']}/{pod['name']} may not be evicted: after {timeout:g} s {budgets}",
                    fix="add replicas or mend those that are not ready, then run it again",
                )
            tell(f"{pod['namespace']}/{pod['name']}: {budgets}")
            time.sleep(RETRY_SECONDS)


def wait_gone(cluster: Cluster, node: str, pods: Sequence[Leaving], *, timeout: float, tell: Tell) -> None:
    """Wait until pods have ended and left a node; each may take its grace period.

    Raises:
        WaitTimeout: names those that are still there.
    """
    deadline = time.monotonic() + timeout
    awaited = {pod["uid"] for pod in pods}
    while left := [pod for pod in pods_on(cluster, node) if pod["metadata"]["uid"] in awaited]:
        names = ", ".join(f"{pod.namespace}/{pod.name}" for pod in left)
        if time.monotonic() >= deadline:
            raise WaitTimeout(f"after {timeout:g} s still on {node}: {names}")
        tell(f"{len(left)} of {len(pods)} pods still end: {names}")
        time.sleep(RETRY_SECONDS / 2)


def _stays(pod: Resource) -> bool:
    owned = any(owner["kind"] == "DaemonSet" for owner in _controllers(pod))
    mirrored = MIRROR in (pod["metadata"].get("annotations") or {})
    return owned or mirrored or bool(pod["metadata"].get("deletionTimestamp"))


def _reasons(pod: Resource, *, unmanaged: bool, local_data: bool) -> Iterator[str]:
    """Why a pod may not be evicted; one that has finished has nothing to lose."""
    if pod.at("status.phase") in FINISHED:
        return
    if not unmanaged and not list(_controllers(pod)):
        yield "has no controller, so nothing makes it anew"
    if not local_data and any("emptyDir" in volume for volume in pod.at("spec.volumes", [])):
        yield "keeps data in an emptyDir, which is lost"


def _controllers(pod: Resource) -> Iterator[dict[str, Any]]:
    yield from (owner for owner in pod.at("metadata.ownerReferences", []) if owner.get("controller"))


def _evict(cluster: Cluster, pod: Leaving) -> str | None:
    """Ask a pod to leave; the server's words when a budget does not allow it now, else None."""
    found = cluster.find("Pod", pod["name"], namespace=pod["namespace"])
    if found is None or found["metadata"]["uid"] != pod["uid"]:
        return None  # it left by itself; one of the same name is another pod, maybe on another node
    try:
        cluster.evict(pod["name"], namespace=pod["namespace"])
    except NotFound:
        return None
    except ApiError as error:
        if NAMESPACE_ENDS in error.causes:
            return None  # its namespace is being deleted, and it with it: no eviction is accepted or needed
        if error.status != TOO_MANY_REQUESTS:
            raise
        return error.message
    return None


def _budgets(cluster: Cluster, pod: Leaving) -> Iterator[str]:
    """The budgets of a pod that allow no disruption now, each with what it demands and what there is."""
    found = cluster.find("Pod", pod["name"], namespace=pod["namespace"])
    for budget in cluster.list("PodDisruptionBudget", namespace=pod["namespace"]) if found else []:
        if matches(budget.at("spec.selector"), found.labels if found else {}) and not budget.at(
            "status.disruptionsAllowed", 0
        ):
            healthy, wanted = (budget.at(f"status.{key}", 0) for key in ("currentHealthy", "desiredHealthy"))
            yield (
                f"PodDisruptionBudget {budget.name} allows no disruption: {counted(healthy, 'healthy pod')}, "
                f"at least {wanted} wanted"
            )
