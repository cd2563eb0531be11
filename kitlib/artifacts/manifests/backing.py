"""PostgreSQL and Redis in the cluster, where nobody manages them; as in the chart's subcharts."""

from __future__ import annotations

from typing import Any

from kitlib.artifacts.manifests.component import STORE_PORTS, Target, labels
from kitlib.artifacts.manifests.config import DATABASE, USER
from kitlib.artifacts.manifests.workloads import container_security
from kitlib.specs.models.base import Environment, Resources

UID = 999  # of the official images
IMAGES = {"postgresql": "postgres:15", "redis": "redis:7"}
SIZES: dict[Environment, dict[str, str]] = {
    "development": {"postgresql": "1Gi", "redis": "100Mi"},
    "production": {"postgresql": "50Gi", "redis": "5Gi"},
}
_SMALL = Resources(cpu_request="100m", cpu_limit="1", memory_request="128Mi", memory_limit="512Mi")
_LARGE = Resources(cpu_request="500m", cpu_limit="2", memory_request="1Gi", memory_limit="2Gi")
_REDIS = Resources(cpu_request="50m", cpu_limit="500m", memory_request="64Mi", memory_limit="256Mi")
RESOURCES: dict[Environment, dict[str, Resources]] = {
    "development": {"postgresql": _SMALL, "redis": _REDIS},
    "production": {"postgresql": _LARGE, "redis": _REDIS},
}
_REDIS_CONF = """\
dir /data
# Every write is in the log within a second: queued work survives a killed pod.
appendonly yes
appendfsync everysec
# A full Redis refuses writes: evicting would drop queued work.
maxmemory-policy noeviction
# There is no password: the NetworkPolicy keeps others out.
protected-mode no
"""


def postgresql(target: Target) -> list[dict[str, Any]]:
    """PostgreSQL: a Service for clients, a headless one for the pod's name, a StatefulSet with a volume."""
    ready = ["pg_isready", "-h", "127.0.0.1", "-U", USER, "-d", DATABASE]
    password = {"secretKeyRef": {"name": "postgresql", "key": "password"}}
    container = _container(target, "postgresql", ready, starts=300)
    container["env"] = [
        {"name": "POSTGRES_USER", "value": USER},
        {"name": "POSTGRES_DB", "value": DATABASE},
        {"name": "POSTGRES_PASSWORD", "valueFrom": password},
        # A folder inside the volume: the volume's root may hold lost+found, which initdb refuses.
        {"name": "PGDATA", "value": "/var/lib/postgresql/data/pgdata"},
    ]
    container["volumeMounts"] = [
        {"name": "data", "mountPath": "/var/lib/postgresql/data"},
        {"name": "run", "mountPath": "/var/run/postgresql"},
        {"name": "tmp", "mountPath": "/tmp"},
    ]
    volumes = [{"name": "run", "emptyDir": {}}, {"name": "tmp", "emptyDir": {}}]
    return [*_services(target, "postgresql"), _stateful_set(target, "postgresql", container, volumes)]


def redis(target: Target) -> list[dict[str, Any]]:
    """Redis, which keeps what is written to it: likewise, and its settings in a ConfigMap."""
    container = _container(target, "redis", ["redis-cli", "-e", "ping"], starts=60)
    container["args"] = ["redis-server", "/etc/redis/redis.conf"]
    container["volumeMounts"] = [
        {"name": "data", "mountPath": "/data"},
        {"name": "config", "mountPath": "/etc/redis", "readOnly": True},
        {"name": "tmp", "mountPath": "/tmp"},
    ]
    volumes = [{"name": "config", "configMap": {"name": "redis-config"}}, {"name": "tmp", "emptyDir": {}}]
    settings = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": target.metadata("redis-config", "redis"),
        "data": {"redis.conf": _REDIS_CONF},
    }
    return [settings, *_services(target, "redis"), _stateful_set(target, "redis", container, volumes)]


def _services(target: Target, store: str) -> list[dict[str, Any]]:
    port = {"name": store, "port": STORE_PORTS[store], "targetPort": store, "protocol": "TCP"}
    spec = {"type": "ClusterIP", "selector": labels(target.name, store), "ports": [port]}
    return [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": target.metadata(name, store),
            "spec": spec | ({"clusterIP": "None"} if name.endswith("-headless") else {}),
        }
        for name in (store, f"{store}-headless")
    ]


def _stateful_set(
    target: Target, store: str, container: dict[str, Any], volumes: list[dict[str, Any]]
) -> dict[str, Any]:
    own = labels(target.name, store)
    pod = {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 60,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": UID,
            "runAsGroup": UID,
            "fsGroup": UID,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": volumes,
    }
    claim = {
        "metadata": {"name": "data", "labels": own},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": SIZES[target.environment][store]}},
        },
    }
    template = {"metadata": {"labels": own | {"app.kubernetes.io/component": store}}, "spec": pod}
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": target.metadata(store, store),
        "spec": {
            "replicas": 1,
            "serviceName": f"{store}-headless",
            "selector": {"matchLabels": own},
            "template": template,
            "volumeClaimTemplates": [claim],
        },
    }


def _container(target: Target, store: str, ready: list[str], *, starts: int) -> dict[str, Any]:
    """A store's container; `starts`: how many times, 2 s apart, it may not yet be ready after a crash."""
    probe = {"exec": {"command": ready}, "timeoutSeconds": 5}
    return {
        "name": store,
        "image": IMAGES[store],
        "imagePullPolicy": "IfNotPresent",
        "ports": [{"name": store, "containerPort": STORE_PORTS[store], "protocol": "TCP"}],
        "resources": RESOURCES[target.environment][store].as_kubernetes(),
        "securityContext": container_security(),
        "startupProbe": probe | {"periodSeconds": 2, "failureThreshold": starts},
        "livenessProbe": probe | {"periodSeconds": 15, "failureThreshold": 6},
        "readinessProbe": probe | {"periodSeconds": 5, "failureThreshold": 3},
    }
