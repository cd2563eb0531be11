"""Containers that end again and again: their last words, and when an earlier revision is the way back."""

from __future__ import annotations

from kitlib.cluster import Cluster
from kitlib.diagnosis import Report
from kitlib.diagnosis.evidence import Evidence, Status, gather
from kitlib.diagnosis.rules.running import meaning
from kitlib.errors import RunbookError
from kitlib.findings import fix_text
from kitlib.operations import revisions, workloads
from kitlib.operations.revisions import Back

# The kubelet starts a crashed container again after 10 s, doubling up to 5 minutes:
# kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle, "container restart policy".
FIRST_BACK_OFF, LONGEST_BACK_OFF = 10, 300
SLACK_SECONDS = 180  # for pulling the image and for what the container does before it ends
LAST_LINES = 8
_LOOPING = ("CrashLoopBackOff", "RunContainerError", "CreateContainerError")


def crashing(evidence: Evidence) -> list[Status]:
    """The containers that ended with an error or can't be started, one status for each."""
    found = [
        item
        for item in evidence.statuses
        if item.state("terminated").get("exitCode") or item.state("waiting").get("reason") in _LOOPING
    ]
    return list({item.name: item for item in found}.values())


def told(cluster: Cluster, deployment: str) -> str:
    """How each container ends, how often it was started again, and its last words."""
    evidence = gather(cluster, "Deployment", deployment)
    blocks = []
    for item in crashing(evidence):
        ended = item.state("terminated") or item.state("terminated", last=True)
        code = ended.get("exitCode")
        how = f"exit code {code} ({meaning(code)})" if code is not None else "it does not start"
        said = [log.text for log in evidence.logs if (log.pod, log.container) == (item.pod.name, item.name)]
        words = [line for text in said[:1] for line in text.splitlines() if line.strip()][-LAST_LINES:]
        head = f"{item.pod.name}, container {item.name}: {how}, {item.restarts} restarts"
        blocks.append("\n".join([head, *(f"  {line}" for line in words)]))
    return "\n".join(blocks) or "no container crashes"


def way_back(cluster: Cluster, deployment: str, report: Report) -> Back | None:
    """The revision to go back to when the diagnosis knows no fix; None when it does, or nothing crashes.

    An earlier revision helps only when the crash came with the current one. The number of restarts says how
    long a container has been crashing; a revision that is much older once ran well, and then what broke it
    is outside of its template.

    Raises:
        RunbookError: it crashed from its first revision on, or something outside of the template breaks it,
            or it is no crash at all that was found.
    """
    faults = [finding for finding in report.findings if finding.severity == "error"]
    if not faults or (faults[0].fix is not None and faults[0].fix.automatic):
        return None
    evidence = gather(cluster, "Deployment", deployment)
    looping = crashing(evidence)
    if not looping or faults[0].id == "out-of-memory":
        name = "oom-remediation" if faults[0].id == "out-of-memory" else "diagnose-and-fix"
        raise RunbookError(
            f"{faults[0].title}: found {faults[0].found}; that is another runbook's work",
            fix=f"kit runbook run {name} -p namespace={cluster.namespace} -p deployment={deployment}",
        )
    history = revisions.history(cluster, deployment)
    cause = f"{faults[0].title}: {faults[0].found}"
    if len(history) < 2:
        raise RunbookError(
            f"{cause}; there is no revision before it to roll back to",
            fix=_for_a_person(report),
        )
    age = history[0].age_seconds
    if age > crashing_seconds(max(item.restarts for item in looping)):
        raise RunbookError(
            f"{cause}; revision {revisions.number(history[0])} is {int(age / 60)} minutes old and ran before "
            "it began to crash, so an earlier template would not mend it",
            fix=_for_a_person(report),
        )
    workloads.refuse_paused(evidence.workload)
    workloads.refuse_controlled(evidence.workload)
    return revisions.back(history[1])


def crashing_seconds(restarts: int) -> float:
    """How long a container may at most have been crashing, by the number of its restarts."""
    waits: int = sum(min(FIRST_BACK_OFF * 2**n, LONGEST_BACK_OFF) for n in range(restarts + 1))
    return 2.0 * waits + SLACK_SECONDS


def _for_a_person(report: Report) -> str:
    cause = report.cause
    known = fix_text(cause.fix) if cause and cause.fix else ""
    return known or f"read its last words: kubectl -n {report.workload.namespace} logs --previous POD"
