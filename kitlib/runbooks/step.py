"""What a runbook's cells use: steps, and what is to stand in the record.

A runbook that changes something runs twice. The first time every change is only a dry run of the server, and
the sum of them is the plan. The second time it carries out exactly the plan whose hash was approved. The
parameter `approve` tells which: empty, or that hash. It is the same under `kit runbook run`, under plain
papermill and in JupyterLab; only the first writes a record.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kitlib import policy
from kitlib.cluster import Cluster, Resource, ResourceList
from kitlib.cluster.resource import pod_ready, pod_restarts, pod_state
from kitlib.cluster.rollout import rollout_state
from kitlib.diagnosis import Report
from kitlib.errors import KitError, RunbookError, UsageError
from kitlib.findings import Fix
from kitlib.progress import Stage
from kitlib.redaction import guard_kernel, holds_secret, remember_value
from kitlib.runbooks import commands
from kitlib.runbooks.change import Change, fix_from, fix_of, stored
from kitlib.runbooks.planning import PlanShown, gate_of, subject_of
from kitlib.runbooks.record import Journal
from kitlib.runbooks.timer import limited
from kitlib.runbooks.verification import Check

RUN_DIR = "KIT_RUN_DIR"
TELL_SECONDS = 2.0


class Run:
    """One run of a runbook, as its cells see it.

    Args:
        folder: where the record is; none: nothing is recorded.
        gate: what the run's changes pass.
        subject: what a plan is for: the runbook and its parameters.
    """

    def __init__(self, folder: Path | None, gate: policy.Gate, subject: str) -> None:
        self.folder = folder
        self._decisions: dict[str, Any] = {}
        self._gate = gate
        self._subject = subject
        self._journal = Journal(folder) if folder else None
        gate.tell = self._change

    @property
    def applying(self) -> bool:
        """Whether changes are made now; False while they are only planned."""
        return not self._gate.planning

    @contextmanager
    def step(self, id: str, title: str, *, timeout: float | None = None) -> Iterator[None]:
        """Do something under a name; its start and its end are recorded before and after.

        Args:
            id: short and stable.
            title: for a person.
            timeout: seconds; then StepTimeout is raised within the body.
        """
        self._note("step", id=id, title=title, timeout=timeout)
        started = time.monotonic()
        status, error, code = "done", "", 0
        try:
            with limited(title, timeout):
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

    def wait(
        self,
        cluster: Cluster,
        kind: str,
        name: str,
        *,
        until: str | Callable[[Resource], bool] = "ready",
        timeout: float = 120.0,
    ) -> Resource | None:
        """As `Cluster.wait`, saying what is awaited; returns at once while changes are only planned."""
        if not self.applying:
            return None
        return cluster.wait(kind, name, until=until, timeout=timeout, progress=_Told(self))

    def tell(self, detail: str) -> None:
        """Say what the step is doing now."""
        self._note("detail", text=detail)

    def decide(self, name: str, choose: Callable[[], Any]) -> Any:
        """Decide something that the changes depend on: once, while planning; it is part of the plan.

        What the plan is made of would otherwise be looked at again when it is carried out, or resumed after
        half of it was done, and look different.

        Args:
            name: of the decision.
            choose: called while planning, and by a runbook that changes nothing; what it returns must be
                JSON, and nothing secret.

        Raises:
            RunbookError: the decision holds a value of a Secret.
        """
        if self._gate.following:
            return self._gate.following.plan.decisions[name]
        chosen = json.loads(json.dumps(choose()))
        if holds_secret(chosen):
            raise RunbookError(f"the decision {name!r} holds a value of a Secret, and plans are kept on disk")
        self._decisions[name] = chosen
        return chosen

    def fix(self, report: Report) -> Fix | None:
        """What mends the report's cause, decided as by `decide`; None when nothing is wrong.

        Raises:
            RunbookError: only a person can mend it.
        """
        return fix_from(self.decide("fix", lambda: stored(fix_of(report))), report)

    def state(self, label: str, cluster: Cluster, name: str, kind: str = "Deployment") -> ResourceList:
        """Record how a workload and its pods are, as `before` or `after`; returns the pods."""
        workload = cluster.get(kind, name)
        pods = cluster.list("Pod", labels=workload.at("spec.selector.matchLabels"))
        rows = [{"object": str(workload.name), "state": rollout_state(workload).message, "restarts": ""}]
        for pod in pods:
            state = f"{pod_state(pod)}, {'ready' if pod_ready(pod) else 'not ready'}"
            rows.append({"object": f"pod {pod.name}", "state": state, "restarts": str(pod_restarts(pod))})
        self._note("state", label=label, rows=rows)
        return pods

    def evidence(self, title: str, text: str) -> str:
        """Record something that was seen, such as the end of a log or a table, and return it."""
        self._note("evidence", title=title, text=text)
        return text

    def findings(self, report: Report) -> Report:
        """Record what the diagnosis found."""
        self._note("findings", value=[item.as_dict() for item in report.findings])
        return report

    def change(self, change: Change | None) -> Change | None:
        """Record the change that would be made, in the words of who asks for it."""
        self._note("change", value=change.as_dict() if change else None)
        return change

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

    def secret(self, cluster: Cluster, ref: str) -> str:
        """The value that a SecretRef parameter names; it never leaves the kernel unredacted.

        Raises:
            UsageError: the Secret has no such key.
        """
        from kitlib.diagnosis.environment import values

        name, _, key = ref.partition("/")
        found = values(cluster.get("Secret", name))
        if key not in found:
            raise UsageError(f"Secret {name!r} has no key {key!r}; it has {', '.join(found) or 'none'}")
        remember_value(found[key])  # also under a key whose values are usually names
        return found[key]

    def sh(self, cluster: Cluster, *command: str, timeout: float = 60.0) -> str:
        """What kubectl or helm prints about a cluster, run without a shell; a failure raises.

        Raises:
            Denied: the command could change something, print a Secret, or ask another cluster.
            CommandFailed, CommandTimeout, ToolNotFound: it did not work.
        """
        return commands.run(cluster, command, timeout)

    def result(self, text: str) -> PlanShown | str:
        """Record the outcome in one sentence; while planning, store the plan, and show it."""
        self._note("result", value=text)
        if self.applying:
            return text
        shown = PlanShown(self._gate.finish_plan(self._subject, self._decisions), text)
        self._note("plan", value=shown.as_dict())
        return shown

    def _change(self, change: policy.Change) -> None:
        shown = {"id": change.id, "text": change.text, "planned": change.planned}
        self._note("action", state=change.state, **shown)

    def _note(self, event: str, **data: Any) -> None:
        if self._journal:
            self._journal.write(event, **data)


class _Told(Stage):
    """A stage of progress that tells the journal, every few seconds at most."""

    def __init__(self, run: Run) -> None:
        super().__init__("wait")
        self._run = run
        self._last = 0.0

    def update(self, detail: str) -> None:
        if time.monotonic() - self._last > TELL_SECONDS:
            self._last = time.monotonic()
            self._run.tell(detail)


def start(approve: str | None = None, **parameters: Any) -> Run:
    """Begin a run: from here on the kernel sends nothing secret, and all changes pass the runbook's gate.

    Args:
        approve: the parameter of that name: the hash of the plan to carry out, empty to plan; None for a
            runbook that changes nothing, whose every attempt is refused.
        parameters: the runbook's other parameters, by name; a plan is for these values only.

    Raises:
        NotApproved: no plan of that hash is stored, or it is for other parameters, or too old.
    """
    guard_kernel()
    place = os.environ.get(RUN_DIR)
    folder = Path(place) if place else None
    subject = subject_of(folder, parameters)
    gate = gate_of(folder, approve, subject)
    policy.act_as(gate)
    return Run(folder, gate, subject)
