"""Deployments, and a Pod to look at."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from kitlib.artifacts.manifests.component import Component
from kitlib.specs.models.container import Check, ContainerPort

GRACE_SECONDS = 30
JOB_GRACE_SECONDS = 60  # what serves nobody works on jobs, and one in hand may take longer than a request


def deployment(component: Component) -> dict[str, Any]:
    """The Deployment. An autoscaler's number of replicas is not in it: each apply would set it back."""
    replicas = {} if component.replicas.autoscaled else {"replicas": component.replicas.minimum}
    template = {"metadata": _pod_metadata(component), "spec": pod_spec(component)}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": component.target.metadata(component.name, component.name),
        "spec": {
            **replicas,
            "revisionHistoryLimit": 5,
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "selector": {"matchLabels": component.selector},
            "template": template,
        },
    }


def pod(component: Component) -> dict[str, Any]:
    """A pod by itself, for reference: nothing starts it again elsewhere when its node is lost."""
    # Its own name in the labels, so that neither the Service nor the Deployment takes it for one of theirs.
    name = f"{component.name}-pod"
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": component.target.metadata(name, name),
        "spec": pod_spec(component) | {"restartPolicy": "Always"},
    }


def pod_spec(component: Component) -> dict[str, Any]:
    """What a pod of the component is made of; it meets the Pod Security standard `restricted`."""
    first = [_migration(component)] if component.container.migration else []
    spec: dict[str, Any] = {
        "serviceAccountName": component.name,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": _pod_security(component.container.security.uid),
        "terminationGracePeriodSeconds": GRACE_SECONDS if component.http_port else JOB_GRACE_SECONDS,
        "affinity": _apart(component.selector),
    }
    if first:
        spec["initContainers"] = first
    spec["containers"] = [_container(component)]
    if component.container.writable:
        spec["volumes"] = [{"name": volume(path), "emptyDir": {}} for path in component.container.writable]
    return spec


def container_security(*, read_only_root: bool = True) -> dict[str, Any]:
    """A container's securityContext under `restricted`."""
    return {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": read_only_root,
        "capabilities": {"drop": ["ALL"]},
    }


def _pod_metadata(component: Component) -> dict[str, Any]:
    own = component.selector | {"app.kubernetes.io/component": component.name}
    annotations: dict[str, str] = {}
    if component.settings:
        annotations["checksum/config"] = checksum(component.settings)
    if component.metrics_port:
        annotations |= {
            "prometheus.io/scrape": "true",
            "prometheus.io/port": str(component.metrics_port),
            "prometheus.io/path": "/metrics",
        }
    return {"labels": own} | ({"annotations": annotations} if annotations else {})


def checksum(settings: dict[str, str]) -> str:
    """A mark of a ConfigMap's data; in the pod's annotations, a change of it makes new pods."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16]


def _container(component: Component) -> dict[str, Any]:
    spec = component.container
    body = _base(component, component.name)
    if spec.ports:
        body["ports"] = [_port(port) for port in spec.ports]
    for key, check in (("startup", spec.startup), ("liveness", spec.liveness), ("readiness", spec.readiness)):
        if check:
            body[f"{key}Probe"] = _probe(check, component.http_name)
    return body


def _migration(component: Component) -> dict[str, Any]:
    return _base(component, "migrate", list(component.container.migration))


def _base(component: Component, name: str, command: list[str] | None = None) -> dict[str, Any]:
    """What the container and its migration share: image, environment, resources, rights, volumes."""
    sources = [{"configMapRef": {"name": f"{component.name}-config"}}] if component.settings else []
    sources += [{"secretRef": {"name": f"{component.name}-secrets"}}] if component.secrets else []
    body: dict[str, Any] = {"name": name, "image": component.image, "imagePullPolicy": "IfNotPresent"}
    if command:
        body["command"] = command
    if sources:
        body["envFrom"] = sources
    body["resources"] = component.resources.as_kubernetes()
    body["securityContext"] = container_security(read_only_root=component.container.security.read_only_root)
    if component.container.writable:
        body["volumeMounts"] = [
            {"name": volume(path), "mountPath": path} for path in component.container.writable
        ]
    return body


def _port(port: ContainerPort) -> dict[str, Any]:
    protocol = port.protocol if port.protocol == "UDP" else "TCP"
    return {"name": port.name, "containerPort": port.port, "protocol": protocol}


def _probe(check: Check, port: str) -> dict[str, Any]:
    how: dict[str, Any] = (
        {"httpGet": {"path": check.path, "port": port}}
        if check.path
        else {"exec": {"command": list(check.command)}}
    )
    return how | {
        "periodSeconds": check.period_seconds,
        "timeoutSeconds": check.timeout_seconds,
        "failureThreshold": check.failures,
    }


def _pod_security(uid: int) -> dict[str, Any]:
    return {
        "runAsNonRoot": True,
        "runAsUser": uid,
        "runAsGroup": uid,
        "fsGroup": uid,
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def _apart(selector: dict[str, str]) -> dict[str, Any]:
    """Replicas avoid one another's node where they can."""
    term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": selector}}
    preferred = [{"weight": 100, "podAffinityTerm": term}]
    return {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": preferred}}


def volume(path: str) -> str:
    """The name of the volume that makes a folder writable."""
    return path.strip("/").replace("/", "-").replace(".", "").lower()
