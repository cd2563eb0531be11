"""The chart's values for development and production, where they differ from its defaults."""

from __future__ import annotations

from typing import Any

from kitlib.artifacts.artifact import Artifact, slug
from kitlib.artifacts.manifests import Target, network, policies
from kitlib.artifacts.manifests.backing import RESOURCES, SIZES
from kitlib.artifacts.manifests.component import Component
from kitlib.artifacts.yamlfile import dump
from kitlib.specs.application import Application
from kitlib.specs.models.container import Check

PARTS = {"postgresql": "primary", "redis": "master"}  # the subchart → the part that has the volume
KEEP = "# kit:keep more\n# kit:keep end\n"


def chart_values(app: Application) -> list[Artifact]:
    """`values-dev.yaml` and `values-prod.yaml`; what is written into their region `more` stays there.

    Raises:
        UsageError: see kitlib.artifacts.manifests.
    """
    chart = f"charts/{slug(app)}"
    development, production = values(Target(app, "development")), values(Target(app, "production"))
    database = production.get("postgresql", {}).get("auth", {}).get("existingSecret")
    dev = dump(
        development,
        comment=f"A local cluster with local images: kit app up, or\n"
        f"  helm upgrade --install {slug(app)} {chart} -f {chart}/values-dev.yaml \\\n"
        f'    --set-string postgresql.auth.password="$(openssl rand -hex 16)"',
        notes={"pullPolicy: Never": "only what was loaded into the nodes"},
    )
    needs = f"the Secret {database} with the key `password`" if database else "each component's Secret"
    prod = dump(
        production,
        comment="Production: secrets come from outside (External Secrets, or made by hand), none is in this\n"
        f"file. Before the release is installed there must be {needs}.",
    )
    return [
        Artifact(f"{chart}/values-dev.yaml", dev + KEEP),
        Artifact(f"{chart}/values-prod.yaml", prod + KEEP),
    ]


def values(target: Target) -> dict[str, Any]:
    """An environment's values."""
    auth = target.app.build.registry.auth.method
    pull = {"imagePullSecrets": [{"name": "regcred"}]} if auth != "none" else {}
    found: dict[str, Any] = {"global": pull if target.production else {"imageRegistry": ""}}
    found |= {item.name: _component(item) for item in target.components}
    found["ingress"] = _ingress(target)
    found |= {store: _store(target, store) for store in PARTS}
    found["podDisruptionBudget"] = {"enabled": any(item.replicas.minimum >= 2 for item in target.components)}
    found["networkPolicy"] = _network_policy(target)
    if not target.production:
        found["metrics"] = {"enabled": False}
    return found


def _component(component: Component) -> dict[str, Any]:
    found: dict[str, Any] = {"replicaCount": component.replicas.minimum}
    if not component.target.production:
        found["image"] = {"tag": "dev", "pullPolicy": "Never"}
    found["resources"] = component.resources.as_kubernetes()
    if component.service.replicas.autoscaled:
        found["autoscaling"] = _autoscaling(component)
    if environment := _environment(component):
        found["env"] = environment
    if probes := _probes(component):
        found["probes"] = probes
    if component.secrets and not component.target.stores:
        found["existingSecret"] = f"{component.name}-secrets"
    return found


def _autoscaling(component: Component) -> dict[str, Any]:
    if not component.replicas.autoscaled:
        return {"enabled": False}
    goals = component.target.app.architecture.scalability
    targets = {"targetCPUUtilization": goals.cpu_target, "targetMemoryUtilization": goals.memory_target}
    return {
        "enabled": True,
        "minReplicas": component.replicas.minimum,
        "maxReplicas": component.replicas.maximum,
        **{key: round(percent) for key, percent in targets.items() if percent},
    }


def _probes(component: Component) -> dict[str, Any]:
    """The numbers that the chart takes; the commands of probes that run one are its own."""
    spec, found = component.container, {}
    for name in ("startup", "liveness", "readiness"):
        check: Check | None = getattr(spec, name)
        if check is None:
            continue
        numbers: dict[str, Any] = {"path": check.path} if check.path else {}
        numbers["periodSeconds"] = check.period_seconds
        if name == "startup":
            numbers["failureThreshold"] = check.failures
        elif not check.path:
            numbers["timeoutSeconds"] = check.timeout_seconds
        found[name] = numbers
    return found


def _environment(component: Component) -> dict[str, str]:
    """What differs from the program's own defaults; the chart itself knows its Services' addresses."""
    defaults = {variable.name: variable.default for variable in component.container.variables}
    calls = {f"{name.upper().replace('-', '_')}_URL" for name in component.calls}
    return {
        key: value for key, value in component.settings.items() if value != defaults[key] and key not in calls
    }


def _ingress(target: Target) -> dict[str, Any]:
    hosts = [(host, item.name) for item in target.components for host in item.hosts]
    rules = [
        {"host": host, "paths": [{"path": "/", "pathType": "Prefix", "service": name}]}
        for host, name in hosts
    ]
    tls = [{"secretName": f"{target.name}-tls", "hosts": [host for host, _ in hosts]}]
    return {
        "enabled": bool(hosts),
        "annotations": network.ingress_annotations(target),
        "hosts": rules,
        "tls": tls if target.scheme == "https" and hosts else [],
    }


def _network_policy(target: Target) -> dict[str, Any]:
    """Whether there are NetworkPolicies, and which namespaces they let in."""
    if not target.production:
        return {"enabled": False}
    watched = any(policies.watched(item) for item in target.components)
    return {
        "enabled": True,
        "ingressNamespaces": list(policies.CONTROLLER.values()),
        "monitoringNamespaces": list(policies.MONITORING.values()) if watched else [],
    }


def _store(target: Target, store: str) -> dict[str, Any]:
    if store not in target.stores:
        return {"enabled": False}
    part: dict[str, Any] = {"persistence": {"size": SIZES[target.environment][store]}}
    part["resources"] = RESOURCES[target.environment][store].as_kubernetes()
    found: dict[str, Any] = {"enabled": True, PARTS[store]: part}
    if target.production and store == "postgresql":
        found = {"enabled": True, "auth": {"existingSecret": f"{target.name}-database"}, PARTS[store]: part}
    return found
