"""What a runbook's cells use: steps, and what is to stand in the record.

Under `kit runbook run` events go to the run's journal; under plain papermill, or in JupyterLab, they are only
shown. In both, nothing secret that kitlib read leaves the kernel.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kitlib import policy
from kitlib.cluster import Cluster, ResourceList
from kitlib.cluster.resource import pod_ready, pod_restarts, pod_state
from kitlib.cluster.rollout import rollout_state
from kitlib.diagnosis import Report
from kitlib.errors import KitError, NotApproved, RunbookError
from kitlib.redaction import guard_kernel
from kitlib.runbooks.change import Change
from kitlib.runbooks.record import Journal
from kitlib.runbooks.verify import Check

RUN_DIR = "KIT_RUN_DIR"


class Run:
    """One run of a runbook, as its cells see it.

    Args:
        folder: where the record is; none: nothing is recorded.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self._journal = Journal(folder) if folder else None

    @contextmanager
    def step(self, id: str, title: str) -> Iterator[None]:
        """Do something under a name; its start and its end are recorded before and after."""
        self._note("step", id=id, title=title)
        started = time.monotonic()
        status, error, code = "done", "", 0
        try:
            yield
        except KitError as failure:
            status, error, code = "failed", str(failure), failure.exit_code
            raise
        except BaseException as failure:
            # An interrupt too must be told truly; it goes on its way.
            status, error, code = "failed", f"{type(failure).__name__}: {failure}", 1
            raise
        finally:
            seconds = round(time.monotonic() - started, 2)
            self._note("step-end", id=id, status=status, seconds=seconds, error=error, exit_code=code)
            print(f"{'✓' if status == 'done' else '✗'} {title}  {seconds:.1f} s")  # noqa: T201

    def state(self, label: str, cluster: Cluster, deployment: str) -> ResourceList:
        """Record how a Deployment and its pods are, as `before` or `after`; returns the pods."""
        workload = cluster.get("Deployment", deployment)
        pods = cluster.list("Pod", labels=workload.at("spec.selector.matchLabels"))
        rows = [{"object": str(workload.name), "state": rollout_state(workload).message, "restarts": ""}]
        for pod in pods:
            state = f"{pod_state(pod)}, {'ready' if pod_ready(pod) else 'not ready'}"
            rows.append({"object": f"pod {pod.name}", "state": state, "restarts": str(pod_restarts(pod))})
        self._note("state", label=label, rows=rows)
        return pods

    def findings(self, report: Report) -> Report:
        """Record what the diagnosis found."""
        self._note("findings", value=[item.as_dict() for item in report.findings])
        return report

    def change(self, change: Change | None) -> Change | None:
        """Record the change that would be made."""
        self._note("change", value=change.as_dict() if change else None)
        return change

    def approved(self, change: Change | None, apply: bool, approved_change: str) -> bool:
        """Whether the change may be made now; False when there is none, or it was only to be shown.

        Raises:
            NotApproved: it is to be made without an approval, or is another than was approved.
        """
        if change is None or not apply:
            return False
        how = f"-p apply=true -p approved_change={change.hash}"
        if not approved_change:
            raise NotApproved(f"the change {change.hash} was not approved", fix=f"look at it, then {how}")
        if approved_change != change.hash:
            raise NotApproved(
                f"approved was {approved_change}, but the change would now be {change.hash}",
                fix=f"look at it again, then {how}",
            )
        return True

    def checks(self, checks: list[Check]) -> list[Check]:
        """Record what was verified.

        Raises:
            RunbookError: something does not hold.
        """
        self._note("checks", value=[check.as_dict() for check in checks])
        failed = [f"{check.name}: {check.detail}" for check in checks if not check.ok]
        if failed:
            raise RunbookError(f"verification failed: {'; '.join(failed)}")
        return checks

    def result(self, text: str) -> str:
        """Record the outcome in one sentence, and return it."""
        self._note("result", value=text)
        return text

    def _note(self, event: str, **data: Any) -> None:
        if self._journal:
            self._journal.write(event, **data)


def start() -> Run:
    """Begin a run: from here on the kernel sends nothing secret, and the audit names the run."""
    guard_kernel()
    folder = os.environ.get(RUN_DIR)
    policy.act_as(
        policy.person(f"through runbook run {Path(folder).name}" if folder else "through a notebook")
    )
    return Run(Path(folder) if folder else None)
