"""A rollout that does not get on: waited for as long as it may, and then the revision to go back to."""

from __future__ import annotations

import time
from typing import Any

from kitlib.cluster import Cluster
from kitlib.diagnosis import Report, diagnose
from kitlib.diagnosis.rules.admission import RULES as REFUSALS
from kitlib.errors import RunbookError
from kitlib.findings import fix_text
from kitlib.operations import revisions, workloads
from kitlib.operations.revisions import Back

POLL_SECONDS = 2.0


def outcome(cluster: Cluster, deployment: str, wait_seconds: float) -> dict[str, Any]:
    """How a rollout ends: by itself within the time it is given, or by going back.

    Its deadline alone ends no rollout: a Deployment that exceeded it goes on trying
    (kubernetes.io/docs/concepts/workloads/controllers/deployment, "failed deployment"). So one whose pods
    show no fault is waited for.

    Args:
        cluster: bound to its namespace.
        deployment: whose rollout.
        wait_seconds: how long it may still take by itself.

    Returns:
        `cause`: in words; `back`: the revision to go back to, None when the rollout is done.

    Raises:
        RunbookError: going back would not mend it, or there is nothing to go back to.
    """
    workloads.refuse_paused(cluster.get("Deployment", deployment))
    deadline = time.monotonic() + wait_seconds
    while True:
        report = diagnose(cluster, "Deployment", deployment)
        if report.done:
            return {"cause": report.state, "back": None}
        faulty = any(finding.severity == "error" for finding in report.findings)
        if (faulty and _exceeded(report)) or time.monotonic() >= deadline:
            return {"cause": report.summary, "back": _back(cluster, deployment, report)}
        time.sleep(POLL_SECONDS)


def _exceeded(report: Report) -> bool:
    return "progress deadline" in report.state


def _back(cluster: Cluster, deployment: str, report: Report) -> Back:
    """The newest earlier revision that serves; else the one before the current."""
    cause = report.cause
    if cause and cause.id in REFUSALS:
        raise RunbookError(
            f"{report.summary}: {cause.found}; the rollout goes on by itself once there is room, and going "
            "back would make none",
            fix=fix_text(cause.fix),
        )
    history = revisions.history(cluster, deployment)
    if len(history) < 2:
        raise RunbookError(
            f"{report.summary}; it is the first revision, so there is nothing to go back to",
            fix=fix_text(cause.fix if cause else None),
        )
    workloads.refuse_controlled(cluster.get("Deployment", deployment))
    serving = [item for item in history[1:] if item.at("status.readyReplicas", 0)]
    return revisions.back(serving[0] if serving else history[1])
