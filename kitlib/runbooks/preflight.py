"""What is checked before a runbook gets a kernel, so that a refusal takes no time and changes nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatch
from typing import Any

from kitlib.cluster import Cluster
from kitlib.cluster.connect import connect
from kitlib.errors import Forbidden, PrecheckFailed
from kitlib.runbooks.catalogue import Permission, Runbook

KINDS = ("Namespace", "Deployment", "StatefulSet", "PersistentVolumeClaim", "Pod", "Node", "Secret")
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


@dataclass(frozen=True)
class Prepared:
    """A runbook that may start: its parameters, typed, and the cluster it will work on."""

    runbook: Runbook
    parameters: dict[str, Any]
    cluster: Cluster

    @property
    def objects(self) -> dict[str, Any]:
        """The parameters that name objects: the run's target."""
        names = [name for kind in KINDS for name in self.runbook.parameters.naming(kind)]
        return {name: self.parameters[name] for name in sorted(names)}


def check(runbook: Runbook, given: Mapping[str, Any], *, context: str | None = None) -> Prepared:
    """Check parameters, scope, reachability, the objects that parameters name, and permissions.

    Args:
        runbook: what is to run.
        given: parameters as typed.
        context: a context of your own kubeconfig; none: as `kitlib.connect`.

    Raises:
        UsageError: a parameter is unknown, missing, or not of its type or within its limits.
        PrecheckFailed: outside the runbook's scope, an object is missing, or permissions are.
        ClusterUnreachable: no API server answers.
    """
    values = runbook.parameters.coerce(given)
    runbook.refuse_shell()
    namespaces = [values[name] for name in runbook.parameters.naming("Namespace")]
    cluster = connect(context, namespace=namespaces[0] if namespaces else None)
    _scope(runbook, cluster)
    cluster.version()  # the cheapest question there is: does it answer?
    for kind in KINDS:
        for parameter in runbook.parameters.naming(kind):
            for name in _names(values[parameter]):
                _exists(cluster, kind, name)
    _allowed(runbook, cluster)
    return Prepared(runbook, values, cluster)


def _scope(runbook: Runbook, cluster: Cluster) -> None:
    scope = runbook.declared.scope
    for what, found, patterns in (
        ("context", cluster.context, scope.contexts),
        ("namespace", cluster.namespace, scope.namespaces),
    ):
        if not any(fnmatch(found, pattern) for pattern in patterns):
            raise PrecheckFailed(
                f"{runbook.name} may not be used in {what} {found}; its scope is {', '.join(patterns)}"
            )


def _names(value: Any) -> list[str]:
    """The names in a parameter's value: one, several, or none where it may be left out."""
    return [value] if isinstance(value, str) else list(value or [])


def _exists(cluster: Cluster, kind: str, name: str) -> None:
    name, _, key = name.partition("/")
    try:
        found = cluster.find(kind, name)
        if found is not None and (not key or key in (found.get("data") or {})):
            return
        if found is not None:
            keys = ", ".join(found.get("data") or {}) or "none"
            raise PrecheckFailed(
                f"{kind} {name!r} in namespace {cluster.namespace} has no key {key!r}; it has {keys}"
            )
    except Forbidden:
        return  # a Role gives no right to read Namespaces; a right that is needed is asked for below
    where = "" if kind == "Namespace" else f" in namespace {cluster.namespace}"
    try:
        known = [item.name for item in cluster.list(kind)]
    except Forbidden:
        known = []  # whoever may not list is not told a name
    near = get_close_matches(name, known, n=1)
    raise PrecheckFailed(
        f"there is no {kind} {name!r}{where} (context {cluster.context})",
        fix=f"did you mean {near[0]!r}?" if near else f"there is {', '.join(known[:8]) or 'none'}{where}",
    )


def _allowed(runbook: Runbook, cluster: Cluster) -> None:
    missing = [
        f"{verb} {permission.resource}" + (f" ({permission.group})" if permission.group else "")
        for permission in runbook.declared.permissions
        for verb in permission.verbs
        if not may(cluster, verb, permission)
    ]
    if missing:
        raise PrecheckFailed(
            f"{runbook.name} needs permissions that this user lacks in {cluster.namespace}: "
            + ", ".join(missing),
            fix="ask for a Role with these rules, or choose another --context",
        )


def may(cluster: Cluster, verb: str, permission: Permission) -> bool:
    """Whether the user of the cluster's context may do that in its namespace; the API server answers."""
    resource, _, subresource = permission.resource.partition("/")
    attributes = {"verb": verb, "group": permission.group, "resource": resource, "subresource": subresource}
    attributes |= {} if permission.everywhere else {"namespace": cluster.namespace}
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    answer = json.loads(cluster.api.raw("post", REVIEWS, body=review).data)
    return bool(answer["status"]["allowed"])
