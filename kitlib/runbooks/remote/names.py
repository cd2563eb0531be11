"""What the objects of runs in the cluster are called, and the labels by which they are found again."""

from __future__ import annotations

import re
from collections.abc import Mapping

from kitlib.policy.action import digest
from kitlib.runbooks.preflight import Prepared

RUNBOOK = "kit.dev/runbook"
SCHEDULE = "kit.dev/schedule"
TARGET = "kit.dev/target"
PARAMETERS = "kit.dev/parameters"  # annotations, as JSON
ROLES = "kit.dev/roles"  # the namespaces that have a Role; empty: the whole cluster
MANAGED = {"app.kubernetes.io/managed-by": "kit", "app.kubernetes.io/part-of": "kit-runner"}
CLAIM = "kit-runs"
CRON = "kit-cron"
# A CronJob adds 11 characters to its name for each Job, and a name has 63:
# kubernetes.io/docs/concepts/workloads/controllers/cron-jobs.
LONGEST = 52


def target(prepared: Prepared) -> str:
    """Names what a run works on: the server, the namespace, and the objects that its parameters name."""
    return digest(prepared.cluster.server, prepared.cluster.namespace, *prepared.objects.items())[:10]


def name_of(prepared: Prepared) -> str:
    """The name of a run's Job and of all that belongs to it: one for each runbook and target."""
    return fitting("kit", prepared.runbook.name, target(prepared))


def title_of(prepared: Prepared, given: str = "") -> str:
    """What a schedule is called; none given: after its runbook and target."""
    room = LONGEST - len(CRON) - 1
    return (
        _plain(given)[:room].strip("-")
        if given
        else fitting(prepared.runbook.name, target(prepared)[:6], room=room)
    )


def fitting(*parts: str, room: int = LONGEST) -> str:
    """One name of several parts; the last but one is cut when it gets too long."""
    *first, cut, last = map(_plain, parts)
    left = room - sum(len(part) + 1 for part in [*first, last])
    return "-".join([*first, cut[:left].strip("-"), last])


def labels(prepared: Prepared) -> dict[str, str]:
    """The labels of all objects of a run."""
    return {**MANAGED, RUNBOOK: prepared.runbook.name[:63].strip("-_."), TARGET: target(prepared)}


def selector(found: Mapping[str, str]) -> dict[str, str]:
    """The labels by which objects for the same runbook and target are found."""
    return {key: found[key] for key in (RUNBOOK, TARGET)}


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
