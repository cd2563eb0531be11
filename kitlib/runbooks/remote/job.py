"""`kit runbook run --in-cluster`: a runbook as a Job, which may do exactly what the runbook declares.

What it may do is shown first, and refused when the caller may not grant it. Its log is streamed while it
runs, and its record brought back; the Roles exist only while it runs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from secrets import token_hex
from typing import Any

from kitlib import policy
from kitlib.cluster import Cluster, waiting
from kitlib.errors import AlreadyRunning, Conflict, Invalid, UsageError
from kitlib.runbooks import catalogue, engine, locks, preflight, record
from kitlib.runbooks.approving import Approve, Approver, answer
from kitlib.runbooks.live import Signalled, signals
from kitlib.runbooks.preflight import Prepared
from kitlib.runbooks.remote import collecting, names, objects, permissions, pod, storage, watching
from kitlib.runbooks.remote import image as images
from kitlib.runbooks.remote.admission import show_and_refuse
from kitlib.runbooks.remote.orders import order_for, refuse_elsewhere
from kitlib.runbooks.remote.watching import End
from kitlib.settings import get_settings

Say = Callable[[str], None]
ABANDONED_SECONDS = 60.0  # by then a Job is no longer suspended, unless its caller died before
MADE = (("", "serviceaccounts"), ("", "secrets"), ("batch", "jobs"), ("", "pods"))


@dataclass(frozen=True)
class Outcome:
    """How a run in the cluster ended.

    Args:
        exit_code: that of the run.
        message: in one sentence.
        folder: its record, brought here; None when it was refused before it began one.
    """

    exit_code: int
    message: str
    folder: Path | None = None


@dataclass(frozen=True)
class _Run:
    """One run: what is checked, what the pod is told, and where it lives."""

    prepared: Prepared
    order: pod.Order
    granted: permissions.Grant
    home: Cluster
    context: str | None

    def job(self) -> dict[str, Any]:
        """The Job, suspended."""
        return objects.job(self.order, self.order.account, names.labels(self.prepared))

    def needed(self) -> list[dict[str, Any]]:
        """What it needs: its ServiceAccount, what that may do, and the key of its plan."""
        name, labels = self.order.account, names.labels(self.prepared)
        made = self.granted.objects(name, self.home.namespace, labels)
        return [*made, objects.key(name, labels)] if self.order.secret else made


def run(
    name: str,
    given: Mapping[str, Any],
    *,
    say: Say,
    approve: Approve = lambda change: False,
    approver: str = "the caller",
    approved: str = "",
    timeout: float = engine.DEFAULT_TIMEOUT,
    context: str | None = None,
    image: str | None = None,
) -> Outcome:
    """Run a runbook in the cluster that it works on, to its end.

    A runbook that changes something is planned here first; what the Job carries out is the plan that was
    approved, and nothing when its own plan differs.

    Args:
        name: of a runbook in the runbooks folder, which the image contains.
        given: parameters, as typed or as values.
        say: called with each line for the person: the permissions, then the run's log.
        approve, approver, approved: as for `engine.run`.
        timeout: seconds for the run.
        context: a context of your own kubeconfig; none: as `kitlib.connect`.
        image: an image that the cluster can pull; none: as `image.ensure`.

    Raises:
        UsageError, PrecheckFailed, ClusterUnreachable, AlreadyRunning: refused before anything was made.
        ClusterError, WaitTimeout: the pod did not start.
    """
    given = dict(given)
    approved = str(given.pop(catalogue.APPROVE, "") or approved)
    prepared = preflight.check(catalogue.find(name), given, context=context)
    refuse_elsewhere(prepared.runbook)
    if approved and not prepared.runbook.takes_approval:
        raise UsageError(f"{name} changes nothing, so there is no plan {approved} to approve")
    home = prepared.cluster.within(get_settings().runner_namespace)
    granted = permissions.grant(prepared)
    show_and_refuse(prepared, granted, home, names.name_of(prepared), MADE, say)
    if prepared.runbook.takes_approval and not approved:
        asked = _planned(name, given, prepared, Approver(approve, approver), timeout, context)
        if isinstance(asked, Outcome):
            return asked
        approved = asked
    order = order_for(prepared, given, images.ensure(home, context, image), timeout=timeout)
    order = replace(order, approve=approved, secret=order.account if approved else "", mark=token_hex(8))
    with policy.acting(policy.person(f"through runbook run --in-cluster {name}")), locks.held(prepared):
        try:
            return _carry_out(_Run(prepared, order, granted, home, context), say)
        except Signalled as error:
            return Outcome(7, f"ended by {error} before the run began")


def _planned(
    name: str,
    given: Mapping[str, Any],
    prepared: Prepared,
    approver: Approver,
    timeout: float,
    context: str | None,
) -> Outcome | str:
    """The hash of the plan that was made here and approved; an Outcome when there is nothing to carry out."""
    made = engine.make_plan(name, given, timeout=timeout, context=context)
    found = made.record["plan"]
    if made.exit_code or not found or not found["actions"]:
        return Outcome(made.exit_code, made.record["message"], made.folder)
    plan = policy.current().approvals.plan(found["hash"])
    given_answer = answer(prepared, plan, made.record["result"], approver, "")
    if given_answer.approved:
        return plan.hash
    record.finish(made.folder, "not approved", given_answer.reason or "the plan was not approved")
    return Outcome(4, "the plan was not approved; nothing was changed", made.folder)


def _carry_out(run: _Run, say: Say) -> Outcome:
    """Make what the run needs, follow it, bring its record here, and take away what it needed."""
    storage.prepare(run.home)
    _refuse_running(run)
    last: list[str] = []

    def told(line: str) -> None:
        if not line.startswith(f"report: {pod.RUNS}/"):  # where it is in the pod helps nobody here
            last[:] = [line]
            say(line)

    with signals(), _existing(run):
        over = _followed(run, told)
        folders = collecting.of_pods(run.home, run.order.image, [over.pod], run.context)
    return _outcome(over, folders, last)


def _followed(run: _Run, say: Say) -> End:
    """Follow the run; a signal ends it, and it writes its record before it goes."""
    found = None
    try:
        found = watching.started(run.home, run.order.account)
        return watching.follow(run.home, found, say)
    except Signalled as error:
        if found is None:
            raise
        say(f"{error}: ending the run in the cluster")
        run.home.delete("Job", run.order.account, missing_ok=True, wait_seconds=0)
        uid = found["metadata"]["uid"]
        waiting.until_deleted(run.home, "Pod", found.name, run.home.namespace, uid, pod.GRACE_SECONDS + 30)
        return End(found.name, None, str(error))


def _outcome(over: End, folders: list[Path], last: list[str]) -> Outcome:
    """What the record says; and where there is none, or it was cut off, what the kubelet says."""
    if not folders:
        code = over.code if over.code and over.code < 10 else 1
        return Outcome(code, over.reason or "".join(last) or "it ended before it began a record")
    found = record.read(folders[-1])
    if json.loads((folders[-1] / "record.json").read_text())["status"] == "running":  # it was not finished
        found = record.finish(folders[-1], "aborted", f"its pod was ended: {over.reason or over.code}")
    return Outcome(int(found["exit_code"]), found["message"], folders[-1])


def _refuse_running(run: _Run) -> None:
    """Refuse while a Job, of a person or of a schedule, works on the same; remove one that has ended."""
    labels = names.selector(names.labels(run.prepared))
    for found in run.home.list("Job", labels=labels):
        over = {item["type"] for item in found.at("status.conditions", []) if item["status"] == "True"}
        abandoned = found.at("spec.suspend") and found.age_seconds > ABANDONED_SECONDS
        if not over & {"Complete", "Failed"} and not abandoned:
            raise _already(run, found.name)
    run.home.delete("Job", run.order.account, missing_ok=True)


def _already(run: _Run, job: str) -> AlreadyRunning:
    return AlreadyRunning(
        f"{run.prepared.runbook.name} is running on this target already, as Job {job}",
        fix=f"kubectl -n {run.home.namespace} logs -f job/{job}",
    )


@contextmanager
def _existing(run: _Run) -> Iterator[None]:
    """The Job and all that it needs, for as long as the body runs.

    Raises:
        AlreadyRunning: somebody made this Job a moment ago.
    """
    job = run.job()
    try:
        run.home.apply(job)  # as it can't be made twice, it is the lock of those on other machines
    except (Invalid, Conflict):
        raise _already(run, run.order.account) from None
    made = run.needed()
    try:
        run.home.apply(made)
        run.home.patch("Job", run.order.account, {"spec": {"suspend": False}})
        yield
    finally:
        for item in [job, *reversed(made)]:
            where = item["metadata"].get("namespace")
            run.home.delete(item["kind"], item["metadata"]["name"], namespace=where, missing_ok=True)
