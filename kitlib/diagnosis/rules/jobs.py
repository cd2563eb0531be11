"""Jobs that do not end as they should, and CronJobs that do not start any."""

from __future__ import annotations

from collections.abc import Iterator

from kitlib.cluster.resource import Resource
from kitlib.diagnosis.cause import Cause, Scan, Strength, quote_all
from kitlib.diagnosis.scan import ref, seconds_since
from kitlib.diagnosis.suspects import container_statuses
from kitlib.diagnosis.templates import container_path, kubectl
from kitlib.findings import Finding, Fix, Quote

_JOBS = "kubernetes.io/docs/concepts/workloads/controllers/job"
_CRON = "kubernetes.io/docs/concepts/workloads/controllers/cron-jobs"
# The controller looks every ten seconds, so a shorter deadline is always missed.
SHORTEST_DEADLINE = 10
_MISSED = ("MissSchedule", "TooManyMissedTimes", "TooManyMissedJobs")


def jobs(scan: Scan) -> Iterator[Cause]:
    """Jobs that failed, or can't end."""
    for job in scan.of("Job"):
        failed = next(
            (
                c
                for c in job.at("status.conditions", [])
                if c["type"] in ("Failed", "FailureTarget") and c["status"] == "True"
            ),
            None,
        )
        if failed:
            yield _failed(scan, job, str(failed.get("reason", "")), str(failed.get("message", "")))
        yield from _kept_alive(scan, job)


def cron_jobs(scan: Scan) -> Iterator[Cause]:
    """CronJobs that start nothing."""
    for item in scan.of("CronJob"):
        events = [
            (str(e.get("message", "")), f"event {e.get('reason')} of {item.name}")
            for e in scan.events_of(item, *_MISSED)
        ]
        deadline = item.at("spec.startingDeadlineSeconds")
        if item.at("spec.suspend"):
            yield _cron(
                item,
                "cron-suspended",
                f"CronJob {item.name} is suspended",
                "spec.suspend",
                "true",
                "false, if it is meant to run",
                events,
            )
        elif deadline is not None and deadline < SHORTEST_DEADLINE:
            expected = f"{SHORTEST_DEADLINE} or more: the controller looks every ten seconds"
            yield _cron(
                item,
                "cron-deadline",
                f"CronJob {item.name} misses its starts",
                "spec.startingDeadlineSeconds",
                str(deadline),
                expected,
                events,
            )
        elif events:
            yield _cron(
                item,
                "cron-missed",
                f"CronJob {item.name} missed starts",
                "spec.startingDeadlineSeconds",
                str(deadline or "not set"),
                "starts within the deadline",
                events,
            )


def _failed(scan: Scan, job: Resource, reason: str, message: str) -> Cause:
    owner = scan.owner(job)
    if reason == "DeadlineExceeded":
        field, found = "spec.activeDeadlineSeconds", str(job.at("spec.activeDeadlineSeconds", ""))
        rule, title, expected = (
            "job-deadline",
            f"Job {job.name} ran out of time",
            "more time, or a job that is faster",
        )
        strength = Strength.SAID
    else:
        field, found = (
            "spec.backoffLimit",
            f"{job.at('status.failed', 0)} failed pods, backoffLimit {job.at('spec.backoffLimit', 6)}",
        )
        rule, title, expected = (
            "job-failed",
            f"Job {job.name} failed: {reason or message}",
            "pods that end with exit code 0",
        )
        strength = Strength.SYMPTOM
    where = ref(job)
    finding = Finding(
        "error",
        rule,
        title,
        where,
        found=found,
        expected=expected,
        why=f"a Job gives up after its limit of failed pods or of time ({_JOBS})",
        fix=Fix("mend what its pods say, then make the Job anew", command=f"kubectl describe {kubectl(job)}"),
        evidence=(Quote(message or reason, f"condition Failed of Job {job.name}"),),
        field=field,
    )
    return Cause(finding, affects=(ref(owner),), strength=strength)


def _kept_alive(scan: Scan, job: Resource) -> Iterator[Cause]:
    """A container has ended well, and another, which is no sidecar by declaration, goes on running."""
    for pod in scan.pods_of(job):
        statuses = [item for item in container_statuses(pod) if not item.init]
        ended = [
            item
            for item in statuses
            if item.state("terminated") and item.state("terminated").get("exitCode") == 0
        ]
        running = [item for item in statuses if item.state("running")]
        if not ended or not running:
            continue
        owner = scan.owner(job)
        name = running[0].name
        since = seconds_since(scan.at, ended[0].state("terminated").get("finishedAt"))
        finding = Finding(
            "error",
            "job-sidecar",
            f"Job {job.name} does not end: container {name} goes on running",
            ref(job),
            found=f"container {ended[0].name} ended {since:.0f} s ago, {name} runs",
            expected=f"{name} as an init container with restartPolicy: Always, which ends with the others",
            why="a pod is complete only when all its containers have ended "
            "(kubernetes.io/docs/concepts/workloads/pods/sidecar-containers)",
            fix=Fix("make it a sidecar container", command=f"kubectl describe {kubectl(job)}"),
            evidence=(Quote(f"{ended[0].name}: exit code 0; {name}: running", f"status of {pod.name}"),),
            field=container_path(job, name),
        )
        yield Cause(finding, affects=(ref(owner), ref(job)))
        return


def _cron(
    item: Resource,
    rule: str,
    title: str,
    field: str,
    found: str,
    expected: str,
    events: list[tuple[str, str]],
) -> Cause:
    finding = Finding(
        "warning" if rule == "cron-suspended" else "error",
        rule,
        title,
        ref(item),
        found=found,
        expected=expected,
        why=f"it starts no Jobs like this ({_CRON})",
        fix=Fix(f"change {field}", command=f"kubectl edit {kubectl(item)}"),
        evidence=quote_all(events[-2:]) or (Quote(f"{field}: {found}", f"CronJob {item.name}"),),
        field=field,
    )
    return Cause(finding, affects=(ref(item),))
