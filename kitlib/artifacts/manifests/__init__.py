"""Plain manifests: `manifests/production` and `manifests/development`, each a whole that can be applied.

No file holds a secret value. Production's Secrets are made by the External Secrets Operator; development's by
`kit spec apply`, once, with random values.
"""

from __future__ import annotations

from typing import Any

from kitlib.artifacts import yamlfile
from kitlib.artifacts.artifact import Artifact
from kitlib.artifacts.manifests import (
    access,
    backing,
    config,
    definitions,
    network,
    policies,
    scaling,
    workloads,
)
from kitlib.artifacts.manifests.component import Target
from kitlib.specs.application import Application
from kitlib.specs.models.base import Environment

__all__ = ["ENVIRONMENTS", "FOLDER", "Target", "files", "manifests", "objects"]

FOLDER = "manifests"
ENVIRONMENTS: tuple[Environment, ...] = ("development", "production")
Objects = list[dict[str, Any]]

COMMENTS = {
    "namespace": "Apply this first. Pods that break the Pod Security standard are refused, with the reason.",
    "access": "The processes never ask the API server: no token is mounted, and the Roles allow nothing.",
    "network-policies": "Everything is denied, then each call that the specification names is allowed.\n"
    "They take effect only with a network plugin that enforces them.",
    "deployments": "Where an autoscaler owns the number of replicas, none stands here.",
    "services": "A Service's name is its address in the namespace: http://api is the API.",
    "ingress": "ingress-nginx is retired; Traefik's ingress-nginx provider serves the class nginx.\n"
    "It ignores limit-rpm, which ingress-nginx keeps.",
    "external-secrets": "No values: the External Secrets Operator fetches them from the ClusterSecretStore.",
    "disruption-budgets": "A drain takes one pod at a time; minAvailable would block it for small numbers.",
    "agentconfig": "No upstream project serves this kind; kit does. Apply it before an AgentConfig.",
    "pod": "A Deployment makes such pods, and makes them again when their node is lost.\n"
    "kit:ignore pod-bare for reference, nobody applies it",
    "gateway": "What the routes of http-route.yaml belong to, where the platform has no Gateway of its own.\n"
    "Traefik listens only where one of its entry points has the listener's port.",
    "http-route": "What takes the Ingress's place where the Gateway API is installed, with gateway.yaml.\n"
    "Source: gateway-api.sigs.k8s.io.",
}


def manifests(app: Application) -> list[Artifact]:
    """The manifests of both environments, two to look at, and the definitions of custom resources.

    Raises:
        UsageError: the specifications lack something that an object needs.
    """
    found = [
        _artifact(f"{environment}/{name}", content)
        for environment in ENVIRONMENTS
        for name, content in files(Target(app, environment)).items()
    ]
    target = Target(app, "production")
    shown = next((item for item in target.components if item.metrics_port), target.components[0])
    found.append(_artifact("reference/pod", [workloads.pod(shown)]))
    if gateway := network.gateway(target):
        found.append(_artifact("reference/gateway", gateway))
    if routes := _there(network.http_route(item) for item in target.components):
        found.append(_artifact("reference/http-route", routes))
    if app.agent:
        found.append(_artifact("crds/agentconfig", [definitions.agent_config()]))
    return found


def objects(app: Application, environment: Environment) -> Objects:
    """An environment's objects, in the order of its files."""
    return [item for content in files(Target(app, environment)).values() for item in content]


def files(target: Target) -> dict[str, Objects]:
    """An environment's objects by the name of their file; files without any are left out."""
    parts = target.components
    found: dict[str, Objects] = {
        "namespace": [access.namespace(target)],
        "access": [item for part in parts for item in access.access(part)],
        "network-policies": policies.network_policies(target),
        "config": _there(config.config_map(part) for part in parts),
        "external-secrets": config.external_secrets(target) if target.production else [],
        "postgresql": backing.postgresql(target) if "postgresql" in target.stores else [],
        "redis": backing.redis(target) if "redis" in target.stores else [],
        "services": _there(network.service(part) for part in parts),
        "deployments": [workloads.deployment(part) for part in parts],
        "autoscalers": _there(scaling.autoscaler(part) for part in parts),
        "disruption-budgets": _there(scaling.disruption_budget(part) for part in parts),
        "ingress": _there([network.ingress(target)]),
    }
    return {name: content for name, content in found.items() if content}


def _there(items: Any) -> Objects:
    return [item for item in items if item is not None]


def _artifact(name: str, content: Objects) -> Artifact:
    text = yamlfile.dump(*content, comment=COMMENTS.get(name.rpartition("/")[2], ""))
    return Artifact(f"{FOLDER}/{name}.yaml", text)
