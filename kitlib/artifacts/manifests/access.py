"""The namespace, and what pods may ask of the API server."""

from __future__ import annotations

from typing import Any

from kitlib.artifacts.manifests.component import Component, Target

RBAC = "rbac.authorization.k8s.io"


def namespace(target: Target) -> dict[str, Any]:
    """The Namespace, with the Pod Security standard that the architecture asks for."""
    level = target.app.architecture.security.pod_security.lower()
    marks = {f"pod-security.kubernetes.io/{mode}": level for mode in ("enforce", "warn", "audit")}
    own = {"app.kubernetes.io/name": target.name, "app.kubernetes.io/env": target.environment}
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": target.namespace,
            "labels": own | marks,
            "annotations": {"description": f"{target.app.architecture.name}, {target.environment}"},
        },
    }


def access(component: Component) -> list[dict[str, Any]]:
    """ServiceAccount, Role and RoleBinding; nothing is allowed, as the processes need nothing."""
    metadata = component.target.metadata(component.name, component.name)
    account = {"kind": "ServiceAccount", "name": component.name, "namespace": component.target.namespace}
    return [
        {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": metadata,
            "automountServiceAccountToken": False,
        },
        {"apiVersion": f"{RBAC}/v1", "kind": "Role", "metadata": metadata, "rules": []},
        {
            "apiVersion": f"{RBAC}/v1",
            "kind": "RoleBinding",
            "metadata": metadata,
            "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": component.name},
            "subjects": [account],
        },
    ]
