"""The Job of a run, and the Secret that goes with it."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from kitlib.policy.action import digest_key
from kitlib.runbooks.remote import pod

KEPT_SECONDS = 86400  # a Job whose caller died is removed a day after it ended


def job(order: pod.Order, name: str, labels: Mapping[str, str]) -> dict[str, Any]:
    """The Job of a run; it is tried once, since what a step had begun may be done in part.

    It is made suspended: its pod needs a ServiceAccount, which is made after it.
    """
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "labels": dict(labels)},
        "spec": job_spec(order, labels) | {"ttlSecondsAfterFinished": KEPT_SECONDS, "suspend": True},
    }


def job_spec(order: pod.Order, labels: Mapping[str, str]) -> dict[str, Any]:
    """What Jobs of a run and of a schedule have in common."""
    template = pod.template(order, labels)
    return {"backoffLimit": 0, "activeDeadlineSeconds": order.deadline, "template": template}


def key(name: str, labels: Mapping[str, str]) -> dict[str, Any]:
    """The key by which plans are named on this machine: without it the Job's plan would have another hash."""
    data = {pod.KEY: base64.b64encode(digest_key()).decode()}
    metadata = {"name": name, "labels": dict(labels)}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "Opaque", "data": data}
