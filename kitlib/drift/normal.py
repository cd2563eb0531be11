"""What of an object is compared: not what the server, a controller or an autoscaler writes into it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kitlib.policy import RESTARTED

_ANNOTATIONS = ("meta.helm.sh/", "kit.dev/", "deployment.kubernetes.io/", "pv.kubernetes.io/")
_ANNOTATION_NAMES = {"kubectl.kubernetes.io/last-applied-configuration", RESTARTED}
_SERVER_SETS = {  # kind → fields that the server fills in, where the artifact leaves them to it
    "Service": ("clusterIP", "clusterIPs", "healthCheckNodePort"),
    "Pod": ("nodeName",),
}


def comparable(item: Mapping[str, Any], raw: Mapping[str, Any], *, scaled: bool) -> dict[str, Any]:
    """The part of an object that is compared.

    Args:
        item: the object as the server has it, or would have it.
        raw: the artifact's object, which says what is left to the server.
        scaled: whether an autoscaler owns the number of replicas.
    """
    kind = str(raw["kind"])
    skipped = {"metadata", "status", "apiVersion", "kind"} | (
        {"secrets"} if kind == "ServiceAccount" else set()
    )
    found = {key: value for key, value in item.items() if key not in skipped}
    metadata = item.get("metadata") or {}
    found["metadata"] = {"labels": _labels(metadata, kind), "annotations": _annotations(metadata)}
    if isinstance(found.get("spec"), Mapping):
        found["spec"] = _spec(found["spec"], raw, kind, scaled)
    return found


def secret_values_hidden(item: dict[str, Any]) -> dict[str, Any]:
    """A Secret whose values are marks that tell two values apart and show neither."""
    import hashlib

    hidden = {
        key: f"(hidden, {hashlib.sha256(str(value).encode()).hexdigest()[:8]})"
        for key, value in (item.get("data") or {}).items()
    }
    return {**item, "data": hidden} if hidden else item


def _spec(spec: Mapping[str, Any], raw: Mapping[str, Any], kind: str, scaled: bool) -> dict[str, Any]:
    given = raw.get("spec") or {}
    left = {key for key in _SERVER_SETS.get(kind, ()) if key not in given}
    left |= {"replicas"} if scaled else set()
    found = {key: value for key, value in spec.items() if key not in left}
    if kind == "Service" and isinstance(found.get("ports"), list):
        asked = any("nodePort" in port for port in given.get("ports") or [])
        dropped = set() if asked else {"nodePort"}
        found["ports"] = [{k: v for k, v in port.items() if k not in dropped} for port in found["ports"]]
    if isinstance(template := found.get("template"), Mapping):
        metadata = template.get("metadata") or {}
        clean = {"labels": metadata.get("labels") or {}, "annotations": _annotations(metadata)}
        found["template"] = {**template, "metadata": clean}
    if isinstance(found.get("volumeClaimTemplates"), list):
        found["volumeClaimTemplates"] = [_claim(claim) for claim in found["volumeClaimTemplates"]]
    return found


def _claim(claim: Mapping[str, Any]) -> dict[str, Any]:
    metadata = claim.get("metadata") or {}
    return {"name": metadata.get("name"), "labels": metadata.get("labels") or {}, "spec": claim.get("spec")}


def _labels(metadata: Mapping[str, Any], kind: str) -> dict[str, Any]:
    labels = dict(metadata.get("labels") or {})
    if kind == "Namespace":
        labels.pop("kubernetes.io/metadata.name", None)  # the server's, and the object's name
    return labels


def _annotations(metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: value
        for key, value in (metadata.get("annotations") or {}).items()
        if not key.startswith(_ANNOTATIONS) and key not in _ANNOTATION_NAMES
    }
