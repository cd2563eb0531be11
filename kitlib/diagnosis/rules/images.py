"""Images that do not arrive."""

from __future__ import annotations

import re

from kitlib.diagnosis.evidence import Evidence, Status
from kitlib.diagnosis.templates import container_path, pod_path
from kitlib.findings import Finding, quotes

PULL_REASONS = {
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "ErrImageNeverPull",
    "ImageInspectError",
    "RegistryUnavailable",
    "SignatureValidationFailed",
}
# What registries and containerd say (docs.docker.com/registry/spec/api, error codes).
_UNAUTHORIZED = re.compile(
    r"unauthorized|authentication required|pull access denied|no basic auth credentials|\b401\b|"
    r"insufficient_scope",
    re.IGNORECASE,
)


def image_pull(evidence: Evidence) -> list[Finding]:
    """A container waits for an image that can't be had."""
    waiting = {
        (item.name, item.spec.get("image", "")): item
        for item in evidence.statuses
        if item.state("waiting").get("reason") in PULL_REASONS
    }
    return [_finding(evidence, item) for item in waiting.values()]


def _login(evidence: Evidence, text: str) -> bool:
    """Whether the registry asks who is there, and the pod brings no pull secret."""
    pull_secrets = (evidence.template.get("spec") or {}).get("imagePullSecrets")
    return bool(_UNAUTHORIZED.search(text)) and not pull_secrets


def _finding(evidence: Evidence, item: Status) -> Finding:
    image = item.spec.get("image") or item.status.get("image", "")
    waiting = item.state("waiting")
    failed = [
        (event.get("message", ""), f"event Failed of {item.pod.name}")
        for event in evidence.events_of(item.pod, "Failed")
        if image in event.get("message", "")
    ]
    earlier = _earlier_image(evidence, item.name)
    expected = "an image that exists and that the node may pull"
    login = _login(evidence, " ".join([waiting.get("message", ""), *(text for text, _ in failed)]))
    if login:
        expected = "a pull secret for its registry"
    field = f"{pod_path(evidence.workload)}.imagePullSecrets" if login else ""
    return Finding(
        "error",
        "image-pull",
        f"the image of container {item.name} can't be pulled",
        evidence.ref,
        found=f"{image} ({waiting.get('reason')})",
        expected=f"{earlier}, as before" if earlier and earlier != image else expected,
        why="a container starts only when its image is on the node "
        "(kubernetes.io/docs/concepts/containers/images)",
        evidence=quotes([*failed[:1], (waiting.get("message", ""), item.source)]),
        field=field or container_path(evidence.workload, item.name, "image"),
    )


def _earlier_image(evidence: Evidence, container: str) -> str:
    healthy = evidence.healthy_revision
    specs = healthy.at("spec.template.spec.containers", []) if healthy else []
    return next((spec["image"] for spec in specs if spec["name"] == container), "")
