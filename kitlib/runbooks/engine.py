"""Running a runbook: first planned, then approved, then applied, and recorded all the way."""

from __future__ import annotations

import contextlib
import getpass
import os
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import kitlib
from kitlib import policy
from kitlib.errors import NotApproved, UsageError
from kitlib.policy.approval import Plan
from kitlib.runbooks import catalogue, locks, preflight, record
from kitlib.runbooks.approving import Approve, Approver, PlannedChange, answer, refuse_over_budget
from kitlib.runbooks.catalogue import APPROVE
from kitlib.runbooks.executing import Ended, Execution
from kitlib.runbooks.live import Signalled, signals
from kitlib.runbooks.planning import subject
from kitlib.settings import get_settings

DEFAULT_TIMEOUT = 900.0

__all__ = ["Approve", "PlannedChange", "RunResult", "make_plan", "resume", "run"]


@dataclass(frozen=True)
class RunResult:
    """How a run ended.

    Args:
        folder: where its record is.
        record: what record.json holds.
    """

    folder: Path
    record: dict[str, Any]

    @property
    def exit_code(self) -> int:
        """0 done or planned, 1 failed, 4 not approved, 5 timeout, 6 kernel died, 7 aborted, 8 unreachable."""
        return int(self.record["exit_code"])

    @property
    def report(self) -> Path:
        """The HTML report."""
        return self.folder / "report.html"


@dataclass(frozen=True)
class _Job:
    """One run, and how it is to go on."""

    prepared: preflight.Prepared
    execution: Execution
    approver: Approver
    approved: str = ""

    @property
    def journal(self) -> record.Journal:
        return record.Journal(self.execution.folder)


def run(
    name: str,
    given: Mapping[str, Any],
    *,
    approve: Approve,
    approver: str = "the caller",
    approved: str = "",
    timeout: float = DEFAULT_TIMEOUT,
    context: str | None = None,
    quiet: bool = False,
    stop: threading.Event | None = None,
) -> RunResult:
    """Run a runbook to its end.

    Args:
        name: its name, or its notebook's path.
        given: parameters, as typed or as values.
        approve: called with what would be done; returns whether to do it.
        approver: who that is, for the record.
        approved: the hash of a plan that was approved beforehand; only that one is carried out.
        timeout: seconds for the whole run, the time for an answer not counted.
        context: a context of your own kubeconfig; none: as `kitlib.connect`.
        quiet: show no progress.
        stop: ends the run when it is set, as a signal does.

    Raises:
        UsageError, PrecheckFailed, ClusterUnreachable: refused before anything was started; see preflight.
        AlreadyRunning: another run works on the same target.
        NotApproved: the plan of that hash is for other parameters, or too old.
    """
    given = dict(given)
    approved = str(given.pop(APPROVE, "") or approved)
    prepared = preflight.check(catalogue.find(name), given, context=context)
    _refuse_other(prepared, approved)
    with _begun(prepared, context, timeout, quiet) as execution:
        execution.stop = stop
        return _ended(_Job(prepared, execution, Approver(approve, approver), approved), _phases)


def make_plan(
    name: str,
    given: Mapping[str, Any],
    *,
    timeout: float = DEFAULT_TIMEOUT,
    context: str | None = None,
    quiet: bool = False,
) -> RunResult:
    """Make a runbook's plan, for somebody to approve; nothing is changed.

    Raises:
        UsageError, PrecheckFailed, ClusterUnreachable, AlreadyRunning: as `run`.
    """
    prepared = preflight.check(catalogue.find(name), given, context=context)
    with _begun(prepared, context, timeout, quiet) as execution:
        return _ended(_Job(prepared, execution, Approver(lambda change: False, "nobody")), _plan_only)


def resume(folder: Path, *, timeout: float = DEFAULT_TIMEOUT, context: str | None = None) -> RunResult:
    """Go on with a run that ended before its plan was carried out.

    What it did is looked at, not done again; what it had not begun must still be as the plan saw it.

    Raises:
        UsageError: the run is done, never began to change anything, or is still going on.
        NotApproved: its plan is no longer stored.
        PrecheckFailed, ClusterUnreachable, AlreadyRunning: as `run`.
    """
    found = record.read(folder)
    plan = _resumable(folder, found)
    chosen = context or found["context_given"]
    given = {key: value for key, value in found["parameters"].items() if key != APPROVE}
    prepared = preflight.check(catalogue.find(found["notebook"]), given, context=chosen)
    _refuse_other(prepared, plan.hash)
    with locks.held(prepared, folder):
        record.again(folder)
        who = getpass.getuser()
        record.Journal(folder).write("resumed", by=who)
        policy.current().approvals.approve(
            plan.hash, f"{who}, resuming what {found['approval']['by']} approved"
        )
        execution = Execution(folder.absolute(), prepared.runbook.path, chosen, time.monotonic() + timeout)
        return _ended(_Job(prepared, execution, Approver(lambda change: False, ""), plan.hash), _apply_stored)


@contextlib.contextmanager
def _begun(
    prepared: preflight.Prepared, context: str | None, timeout: float, quiet: bool
) -> Iterator[Execution]:
    with locks.held(prepared):
        folder = record.new_folder(get_settings().runs_dir, prepared.runbook.name).absolute()
        record.begin(
            folder,
            runbook=prepared.runbook.name,
            notebook=str(prepared.runbook.path.absolute()),
            title=prepared.runbook.title,
            risk=prepared.runbook.declared.risk,
            parameters=prepared.parameters,
            context=prepared.cluster.context,
            context_given=context,
            namespace=prepared.cluster.namespace,
            server=prepared.cluster.server,
            kit=kitlib.__version__,
            declared_steps=prepared.runbook.steps,
        )
        yield Execution(folder, prepared.runbook.path, context, time.monotonic() + timeout, quiet)


def _ended(job: _Job, phases: Any) -> RunResult:
    """Go through the phases, and write down how they ended."""
    folder = job.execution.folder
    with signals():
        try:
            status: record.Status = phases(job)
            return RunResult(folder, record.finish(folder, status, record.read(folder)["result"]))
        except Ended as end:
            return RunResult(folder, record.finish(folder, end.status, end.message, end.exit_code))
        except Signalled as error:
            message = f"ended by {error}; what the last step had begun may be done in part"
            return RunResult(folder, record.finish(folder, "aborted", message))


def _phases(job: _Job) -> record.Status:
    """One execution; or two, with an approval between them, for a runbook that changes something."""
    if not job.prepared.runbook.takes_approval:
        job.execution.execute("read", job.prepared.parameters)
        return "done"
    plan = _stored(job.approved)
    if plan is None:
        plan = _plan(job)
        if not plan.actions:
            return "done"
        refuse_over_budget(job.prepared, plan)
        asked = time.monotonic()
        given = answer(job.prepared, plan, record.read(job.execution.folder), job.approver, job.approved)
        job.execution.deadline += time.monotonic() - asked
    else:
        refuse_over_budget(job.prepared, plan)  # it was stored before anybody could look at it
        given = answer(job.prepared, plan, {}, job.approver, job.approved)
        job.journal.write("plan", value={"hash": plan.hash, "made": plan.made, "diff": plan.diff})
    shown = {"approved": given.approved, "by": given.by, "hash": plan.hash, "at": record.now()}
    job.journal.write("approval", value=shown)
    if not given.approved:
        raise Ended("not approved", given.reason or "the plan was not approved; nothing was changed")
    policy.current().approvals.approve(plan.hash, given.by)
    return _apply(job, plan)


def _plan_only(job: _Job) -> record.Status:
    if not job.prepared.runbook.takes_approval:
        raise Ended("failed", f"{job.prepared.runbook.name} changes nothing, so there is no plan to make", 2)
    refuse_over_budget(job.prepared, _plan(job))
    return "planned"


def _apply_stored(job: _Job) -> record.Status:
    plan = _stored(job.approved)
    if plan is None:
        raise Ended("not approved", f"the plan {job.approved} is no longer stored")
    return _apply(job, plan)


def _plan(job: _Job) -> Plan:
    """Execute the notebook with every change as a dry run.

    Raises:
        Ended: it failed, or would do more than it declares.
    """
    job.execution.execute("plan", job.prepared.parameters | {APPROVE: ""})
    made = record.read(job.execution.folder)["plan"]
    if made is None:
        raise Ended("failed", "the runbook ended without rb.result, so there is no plan to approve")
    return policy.current().approvals.plan(made["hash"])


def _apply(job: _Job, plan: Plan) -> record.Status:
    output = job.execution.folder / "output.ipynb"
    if output.exists():
        os.replace(output, output.with_name("plan.ipynb"))
    job.execution.execute("apply", job.prepared.parameters | {APPROVE: plan.hash})
    return "done"


def _stored(hash: str) -> Plan | None:
    """The plan of a hash; None where it was made on another machine, or not at all."""
    approvals = policy.current().approvals
    return approvals.plan(hash) if hash and approvals.knows(hash) else None


def _refuse_other(prepared: preflight.Prepared, approved: str) -> None:
    """Refuse a hash that was approved for something else, before anything is started."""
    if not approved:
        return
    if not prepared.runbook.takes_approval:
        raise UsageError(
            f"{prepared.runbook.name} changes nothing, so there is no plan {approved} to approve"
        )
    plan = _stored(approved)
    wanted = subject(prepared.runbook.name, prepared.parameters)
    if plan is not None and plan.subject != wanted:
        raise NotApproved(
            f"the plan {approved} was made for {plan.subject}; this run is {wanted}",
            fix="make the plan again",
        )


def _resumable(folder: Path, found: Mapping[str, Any]) -> Plan:
    """The plan of a run that can be resumed.

    Raises:
        UsageError: as `resume`.
    """
    if found["status"] in ("done", "planned", "running", "not approved"):
        raise UsageError(f"{folder.name} is {found['status']}; there is nothing to resume")
    if not (found["approval"] or {}).get("approved"):
        raise UsageError(
            f"{folder.name} ended before its plan was approved, so nothing was changed",
            fix=f"kit runbook run {found['runbook']}",
        )
    return policy.current().approvals.plan(found["approval"]["hash"])
