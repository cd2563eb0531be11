"""The main job from end to end: build, deploy, break, diagnose, repair, report, on a real kind cluster."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kitlib import app, doctor, faults, runbooks
from kitlib.cluster import Cluster, manage
from kitlib.errors import ApiError, ClusterError
from kitlib.progress import say, stage
from kitlib.settings import get_settings

API = "todo-app-api"
ANSWER_SECONDS = 60.0


@dataclass(frozen=True)
class DemoResult:
    """The todo that the repaired application stored, and the runbook's report."""

    todo: dict[str, Any]
    report: Path


def run() -> DemoResult:
    """Run the demo; each stage shows what it does and how long it took.

    Raises:
        KitError: a stage failed; the message says which and what to do.
    """
    doctor.fix()
    record = manage.up()
    app.up(record.name)
    cluster = record.connect(get_settings().namespace)
    before = _create(cluster, "written before the fault")
    with stage("break it: the database Secret names a wrong host, and the API pods are replaced"):
        faults.wrong_database_host(cluster)
        _expect_no_answer(cluster)
    say("the API no longer answers; the runbook diagnoses and repairs it")
    parameters = {"deployment": API, "namespace": cluster.namespace}
    result = runbooks.run("diagnose-and-fix", parameters, approve=_approve)
    if result.exit_code != 0:
        raise ClusterError(f"the runbook ended with code {result.exit_code}", fix=f"read {result.report}")
    with stage("the API answers again, and has lost nothing"):
        after = _create(cluster, "written after the repair")
        kept = {todo["id"] for todo in _todos(cluster)}
        if not {before["id"], after["id"]} <= kept:
            raise ClusterError(
                f"a todo was lost: wrote {before['id']} and {after['id']}, found {sorted(kept)}"
            )
    return DemoResult(after, result.report)


def _approve(change: runbooks.PlannedChange) -> bool:
    """Show the change; the person who typed `make demo` asked for the repair."""
    say(f"{change}\napproved for the demo")
    return True


def _create(cluster: Cluster, title: str) -> dict[str, Any]:
    """Store a todo through the API, which may need a moment to be reachable."""
    deadline = time.monotonic() + ANSWER_SECONDS
    while True:
        try:
            created: dict[str, Any] = cluster.call_service("POST", API, "/todos", body={"title": title})
            return created
        except ApiError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def _todos(cluster: Cluster) -> list[dict[str, Any]]:
    answer = cluster.call_service("GET", API, "/todos?limit=100")
    items: list[dict[str, Any]] = answer["items"] if isinstance(answer, dict) else answer
    return items


def _expect_no_answer(cluster: Cluster) -> None:
    try:
        _todos(cluster)
    except ApiError:
        return
    raise ClusterError("the fault was injected, but the API still answers")
