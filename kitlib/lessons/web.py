"""The small server that lessons run: CoreDNS, whose image every cluster has already."""

from __future__ import annotations

from typing import Any

from kitlib.cluster import Cluster
from kitlib.errors import Forbidden
from kitlib.lessons import local

ELSEWHERE = "registry.k8s.io/coredns/coredns:v1.12.1"  # where no node runs anything, a name is enough
COREFILE = ".:5353 {\n  whoami\n  health :8080\n  ready :8181\n}\n"


def image(cluster: Cluster) -> str:
    """The image of CoreDNS, as the cluster itself names it; who may not look there asks the nodes."""
    try:
        found = cluster.find("Deployment", "coredns", namespace="kube-system")
    except Forbidden:
        return next((name for name in local.held(cluster) if "/coredns:" in name), ELSEWHERE)
    return str(found.at("spec.template.spec.containers.0.image", ELSEWHERE)) if found else ELSEWHERE


def deployment(cluster: Cluster, name: str) -> list[dict[str, Any]]:
    """A Deployment of one pod that may run in a *restricted* namespace, and its ConfigMap; no probes, no
    resources: those are for exercises."""
    labels = {"app.kubernetes.io/name": name}
    container = {
        "name": "web",
        "image": image(cluster),
        "args": ["-conf", "/etc/coredns/Corefile"],
        "ports": [{"name": "health", "containerPort": 8080}, {"name": "ready", "containerPort": 8181}],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]},  # its file carries that one
        },
        "volumeMounts": [{"name": "config", "mountPath": "/etc/coredns"}],
    }
    pod = {
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 1000,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "automountServiceAccountToken": False,
        "containers": [container],
        "volumes": [{"name": "config", "configMap": {"name": f"{name}-config"}}],
    }
    template = {"metadata": {"labels": labels}, "spec": pod}
    return [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": f"{name}-config"},
            "data": {"Corefile": COREFILE},
        },
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name, "labels": labels},
            "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": template},
        },
    ]
