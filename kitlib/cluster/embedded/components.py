"""The command line of each component, and when it may start.

Everything runs in the cluster's folder with relative paths. Only the API server listens on a port: etcd is
reached by a socket in that folder, which other users cannot enter, and the others serve nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kitlib.cluster.embedded.certificates import SERVICE_CIDR

SOCKET = "etcd.sock"
PEER_SOCKET = "etcd-peer.sock"
DATA = "etcd"
PKI = "pki"
LOGS = "logs"
ISSUER = "https://kubernetes.default.svc.cluster.local"
FAST_CLIENT = ("--kube-api-qps=500", "--kube-api-burst=1000")  # the defaults throttle hundreds of fake pods


def commands(executables: Mapping[str, Path], port: int) -> list[dict[str, Any]]:
    """The components in the order they start, as the supervisor's plan has them.

    Args:
        executables: by name; `kwok` only where there are fake nodes.
        port: the API server's, on 127.0.0.1.
    """
    arguments: dict[str, tuple[dict[str, object], list[str]]] = {
        "etcd": ({}, _etcd()),
        "kube-apiserver": ({"socket": SOCKET}, _apiserver(port)),
        "kube-controller-manager": ({"api": port}, _controller_manager()),
        "kube-scheduler": ({"api": port}, _scheduler()),
        "kwok": ({"api": port}, _kwok()),
    }
    return [
        {"name": name, "argv": [str(executables[name]), *flags], "log": f"{LOGS}/{name}.log", "after": after}
        for name, (after, flags) in arguments.items()
        if name in executables
    ]


def _etcd() -> list[str]:
    # Advertised addresses must look like host:port, and are not used by a cluster of one.
    return [
        "--name=kit",
        f"--data-dir={DATA}",
        f"--listen-client-urls=unix://{SOCKET}",
        f"--listen-peer-urls=unix://{PEER_SOCKET}",
        "--advertise-client-urls=http://127.0.0.1:2379",
        "--initial-advertise-peer-urls=http://127.0.0.1:2380",
        "--initial-cluster=kit=http://127.0.0.1:2380",
        "--unsafe-no-fsync",  # survives the end of any process, not a power cut
        "--log-level=warn",
    ]


def _apiserver(port: int) -> list[str]:
    return [
        f"--etcd-servers=unix://{SOCKET}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        f"--secure-port={port}",
        "--endpoint-reconciler-type=none",  # 127.0.0.1 is no endpoint that a pod could use
        f"--service-cluster-ip-range={SERVICE_CIDR}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged",
        f"--client-ca-file={PKI}/ca.crt",
        f"--tls-cert-file={PKI}/server.crt",
        f"--tls-private-key-file={PKI}/server.key",
        f"--service-account-issuer={ISSUER}",
        f"--service-account-key-file={PKI}/sa.key",
        f"--service-account-signing-key-file={PKI}/sa.key",
        "--kubelet-preferred-address-types=InternalIP",  # fake nodes have 127.0.0.1, not a name
        "--profiling=false",
    ]


def _controller_manager() -> list[str]:
    return [
        "--kubeconfig=controller-manager.kubeconfig",
        "--secure-port=0",
        "--leader-elect=false",
        "--use-service-account-credentials",
        f"--service-account-private-key-file={PKI}/sa.key",
        f"--root-ca-file={PKI}/ca.crt",
        f"--cluster-signing-cert-file={PKI}/ca.crt",
        f"--cluster-signing-key-file={PKI}/ca.key",
        *FAST_CLIENT,
    ]


def _scheduler() -> list[str]:
    return ["--kubeconfig=scheduler.kubeconfig", "--secure-port=0", "--leader-elect=false", *FAST_CLIENT]


def _kwok() -> list[str]:
    return [
        "--kubeconfig=kubeconfig",
        "--manage-all-nodes",
        "--node-lease-duration-seconds=40",
        "--node-ip=127.0.0.1",
    ]
