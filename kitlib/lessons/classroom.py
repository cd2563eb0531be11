"""A classroom on one cluster: for each learner a namespace, an account that may change nothing else, a quota.

The account has the rights that Kubernetes itself calls `edit`, in its namespace alone
(kubernetes.io/docs/reference/access-authn-authz/rbac, "User-facing roles"), and may read nodes and classes,
which lessons show. It can't change its rights, its quota, or anything of another learner's.
"""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from kitlib.cluster import Cluster
from kitlib.errors import UsageError

LEARNER = "kit.dev/learner"  # a label of what is a learner's, with the name
ACCOUNT, READER = "learner", "kit-learner-reader"
MOST_HOURS = 24 * 7
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?")
_RBAC = "rbac.authorization.k8s.io"
# Room for one lesson, or for the application; no way out of the cluster by a port of a node.
QUOTA = {
    "pods": "20",
    "requests.cpu": "2",
    "requests.memory": "2Gi",
    "limits.memory": "4Gi",
    "persistentvolumeclaims": "5",
    "requests.storage": "5Gi",
    "services.nodeports": "0",
    "services.loadbalancers": "0",
}
# What a container gets that asks for nothing, for with a quota it has to ask.
DEFAULTS = {
    "type": "Container",
    "defaultRequest": {"cpu": "25m", "memory": "64Mi"},
    "default": {"memory": "128Mi"},
}


@dataclass(frozen=True)
class Seat:
    """A learner's place.

    Args:
        name: the learner's.
        namespace: the learner's own.
        folder: with the kubeconfig, and `env`, what a server or a shell of the learner's is to have set.
    """

    name: str
    namespace: str
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """The variables that bind kit, and so notebooks, to this place."""
        return {
            "KUBECONFIG": str(self.folder / "kubeconfig"),
            "KIT_CONTEXT": self.namespace,
            "KIT_NAMESPACE": self.namespace,
            "KIT_LESSON_NAMESPACE": self.namespace,
            "KIT_STATE_DIR": str(self.folder / "state"),
        }


def enrol(cluster: Cluster, names: Sequence[str], folder: Path, hours: int = 12) -> list[Seat]:
    """Give each learner a place; who has one keeps it, with a new token.

    Args:
        cluster: where, as somebody who may make namespaces and roles.
        names: the learners', small letters, digits and hyphens.
        folder: gets a folder for each, readable by this user only.
        hours: how long the tokens hold.

    Raises:
        UsageError: a name can't be used, or the hours can't.
        Forbidden: one may not make what a place needs.
    """
    for name in names:
        if not _NAME.fullmatch(name):
            raise UsageError(
                f"learner: found {name!r}, expected small letters, digits and hyphens, at most 32"
            )
    if not 1 <= hours <= MOST_HOURS:
        raise UsageError(f"hours: found {hours}, expected 1 to {MOST_HOURS}")
    cluster.apply(_reader())
    return [_seat(cluster, name, folder / name, hours) for name in names]


def dismiss(cluster: Cluster, name: str) -> bool:
    """Remove a learner's namespace with all in it, and the account's rights; whether there was one.

    Raises:
        UsageError: the namespace of that name is no learner's.
    """
    namespace = f"learner-{name}"
    found = cluster.find("Namespace", namespace)
    if found is None:
        return False
    if found.labels.get(LEARNER) != name:
        raise UsageError(f"the namespace {namespace} is no learner's, so it stays")
    cluster.delete("ClusterRoleBinding", f"{READER}-{name}", missing_ok=True)
    return cluster.delete("Namespace", namespace, wait_seconds=0)


def learners(cluster: Cluster) -> list[str]:
    """Who has a place."""
    return sorted(item.labels[LEARNER] for item in cluster.list("Namespace", labels=LEARNER))


def objects(name: str) -> Iterator[dict[str, Any]]:
    """What a learner's place consists of."""
    namespace, labels = f"learner-{name}", {LEARNER: name}
    security = {"pod-security.kubernetes.io/enforce": "baseline"}  # lessons show what `restricted` refuses
    yield _object("v1", "Namespace", namespace, labels | security)
    inside = {"namespace": namespace}
    subject = {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": namespace}
    role = {"apiGroup": _RBAC, "kind": "ClusterRole"}
    yield _object("v1", "ServiceAccount", ACCOUNT, labels, inside)
    yield _object(
        f"{_RBAC}/v1", "RoleBinding", ACCOUNT, labels, inside,
        roleRef=role | {"name": "edit"}, subjects=[subject],
    )  # fmt: skip
    yield _object(
        f"{_RBAC}/v1", "ClusterRoleBinding", f"{READER}-{name}", labels,
        roleRef=role | {"name": READER}, subjects=[subject],
    )  # fmt: skip
    yield _object("v1", "ResourceQuota", "learner", labels, inside, spec={"hard": QUOTA})
    yield _object("v1", "LimitRange", "learner", labels, inside, spec={"limits": [DEFAULTS]})


def _seat(cluster: Cluster, name: str, folder: Path, hours: int) -> Seat:
    made = list(objects(name))
    namespace = str(made[0]["metadata"]["name"])
    found = cluster.find("Namespace", namespace)
    if found is not None and found.labels.get(LEARNER) != name:
        raise UsageError(f"the namespace {namespace} exists, and is no learner's")
    cluster.apply(made)
    seat = Seat(name, namespace, folder)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _write(folder / "kubeconfig", yaml.safe_dump(_kubeconfig(cluster, namespace, hours)))
    _write(folder / "env", "".join(f"{key}={value}\n" for key, value in seat.environment.items()))
    return seat


def _kubeconfig(cluster: Cluster, namespace: str, hours: int) -> dict[str, Any]:
    """A kubeconfig whose only user is the learner's account."""
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{ACCOUNT}/token"
    body = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {"expirationSeconds": hours * 3600},
    }
    token = json.loads(cluster.api.raw("post", path, body=body).data)["status"]["token"]
    authority = cluster.get("ConfigMap", "kube-root-ca.crt", namespace=namespace)["data"]["ca.crt"]
    data = base64.b64encode(authority.encode()).decode()
    context = {"cluster": "class", "user": ACCOUNT, "namespace": namespace}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": namespace,
        "contexts": [{"name": namespace, "context": context}],
        "clusters": [
            {"name": "class", "cluster": {"server": cluster.server, "certificate-authority-data": data}}
        ],
        "users": [{"name": ACCOUNT, "user": {"token": token}}],
    }


def _reader() -> dict[str, Any]:
    """What belongs to nobody, and lessons show."""
    reads = ["get", "list", "watch"]
    rules = [
        {"apiGroups": [""], "resources": ["nodes"], "verbs": reads},
        {"apiGroups": ["storage.k8s.io"], "resources": ["storageclasses"], "verbs": reads},
        {"apiGroups": ["networking.k8s.io"], "resources": ["ingressclasses"], "verbs": reads},
        {"apiGroups": ["metrics.k8s.io"], "resources": ["nodes"], "verbs": ["get", "list"]},
    ]
    return _object(f"{_RBAC}/v1", "ClusterRole", READER, {}, rules=rules)


def _object(
    api_version: str, kind: str, name: str, labels: dict[str, str], more: dict[str, str] | None = None,
    **fields: Any,
) -> dict[str, Any]:  # fmt: skip
    head = {"name": name, "labels": labels, **(more or {})}
    return {"apiVersion": api_version, "kind": kind, "metadata": head, **fields}


def _write(path: Path, text: str) -> None:
    """For this user only from the first byte on: there is a token in it."""
    with open(path, "w", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(text)
