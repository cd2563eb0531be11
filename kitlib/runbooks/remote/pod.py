"""The pod that runs a runbook: its command, its environment, its volumes, and what it may not do.

It conforms to the Pod Security standard `restricted` (kubernetes.io/docs/concepts/security/
pod-security-standards), and what it writes goes to its own part of the volume, and to /tmp.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kitlib.cluster import in_pod
from kitlib.settings import Unattended

CONTAINER = "runbook"
UID = 1000
RUNS, STATE, TEMPORARY = "/runs", "/var/lib/kit", "/tmp"  # of the pod, which has them for itself
KEY = "digest.key"
KEEPING = ("python", "-m", "kitlib.runbooks.remote.keeping")
RESOURCES = {
    "requests": {"cpu": "100m", "memory": "256Mi"},
    "limits": {"cpu": "1", "memory": "1Gi"},
}
GRACE_SECONDS = 30  # for the record of a run that is ended
DEADLINE_MARGIN = 120  # the run ends itself at its timeout; the Job only when it did not


@dataclass(frozen=True)
class Store:
    """An S3-compatible store: where in it records go, its URL, and the Secret with the credentials."""

    records: str
    endpoint: str
    secret: str


@dataclass(frozen=True)
class Order:
    """What a pod is to run.

    Args:
        runbook: its name.
        parameters: as typed on a command line.
        image: the runner image.
        account: its ServiceAccount.
        namespace: what the run works on by default.
        context, server: what the caller calls them.
        claim: the PersistentVolumeClaim that keeps the records; empty: they go to a store.
        store: the S3-compatible store that keeps them; none: they stay on the volume.
        timeout: seconds for the run.
        approve: the hash of the plan to carry out; empty: none.
        secret: the Secret with the key by which plans are named; empty: none.
        unattended: the policies that hold for it.
        user: who started it, for the record.
        mark: tells two runs of the same apart; a Job's container can't be changed, so neither can take the
            other's.
    """

    runbook: str
    parameters: Mapping[str, str]
    image: str
    account: str
    namespace: str
    context: str
    server: str
    claim: str
    store: Store | None = None
    timeout: float = 900.0
    approve: str = ""
    secret: str = ""
    unattended: tuple[Unattended, ...] = field(default=())
    user: str = ""
    mark: str = ""

    @property
    def deadline(self) -> int:
        """Seconds after which the Job is ended from outside."""
        return int(self.timeout) + DEADLINE_MARGIN


def command(order: Order) -> list[str]:
    """The command line that runs in the pod: the same that a person would type."""
    line = ["kit", "runbook", "run", order.runbook]
    for name, value in order.parameters.items():
        line += ["-p", f"{name}={value}"]
    line += ["--timeout", f"{order.timeout:g}"]
    return [*line, "--approve", order.approve] if order.approve else line


def template(order: Order, labels: Mapping[str, str]) -> dict[str, Any]:
    """The pod template of a run."""
    return {"metadata": {"labels": dict(labels)}, "spec": spec(_container(order), _volumes(order)) | {
        "serviceAccountName": order.account,
        "automountServiceAccountToken": True,
        "terminationGracePeriodSeconds": GRACE_SECONDS,
    }}  # fmt: skip


def spec(container: Mapping[str, Any], volumes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A pod of one container that may nothing but what it is told to."""
    return {
        "restartPolicy": "Never",
        "enableServiceLinks": False,
        "automountServiceAccountToken": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": UID,
            "runAsGroup": UID,
            "fsGroup": UID,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [
            {
                "imagePullPolicy": "IfNotPresent",
                "resources": RESOURCES,
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]},
                },
                **container,
            }
        ],
        "volumes": [*volumes, {"name": "tmp", "emptyDir": {"sizeLimit": "512Mi"}}],
    }


def values(**given: str) -> list[dict[str, Any]]:
    """Environment variables, without those that are empty."""
    return [{"name": name, "value": value} for name, value in given.items() if value]


def _container(order: Order) -> dict[str, Any]:
    container = {
        "name": CONTAINER,
        "image": order.image,
        "command": [*(KEEPING if order.store else ()), *command(order)],
        "workingDir": TEMPORARY,  # a kernel makes its sockets where it is started
        "env": [_own_name(), *_environment(order)],
        "volumeMounts": _mounts(order),
    }
    return container | ({"envFrom": [{"secretRef": {"name": order.store.secret}}]} if order.store else {})


def _own_name() -> dict[str, Any]:
    """The pod's name, under which its records are kept: one for each run, also of a CronJob."""
    return {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}


def _environment(order: Order) -> list[dict[str, Any]]:
    policies = [item.model_dump(mode="json") for item in order.unattended]
    return values(
        KIT_CONTEXT=in_pod.CONTEXT,
        KIT_CONTEXT_NAME=order.context,
        KIT_SERVER_NAME=order.server,
        KIT_NAMESPACE=order.namespace,
        KIT_RUNS_DIR=RUNS,
        KIT_STATE_DIR=STATE,
        KIT_CACHE_DIR=f"{TEMPORARY}/cache",
        KIT_UNATTENDED=json.dumps(policies) if policies else "",
        KIT_RUNNER_RECORDS=order.store.records if order.store else "",
        KIT_S3_ENDPOINT=order.store.endpoint if order.store else "",
        LOGNAME=order.user,
        RUN_MARK=order.mark,
        HOME=TEMPORARY,
    )


def _mounts(order: Order) -> list[dict[str, Any]]:
    """Its own part of the volume, and the locks, which are everybody's: one run at a time for each target."""
    mounts = [
        {"name": "runs", "mountPath": RUNS, "subPathExpr": "$(POD_NAME)/runs"},
        {"name": "runs", "mountPath": STATE, "subPathExpr": "$(POD_NAME)/state"},
        {"name": "runs", "mountPath": f"{STATE}/locks", "subPath": "locks"},
    ]
    if order.secret:
        mounts.append({"name": "key", "mountPath": f"{STATE}/{KEY}", "subPath": KEY, "readOnly": True})  # type: ignore[dict-item]
    return [*mounts, {"name": "tmp", "mountPath": TEMPORARY}]


def _volumes(order: Order) -> list[dict[str, Any]]:
    kept = {"emptyDir": {}} if order.store else {"persistentVolumeClaim": {"claimName": order.claim}}
    volumes: list[dict[str, Any]] = [{"name": "runs", **kept}]
    if order.secret:
        # Of root and the pod's group, which the fsGroup is.
        source = {"secretName": order.secret, "defaultMode": 0o440, "items": [{"key": KEY, "path": KEY}]}
        volumes.append({"name": "key", "secret": source})
    return volumes
