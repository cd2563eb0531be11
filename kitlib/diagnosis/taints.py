"""Taints and tolerations: kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kitlib.cluster.resource import Resource

STRICT = ("NoSchedule", "NoExecute")


def strict_taints(node: Resource) -> list[dict[str, Any]]:
    """The taints that keep pods away, and do not only discourage them."""
    return [taint for taint in node.at("spec.taints", []) if taint.get("effect") in STRICT]


def tolerated(taint: Mapping[str, Any], tolerations: Sequence[Mapping[str, Any]]) -> bool:
    """Whether one of a pod's tolerations fits a taint."""
    for toleration in tolerations:
        if toleration.get("effect") not in (None, "", taint["effect"]):
            continue
        if toleration.get("operator") == "Exists" and toleration.get("key") in (None, "", taint["key"]):
            return True
        if (toleration.get("key"), toleration.get("value", "")) == (taint["key"], taint.get("value", "")):
            return True
    return False
