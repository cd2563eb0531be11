"""Pods that try to connect to a Service, to see what NetworkPolicies let through."""

from __future__ import annotations

import uuid

CONNECT = """
import socket, sys, time
for _ in range(int(sys.argv[3])):
    try:
        socket.create_connection((sys.argv[1], int(sys.argv[2])), 3)
        sys.exit(0)
    except OSError:
        time.sleep(1)
sys.exit(1)
"""
LEARNS = 30  # attempts: the policies' enforcer learns of a new pod's address only after the pod has started


def attempt(cluster, image, labels, host, port, tries=5):
    """How a pod with some labels ends that connects to a service: Succeeded or Failed."""
    name = f"try-{uuid.uuid4().hex[:6]}"
    body = {
        "name": "main",
        "image": image,
        "command": ["python", "-c", CONNECT, host, str(port), str(tries)],
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    security = {"runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}}
    spec = {"restartPolicy": "Never", "securityContext": security, "containers": [body]}
    metadata = {"name": name, "labels": labels}
    cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
    ended = cluster.wait(
        "Pod", name, until=lambda pod: pod.at("status.phase") in ("Succeeded", "Failed"), timeout=120
    )
    cluster.delete("Pod", name, wait_seconds=0)
    return ended.at("status.phase")
