# Rendered from todo-app/specs by kit spec render: change the specs, not this file.
# kit:digest fa62fa6658421d3fc77e503a7cfb6213
"""todo-app on a Kubernetes cluster, as a Pulumi program; services.py holds what the specifications say.

    pulumi stack init production
    pulumi config set environment production
    pulumi config set version 1.0.0
    pulumi config set --secret database_url …
    pulumi config set --secret redis_url …
    pulumi up

Optional: `registry`, `namespace`, `hosts` (a list of hosts by service, with --path) and `store_cidr`: where
PostgreSQL and Redis are when they are not in this namespace. They are not made here: a provider manages them,
or the manifests postgresql.yaml and redis.yaml of the same environment make them.
"""

import hashlib
import json
from typing import Any

import pulumi
from pulumi_kubernetes.apps.v1 import Deployment
from pulumi_kubernetes.autoscaling.v2 import HorizontalPodAutoscaler
from pulumi_kubernetes.core.v1 import ConfigMap, Namespace, Secret, Service, ServiceAccount
from pulumi_kubernetes.networking.v1 import Ingress, NetworkPolicy
from pulumi_kubernetes.policy.v1 import PodDisruptionBudget
from services import APP, ENVIRONMENTS, REGISTRY, SERVICES, STORES

config = pulumi.Config()
environment = config.get("environment") or "development"
registry = config.get("registry") or REGISTRY
version = config.require("version")
store_cidr = config.get("store_cidr")
settings: dict[str, Any] = ENVIRONMENTS[environment]
outside: dict[str, str] = dict.fromkeys(STORES, store_cidr) if store_cidr else settings["outside"]
namespace = config.get("namespace") or settings["namespace"]
services: dict[str, dict[str, Any]] = {name: SERVICES[name] | settings["services"][name] for name in SERVICES}
hosts: dict[str, list[str]] = config.get_object("hosts") or {
    name: service["hosts"] for name, service in services.items()
}


def selector(name: str) -> dict[str, str]:
    """The labels that select a part's pods; without the version, as a selector can't be changed."""
    return {"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": APP}


def metadata(name: str, part: str = "", **more: Any) -> dict[str, Any]:
    """An object's metadata. Names are plain text: an output of another resource would be a second owner."""
    labels = selector(part or APP) | ({"app.kubernetes.io/component": part} if part else {})
    labels["app.kubernetes.io/version"] = version
    return {"name": name, "namespace": namespace, "labels": labels} | more


def container(name: str, service: dict[str, Any]) -> dict[str, Any]:
    """What the service's container and its migration share."""
    sources: list[dict[str, Any]] = (
        [{"configMapRef": {"name": f"{name}-config"}}] if service["settings"] else []
    )
    sources += [{"secretRef": {"name": f"{name}-secrets"}}] if service["secrets"] else []
    body = {
        "image": f"{registry}/{service['image']}:{version}",
        "imagePullPolicy": "IfNotPresent",
        "envFrom": sources,
        "resources": service["resources"],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": service["read_only_root"],
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": key, "mountPath": path} for key, path in service["writable"].items()],
    }
    return {key: value for key, value in body.items() if value != []}


def pod_spec(name: str, service: dict[str, Any]) -> dict[str, Any]:
    """The pods, under the Pod Security standard `restricted`; replicas avoid one another's node."""
    migrate = {"name": "migrate", "command": service["migration"]} | container(name, service)
    serve = {"name": name, "ports": service["ports"]} | service["probes"] | container(name, service)
    term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": selector(name)}}
    apart = [{"weight": 100, "podAffinityTerm": term}]
    spec = {
        "serviceAccountName": name,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": service["uid"],
            "runAsGroup": service["uid"],
            "fsGroup": service["uid"],
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "terminationGracePeriodSeconds": service["grace_seconds"],
        "affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": apart}},
        "initContainers": [migrate] if service["migration"] else [],
        "containers": [{key: value for key, value in serve.items() if value != []}],
        "volumes": [{"name": key, "emptyDir": {}} for key in service["writable"]],
    }
    return {key: value for key, value in spec.items() if value != []}


def pod_annotations(service: dict[str, Any]) -> dict[str, str]:
    """What makes new pods when the ConfigMap changes, and where Prometheus finds the metrics."""
    found = {}
    if data := service["settings"]:
        text = json.dumps(data, sort_keys=True)
        found["checksum/config"] = hashlib.sha256(text.encode()).hexdigest()[:16]
    if port := service["metrics_port"]:
        found |= {
            "prometheus.io/scrape": "true",
            "prometheus.io/port": str(port),
            "prometheus.io/path": "/metrics",
        }
    return found


def deploy(name: str, service: dict[str, Any]) -> None:
    """A service's ServiceAccount, ConfigMap, Secret and Deployment."""
    ServiceAccount(name, metadata=metadata(name, name), automount_service_account_token=False, opts=within)
    if service["settings"]:
        ConfigMap(
            f"{name}-config", metadata=metadata(f"{name}-config", name), data=service["settings"], opts=within
        )
    if service["secrets"]:
        Secret(
            f"{name}-secrets",
            metadata=metadata(f"{name}-secrets", name),
            type="Opaque",
            string_data={key: config.require_secret(key.lower()) for key in service["secrets"]},
            opts=within,
        )
    replicas = service["replicas"]
    labels = selector(name) | {"app.kubernetes.io/component": name}
    template = {"labels": labels} | ({"annotations": a} if (a := pod_annotations(service)) else {})
    Deployment(
        name,
        metadata=metadata(name, name),
        spec={
            "revisionHistoryLimit": 5,
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "selector": {"matchLabels": selector(name)},
            "template": {"metadata": template, "spec": pod_spec(name, service)},
        }
        | ({} if replicas["autoscaled"] else {"replicas": replicas["minimum"]}),
        # The autoscaler owns the number of replicas; an update must not set it back.
        opts=pulumi.ResourceOptions.merge(
            within, pulumi.ResourceOptions(ignore_changes=["spec.replicas"] if replicas["autoscaled"] else [])
        ),
    )


def scale(name: str, service: dict[str, Any]) -> None:
    """The autoscaler, and how many pods a drain may take at once."""
    replicas = service["replicas"]
    if replicas["autoscaled"]:
        HorizontalPodAutoscaler(
            name,
            metadata=metadata(name, name),
            spec={
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
                "minReplicas": replicas["minimum"],
                "maxReplicas": replicas["maximum"],
                "metrics": [
                    {
                        "type": "Resource",
                        "resource": {
                            "name": resource,
                            "target": {"type": "Utilization", "averageUtilization": percent},
                        },
                    }
                    for resource, percent in settings["targets"].items()
                ],
                "behavior": {
                    "scaleUp": {
                        "stabilizationWindowSeconds": 60,
                        "policies": [{"type": "Pods", "value": 2, "periodSeconds": 60}],
                    },
                    "scaleDown": {
                        "stabilizationWindowSeconds": 300,
                        "policies": [{"type": "Percent", "value": 10, "periodSeconds": 60}],
                    },
                },
            },
            opts=within,
        )
    if replicas["minimum"] >= 2:
        PodDisruptionBudget(
            name,
            metadata=metadata(name, name),
            spec={"maxUnavailable": 1, "selector": {"matchLabels": selector(name)}},
            opts=within,
        )


def expose(name: str, service: dict[str, Any]) -> None:
    """The Service; its first port is the one that others call."""
    if service["port"] is None:
        return
    numbers = {port["name"]: port["containerPort"] for port in service["ports"]}
    numbers[service["http"]] = service["port"]
    Service(
        name,
        metadata=metadata(name, name),
        spec={
            "type": "ClusterIP",
            "selector": selector(name),
            "ports": [
                {"name": key, "port": port, "targetPort": key, "protocol": "TCP"}
                for key, port in numbers.items()
            ],
        },
        opts=within,
    )


def open_door() -> None:
    """The Ingress, with TLS where the environment has it."""
    routes = [(host, name) for name in services for host in hosts.get(name, [])]
    rules = [
        {
            "host": host,
            "http": {
                "paths": [
                    {
                        "path": "/",
                        "pathType": "Prefix",
                        "backend": {"service": {"name": name, "port": {"name": services[name]["http"]}}},
                    }
                ]
            },
        }
        for host, name in routes
    ]
    tls = [{"hosts": [host for host, _ in routes], "secretName": f"{APP}-tls"}] if settings["tls"] else []
    spec = {"ingressClassName": "nginx", "rules": rules} | ({"tls": tls} if tls else {})
    notes = {"annotations": settings["ingress_annotations"]}
    Ingress(APP, metadata=metadata(APP, **notes), spec=spec, opts=within)


def policy(name: str, part: str, spec: dict[str, Any]) -> None:
    """A NetworkPolicy."""
    NetworkPolicy(name, metadata=metadata(name, part), spec=spec, opts=within)


def pods(name: str) -> dict[str, Any]:
    return {"podSelector": {"matchLabels": selector(name)}}


def space(name: str) -> dict[str, Any]:
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}


def tcp(port: int) -> list[dict[str, Any]]:
    return [{"port": port, "protocol": "TCP"}]


def wall(name: str, service: dict[str, Any]) -> None:
    """Who may call a service, and whom it may call."""
    callers = [pods(other) for other, it in services.items() if name in it["calls"]]
    callers += [space("ingress-nginx")] if hosts.get(name) else []
    ingress = [{"from": callers, "ports": tcp(service["http_port"])}] if callers else []
    if service["watched"]:
        ingress.append({"from": [space("monitoring")], "ports": tcp(service["metrics_port"])})
    egress = []
    for other in service["calls"]:
        port = STORES[other] if other in STORES else services[other]["http_port"]
        peer = {"ipBlock": {"cidr": outside[other]}} if other in outside else pods(other)
        egress.append({"to": [peer], "ports": tcp(port)})
    spec = pods(name) | {"policyTypes": ["Ingress", "Egress"]}
    policy(
        name, name, spec | ({"ingress": ingress} if ingress else {}) | ({"egress": egress} if egress else {})
    )


def walls() -> None:
    """Nothing is reachable but what is named: DNS, the ingress controller, Prometheus, and each call."""
    dns = space("kube-system") | {"podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}
    ports = [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]
    policy("default-deny", "", {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]})
    lookup = {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{"to": [dns], "ports": ports}]}
    policy("allow-dns", "", lookup)
    for name, service in services.items():
        wall(name, service)
    for store, port in STORES.items():
        if store in outside:
            continue
        callers = [pods(name) for name, service in services.items() if store in service["calls"]]
        rule = {"from": callers, "ports": tcp(port)}
        policy(store, store, pods(store) | {"policyTypes": ["Ingress", "Egress"], "ingress": [rule]})


home = Namespace(
    APP,
    metadata={
        "name": namespace,
        "labels": {"app.kubernetes.io/name": APP, "app.kubernetes.io/env": environment}
        | {
            f"pod-security.kubernetes.io/{mode}": settings["pod_security"]
            for mode in ("enforce", "warn", "audit")
        },
        "annotations": {"description": f"{settings['title']}, {environment}"},
    },
)
within = pulumi.ResourceOptions(depends_on=[home])
walls()
for service_name, service_spec in services.items():
    deploy(service_name, service_spec)
    scale(service_name, service_spec)
    expose(service_name, service_spec)
open_door()

pulumi.export("namespace", namespace)
pulumi.export("hosts", hosts)
