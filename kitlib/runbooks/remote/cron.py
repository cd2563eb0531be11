"""`kit runbook schedule`: a runbook as a CronJob, one run at a time, its records kept on the volume."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kitlib import policy
from kitlib.cluster import Cluster, Resource
from kitlib.cluster.connect import connect
from kitlib.errors import UsageError
from kitlib.runbooks import catalogue, engine, preflight
from kitlib.runbooks.preflight import Prepared
from kitlib.runbooks.remote import image as images
from kitlib.runbooks.remote import names, permissions, pod, storage
from kitlib.runbooks.remote.admission import show_and_refuse
from kitlib.runbooks.remote.objects import job_spec
from kitlib.runbooks.remote.orders import order_for, refuse_elsewhere
from kitlib.settings import get_settings

MADE = (("", "serviceaccounts"), ("batch", "cronjobs"))
START_WITHIN = 300  # seconds; a run that could not begin by then is left out
HISTORY = 3


@dataclass(frozen=True)
class Schedule:
    """A runbook that runs by itself.

    Args:
        name: what `kit runbook unschedule` takes.
        runbook: which.
        parameters: as typed.
        cron, time_zone: when.
        last: when it ran last, ISO 8601; empty: never.
        result: how that ended: done, failed, running; empty: never.
    """

    name: str
    runbook: str
    parameters: dict[str, str]
    cron: str
    time_zone: str
    last: str = ""
    result: str = ""

    def __str__(self) -> str:
        given = " ".join(f"{key}={value}" for key, value in self.parameters.items())
        ran = f"{self.result} {self.last}" if self.last else "not run yet"
        return f"{self.name}  {self.runbook} {given}  {self.cron} {self.time_zone}  {ran}"


@dataclass(frozen=True)
class Timing:
    """When a schedule runs.

    Args:
        cron: five fields, as in crontab(5).
        time_zone: of the IANA database, such as Europe/Berlin.
    """

    cron: str
    time_zone: str = "Etc/UTC"


def add(
    name: str,
    given: Mapping[str, Any],
    timing: Timing,
    *,
    say: Callable[[str], None],
    title: str = "",
    timeout: float = engine.DEFAULT_TIMEOUT,
    context: str | None = None,
    image: str | None = None,
) -> Schedule:
    """Let a runbook run by itself; a schedule of that name is replaced.

    A runbook that changes something carries nothing out by itself, unless the settings' `unattended` let it:
    each run then makes its plan, and ends with exit code 4.

    Args:
        name: of a runbook in the runbooks folder.
        given: its parameters.
        timing: when.
        say: called with each line for the person: the permissions.
        title: what the schedule is called; empty: after runbook and target.
        timeout: seconds for each run.
        context, image: as for `remote.run`.

    Raises:
        UsageError, PrecheckFailed, ClusterUnreachable: refused before anything was made.
        Invalid: the server does not take the timing.
    """
    prepared = preflight.check(catalogue.find(name), given, context=context)
    refuse_elsewhere(prepared.runbook)
    home = prepared.cluster.within(get_settings().runner_namespace)
    granted = permissions.grant(prepared)
    title = names.title_of(prepared, title)
    account = f"{names.CRON}-{title}"
    show_and_refuse(prepared, granted, home, account, MADE, say)
    chosen = images.ensure(home, context, image)
    order = order_for(prepared, given, chosen, timeout=timeout, account=account, user=f"schedule {title}")
    with policy.acting(policy.person(f"through runbook schedule {name}")):
        storage.prepare(home)
        found = cron_job(order, timing, title, labels_of(prepared, title), granted)
        home.apply(found, dry_run=True)  # a timing that the server does not take leaves nothing behind
        home.apply([*granted.objects(order.account, home.namespace, labels_of(prepared, title)), found])
    return _schedule(home, Resource(found))


def schedules(*, context: str | None = None) -> list[Schedule]:
    """What runs by itself, by name."""
    home = _home(context)
    return [_schedule(home, item) for item in _cron_jobs(home)]


def remove(name: str, *, context: str | None = None) -> Schedule:
    """Let a runbook no longer run by itself; its records stay.

    Args:
        name: the schedule's, or its runbook's when that has one schedule only.

    Raises:
        UsageError: there is none of that name, or several; names them.
    """
    home = _home(context)
    known = _cron_jobs(home)
    chosen = [item for item in known if item.labels[names.SCHEDULE] == name] or [
        item for item in known if item.labels[names.RUNBOOK] == name
    ]
    if len(chosen) != 1:
        listed = ", ".join(item.labels[names.SCHEDULE] for item in chosen or known) or "none"
        raise UsageError(
            f"{len(chosen) or 'no'} schedules are called {name!r}; there is {listed}",
            fix="kit runbook schedules",
        )
    found = _schedule(home, chosen[0])
    with policy.acting(policy.person(f"through runbook unschedule {name}")):
        _delete(home, chosen[0])
    return found


def labels_of(prepared: Prepared, title: str) -> dict[str, str]:
    """The labels of all objects of a schedule."""
    return names.labels(prepared) | {names.SCHEDULE: title}


def cron_job(
    order: pod.Order, timing: Timing, title: str, labels: Mapping[str, str], granted: permissions.Grant
) -> dict[str, Any]:
    """The CronJob of a schedule."""
    notes = {
        names.PARAMETERS: json.dumps(dict(order.parameters)),
        names.ROLES: json.dumps(granted.places),
    }
    spec = {
        "schedule": timing.cron,
        "timeZone": timing.time_zone,
        "suspend": False,
        "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": START_WITHIN,
        "successfulJobsHistoryLimit": HISTORY,
        "failedJobsHistoryLimit": HISTORY,
        "jobTemplate": {"metadata": {"labels": dict(labels)}, "spec": job_spec(order, labels)},
    }
    metadata = {"name": f"{names.CRON}-{title}", "labels": dict(labels), "annotations": notes}
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata, "spec": spec}


def _home(context: str | None) -> Cluster:
    return connect(context, namespace=get_settings().runner_namespace)


def _cron_jobs(home: Cluster) -> list[Resource]:
    found = home.list("CronJob", labels=f"{names.SCHEDULE},{names.RUNBOOK}")
    return sorted(found, key=lambda item: item.name)


def _schedule(home: Cluster, item: Resource) -> Schedule:
    title = item.labels[names.SCHEDULE]
    jobs = home.list("Job", labels={names.SCHEDULE: title})
    newest = max(jobs, key=lambda job: str(job["metadata"]["creationTimestamp"]), default=None)
    given = json.loads(item.at("metadata.annotations", {}).get(names.PARAMETERS, "{}"))
    return Schedule(
        name=title,
        runbook=item.labels[names.RUNBOOK],
        parameters=given,
        cron=item.at("spec.schedule"),
        time_zone=item.at("spec.timeZone", "of the controller"),
        last=str(newest["metadata"]["creationTimestamp"]) if newest else "",
        result=_result(newest) if newest else "",
    )


def _result(job: Resource) -> str:
    over = {item["type"] for item in job.at("status.conditions", []) if item["status"] == "True"}
    return "done" if "Complete" in over else "failed" if "Failed" in over else "running"


def _delete(home: Cluster, item: Resource) -> None:
    """Delete a CronJob, its Jobs with it, and what it was granted."""
    home.delete("CronJob", item.name, missing_ok=True)
    for namespace in json.loads(item.at("metadata.annotations", {}).get(names.ROLES, "[]")):
        for kind in ("RoleBinding", "Role"):
            prefix = "" if namespace else "Cluster"
            home.delete(f"{prefix}{kind}", item.name, namespace=namespace or None, missing_ok=True)
    home.delete("ServiceAccount", item.name, missing_ok=True)
