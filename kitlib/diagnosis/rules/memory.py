"""Containers that were killed at their memory limit."""

from __future__ import annotations

from datetime import datetime, timedelta

from kitlib.diagnosis.evidence import Evidence, Status
from kitlib.diagnosis.templates import container_path
from kitlib.findings import Finding, Fix, Quote

OOM_REMEMBERED = timedelta(hours=24)
OOM_REPEATED = 3


def out_of_memory(evidence: Evidence) -> list[Finding]:
    """A container was killed at its memory limit: now, within a day, or again and again."""
    killed = {item.name: item for item in evidence.statuses if killed_for_memory(evidence, item)}
    return [_memory_finding(evidence, item) for item in killed.values()]


def killed_for_memory(evidence: Evidence, item: Status) -> bool:
    """Whether a container was killed at its memory limit: now, within a day, or again and again."""
    now = item.state("terminated")
    if now.get("reason") == "OOMKilled":
        return True
    last = item.state("terminated", last=True)
    if last.get("reason") != "OOMKilled":
        return False
    if not item.status.get("ready") or item.restarts >= OOM_REPEATED:
        return True
    ended = last.get("finishedAt")
    return bool(ended) and evidence.at - datetime.fromisoformat(str(ended)) < OOM_REMEMBERED


def _memory_finding(evidence: Evidence, item: Status) -> Finding:
    limit = ((item.spec.get("resources") or {}).get("limits") or {}).get("memory", "none of its own")
    ref = evidence.ref
    ended = item.state("terminated") or item.state("terminated", last=True)
    serving = bool(item.status.get("ready"))
    return Finding(
        "warning" if serving else "error",
        "out-of-memory",
        f"container {item.name} was killed for using more memory than its limit",
        ref,
        found=f"memory limit {limit}, {item.restarts} restarts",
        expected="a limit above what the container needs at its peak",
        why="the kernel kills a container that goes above its limit "
        "(kubernetes.io/docs/concepts/configuration/manage-resources-containers)",
        fix=Fix(
            "raise the limit to what the container needs, or find its leak",
            command=f"kubectl -n {ref.namespace} set resources {ref.kind.lower()}/{ref.name} "
            f"-c {item.name} --limits=memory=<more than {limit}>",
        ),
        evidence=(
            Quote(
                f"{ended.get('reason')}, exit code {ended.get('exitCode')} at {ended.get('finishedAt', '?')}",
                item.source,
            ),
        ),
        field=container_path(evidence.workload, item.name, "resources.limits.memory"),
    )
