"""Runbooks beyond one machine: as Jobs and CronJobs of the cluster that they work on.

All of it lives in a namespace of its own, so that no quota, policy or deletion of the namespace that a
runbook works on reaches the run or its record. What the run may do there is a Role in that namespace.
"""

from kitlib.runbooks.remote.chart import chart_values
from kitlib.runbooks.remote.collecting import collect
from kitlib.runbooks.remote.cron import Schedule, Timing, schedules
from kitlib.runbooks.remote.cron import add as schedule
from kitlib.runbooks.remote.cron import remove as unschedule
from kitlib.runbooks.remote.job import Outcome, run

__all__ = [
    "Outcome",
    "Schedule",
    "Timing",
    "chart_values",
    "collect",
    "run",
    "schedule",
    "schedules",
    "unschedule",
]
