"""What the words in a fault's file stand for, in one cluster and namespace.

$NAMESPACE                  where it is injected
$PYTHON $POSTGRES $REDIS    images: the public ones, or what stands in for them where no registry answers
$NODE $OTHER                two worker nodes; with a single node both are that one
$INGRESS_IP                 the address on which the ingress controller answers
$CERT $EXPIRED_CERT $KEY    a server's certificates and their key, base64; $CA signed them, $OTHER_CA did not
$AGO_30M                    the time 30 minutes ago
$PROGRAM_WEB                the text of programs/web.py
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from kitlib.cluster import Cluster, Resource
from kitlib.errors import ClusterError, UsageError
from kitlib.faults import certificates, images
from kitlib.faults.model import Fault

PROGRAMS = Path(__file__).parent / "programs"
WORD = re.compile(r"\$([A-Z]+(?:_[A-Z0-9]+)*)\b")
CONTROL_PLANE = "node-role.kubernetes.io/control-plane"
FAKE = "kwok.x-k8s.io/node"  # kwok.sigs.k8s.io/docs/user/kwok-manage-nodes-and-pods


def resolved(cluster: Cluster, fault: Fault) -> Fault:
    """The fault with every word replaced.

    Raises:
        UsageError: the file has a word that means nothing.
        ClusterError: the cluster lacks what one stands for.
    """
    values: dict[str, str] = {}

    def value(match: re.Match[str]) -> str:
        word = match.group(1)
        if word not in values:
            values[word] = _value(cluster, word)
        return values[word]

    return Fault.model_validate(_replaced(fault.model_dump(by_alias=True, exclude_unset=True), value))


def words(fault: Fault) -> set[str]:
    """The words that a fault's file uses."""
    found: set[str] = set()

    def note(match: re.Match[str]) -> str:
        found.add(match.group(1))
        return ""

    _replaced(fault.model_dump(by_alias=True, exclude_unset=True), note)
    return found


def workers(cluster: Cluster) -> list[Resource]:
    """The nodes that pods usually go to, by name: the workers, or the only node."""
    nodes = sorted(cluster.list("Node"), key=lambda node: node.name)
    return [node for node in nodes if CONTROL_PLANE not in node.labels] or nodes


def fake(node: Resource) -> bool:
    """Whether nothing runs on a node."""
    return FAKE in (node["metadata"].get("annotations") or {})


def program(word: str) -> str | None:
    """The text of the program that a word such as PROGRAM_WEB stands for; None when it stands for none."""
    path = PROGRAMS / f"{word.removeprefix('PROGRAM_').lower()}.py"
    return path.read_text(encoding="utf-8") if word.startswith("PROGRAM_") and path.is_file() else None


def _value(cluster: Cluster, word: str) -> str:
    if word == "NAMESPACE":
        return cluster.namespace
    if word in images.IMAGES:
        return images.name(cluster, word)
    if word in ("NODE", "OTHER"):
        return workers(cluster)[-1 if word == "NODE" else 0].name
    if word == "INGRESS_IP":
        return _ingress_address(cluster)
    if word in certificates.WORDS:
        return certificates.made(cluster.namespace)[word]
    if match := re.fullmatch(r"AGO_(\d+)M", word):
        return f"{datetime.now(UTC) - timedelta(minutes=int(match.group(1))):%Y-%m-%dT%H:%M:%SZ}"
    text = program(word)
    if text is None:
        raise UsageError(f"${word} stands for nothing")
    return text


def _ingress_address(cluster: Cluster) -> str:
    labels = {"app.kubernetes.io/component": "controller"}
    for pod in cluster.list("Pod", namespace="ingress-nginx", labels=labels):
        if address := pod.at("status.hostIP"):
            return str(address)
    raise ClusterError("there is no ingress controller", fix="kit cluster addons enable ingress")


def _replaced(data: Any, value: Callable[[re.Match[str]], str]) -> Any:
    if isinstance(data, str):
        return WORD.sub(value, data)
    if isinstance(data, dict):
        return {_replaced(key, value): _replaced(item, value) for key, item in data.items()}
    return [_replaced(item, value) for item in data] if isinstance(data, list | tuple) else data
