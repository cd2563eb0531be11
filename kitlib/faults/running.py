"""Injecting a fault into a namespace, healing it, and leaving nothing behind.

Independent faults may be injected at once, each in a thread and a namespace of its own.
"""

from __future__ import annotations

import time
from typing import Any

from kitlib.cluster import Cluster
from kitlib.cluster.addons import ADDONS
from kitlib.errors import NotFound, UsageError, WaitTimeout
from kitlib.faults import places, steps
from kitlib.faults.model import Fault
from kitlib.faults.signs.objects import not_ready

START_SECONDS = 120.0
HEAL_SECONDS = 150.0
MADE = "kit.dev/made-for-fault"  # a label of the namespaces that inject made, and clean may remove
WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "Pod", "Job")
ADDON_OF = {"network-policy": "network-policy", "metrics": "metrics-server", "ingress": "ingress"}
RUNS = {"kind": "nodes that run containers", "embedded": "an embedded control plane, whose nodes are fake"}


def inject(cluster: Cluster, fault: Fault) -> None:
    """Make the healthy workload, wait until it is well, break it, and wait until the fault shows.

    Args:
        cluster: bound to the namespace; made if it does not exist.
        fault: of the catalogue.

    Raises:
        UsageError: the cluster lacks nodes or an add-on, or is of another sort; nothing was changed.
        WaitTimeout: the workload does not become well, or the fault does not show; says what was seen.
        ApiError: the server refuses a change.
    """
    _require(cluster, fault)
    ready = places.resolved(cluster, fault)
    _make_namespace(cluster)
    cluster.apply(ready.start, force=True)
    _await_ready(cluster, ready, START_SECONDS)
    steps.carry_out(cluster, ready.breaks)
    steps.until(cluster, ready.symptom, 60.0 + 2 * ready.seconds, f"{fault.id} does not show", ready.hold)


def fix(cluster: Cluster, fault: Fault) -> None:
    """Make the changes that heal a fault; see `healed`.

    Raises:
        ApiError: the server refuses one.
    """
    steps.carry_out(cluster, places.resolved(cluster, fault).fix)


def healed(cluster: Cluster, fault: Fault, *, timeout: float = HEAL_SECONDS) -> None:
    """Wait until every workload is ready, and what the symptom says is over.

    Raises:
        WaitTimeout: says what is still wrong.
    """
    ready = places.resolved(cluster, fault)
    deadline = time.monotonic() + timeout
    _await_ready(cluster, ready, timeout)
    steps.until(cluster, ready.healed, max(1.0, deadline - time.monotonic()), f"{fault.id} is not healed")
    while left := [sign for sign in ready.symptom if sign.ends and not sign.instead(cluster)]:
        if time.monotonic() >= deadline:
            said = left[0].model_dump(exclude_none=True)
            raise WaitTimeout(f"{fault.id} is not healed in {cluster.namespace} after {timeout:g} s: {said}")
        time.sleep(steps.POLL_SECONDS)


def clean(cluster: Cluster, fault: Fault) -> None:
    """Undo what the fault did to nodes and to the cluster, and remove its objects; may be repeated.

    A namespace that `inject` made is deleted, without waiting for its end.
    """
    ready = places.resolved(cluster, fault)
    for step in ready.fix:
        if step.apply is None and step.wait is None:
            try:
                steps.carry_out(cluster, [step])
            except NotFound:
                continue  # it was never made, or is gone already
    whole = cluster.find("Namespace", cluster.namespace)
    made = whole is not None and MADE in whole.labels
    for item in reversed(_objects(ready)):
        if item["kind"] == "Namespace" and item["metadata"]["name"] == cluster.namespace:
            continue
        if not made or not cluster.api.namespaced(item["kind"], item["apiVersion"]):
            cluster.delete(item["kind"], item["metadata"]["name"], missing_ok=True, wait_seconds=0)
    if made:
        cluster.delete("Namespace", cluster.namespace, missing_ok=True, wait_seconds=0)


def _objects(fault: Fault) -> list[dict[str, Any]]:
    applied = [step.apply for step in (*fault.breaks, *fault.fix) if step.apply]
    return [*fault.start, *(item for items in applied for item in items)]


def _require(cluster: Cluster, fault: Fault) -> None:
    nodes = cluster.list("Node")
    if fault.cluster != ("embedded" if all(map(places.fake, nodes)) else "kind"):
        raise UsageError(
            f"{fault.id} needs {RUNS[fault.cluster]}", fix=f"kit cluster up --provider {fault.cluster}"
        )
    if len(nodes) < fault.nodes:
        raise UsageError(
            f"{fault.id} needs {fault.nodes} nodes, and the cluster has {len(nodes)}",
            fix=f"kit cluster up --name NAME --nodes {fault.nodes}",
        )
    for need in fault.needs:
        addon = ADDONS[ADDON_OF[need]]
        kind, namespace, name = addon.workload
        inherent = addon.inherent and cluster.find("DaemonSet", addon.inherent, namespace="kube-system")
        if not inherent and cluster.find(kind, name, namespace=namespace) is None:
            raise UsageError(
                f"{fault.id} needs the add-on {addon.name}", fix=f"kit cluster addons enable {addon.name}"
            )


def _make_namespace(cluster: Cluster) -> None:
    if cluster.find("Namespace", cluster.namespace) is None:
        labels = {"app.kubernetes.io/managed-by": "kit", MADE: "true"}
        meta = {"name": cluster.namespace, "labels": labels}
        cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": meta})
    cluster.wait("ServiceAccount", "default", until="exists")


def _await_ready(cluster: Cluster, fault: Fault, timeout: float) -> None:
    """Wait for each workload of `start`; one past its deadline may still recover, as it is being healed."""
    deadline = time.monotonic() + timeout
    for item in fault.start:
        if item["kind"] not in WORKLOADS:
            continue
        kind, name = item["kind"], item["metadata"]["name"]
        seen = "it does not exist"
        while True:
            found = cluster.find(kind, name)
            seen = "it does not exist" if found is None else not_ready(found)
            if not seen:
                break
            if time.monotonic() >= deadline:
                raise WaitTimeout(f"{kind}/{name} in {cluster.namespace}: after {timeout:g} s {seen}")
            time.sleep(steps.POLL_SECONDS)
