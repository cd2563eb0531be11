"""The acts that only read: a diagnosis, logs, a notice. Text from a cluster is quoted, never followed."""

from __future__ import annotations

from kitlib.agent.acting import Seen
from kitlib.agent.names import Act
from kitlib.cluster import Cluster
from kitlib.diagnosis import diagnose
from kitlib.errors import ApiError
from kitlib.findings import fix_text
from kitlib.redaction import redact

DIAGNOSED = ("Deployment", "StatefulSet", "DaemonSet")
LOG_LINES = 40
MOST_FINDINGS = 5


def read(cluster: Cluster, act: Act, seen: Seen) -> tuple[str, tuple[str, ...]]:
    """Do an act that only reads.

    Returns:
        A title, and what was found, redacted.

    Raises:
        NotFound, ApiError, ClusterUnreachable: see kitlib.errors.
    """
    if act == "notify":
        return f"{seen.workload} needs attention", ()
    if act == "collect-logs":
        return f"logs of {seen.pod or seen.workload}", _logs(cluster, seen)
    return _diagnosis(cluster, seen)


def _diagnosis(cluster: Cluster, seen: Seen) -> tuple[str, tuple[str, ...]]:
    where = seen.workload
    if where.kind not in DIAGNOSED:
        return f"{where} is not well; only {', '.join(DIAGNOSED)} are diagnosed", ()
    report = diagnose(cluster, where.kind, where.name, where.namespace)
    found = []
    for item in report.findings[:MOST_FINDINGS]:
        found.append(f"{item.title}: found {item.found}, expected {item.expected}")
        found += [f"  {quote.source}: {quote.text}" for quote in item.evidence[:2]]
        found += [f"  fix: {fix_text(item.fix)}"] if item.fix else []
    return report.summary, tuple(found)


def _logs(cluster: Cluster, seen: Seen) -> tuple[str, ...]:
    """The end of each container's log, of the run that ended where there is one."""
    if not seen.pod:
        return ()
    place = cluster.within(seen.workload.namespace)
    pod = place.get("Pod", seen.pod)
    found: list[str] = []
    for status in pod.at("status.containerStatuses", []):
        ended = bool(status.get("lastState", {}).get("terminated"))
        try:
            text = place.logs(pod.name, container=status["name"], previous=ended, tail=LOG_LINES)
        except ApiError as error:
            found.append(f"{status['name']}: {error.message}")
            continue
        run = "its ended run" if ended else "its run"
        found += [f"{status['name']}, {run}: {redact(line)}" for line in text.splitlines()]
    return tuple(found)
