"""What programs say went wrong, tied to the place in the cluster where it can be mended."""

from __future__ import annotations

from kitlib.diagnosis.calling import addresses_of, service_of
from kitlib.diagnosis.cause import Cause, Strength
from kitlib.diagnosis.evidence import Evidence
from kitlib.diagnosis.logs import Said, understand
from kitlib.diagnosis.rules.said_places import place
from kitlib.diagnosis.rules.said_titles import title
from kitlib.diagnosis.rules.services import behind
from kitlib.diagnosis.scan import Log, ref
from kitlib.findings import Finding, Fix, Quote, Ref

RECENT_LINES = 12  # a probe's or a client's tries of the last seconds
MOST = 3  # statements of one container's log that are followed
# Strong where the program names what stands in the cluster, weak where it only says that it failed.
_WEAK = {
    "uncaught",
    "arithmetic",
    "http-status",
    "connection-reset",
    "connection-refused",
    "connection-timeout",
}
_REMOTE = {"connection-refused", "connection-timeout", "connection-reset", "http-status", "startup-waiting"}
_SERVER = {
    "auth-failed",
    "database-missing",
    "role-missing",
    "relation-missing",
    "too-many-connections",
    "redis-misconf",
}
_SHOWN_ELSEWHERE = {"forbidden"}  # has a rule of its own, which looks at roles


def said(evidence: Evidence) -> list[Cause]:
    """The statements of the workload's logs as causes; those of the last run of a container first."""
    found: dict[tuple[str, str, str], Cause] = {}
    for log in evidence.logs:
        for statement in _statements(evidence, log)[:MOST]:
            if statement.kind in _SHOWN_ELSEWHERE or _passing(evidence, log, statement):
                continue
            cause = _cause(evidence, log, statement)
            found.setdefault((cause.finding.id, str(cause.finding.object), cause.finding.field), cause)
    return list(found.values())


def _statements(evidence: Evidence, log: Log) -> list[Said]:
    """What a log says of the present: of a container that runs, its last lines, if they say anything."""
    statuses = [s for s in evidence.statuses if (s.pod.name, s.name) == (log.pod, log.container)]
    if not log.previous and any(status.state("running") for status in statuses):
        lines = [line for line in log.text.splitlines() if line.strip()]
        if recent := understand("\n".join(lines[-RECENT_LINES:])):
            last = {said.kind for said in understand("\n".join(lines[-RECENT_LINES // 3 :]))}
            return [said for said in recent if said.kind in last] or recent
    return understand(log.text)


def _passing(evidence: Evidence, log: Log, statement: Said) -> bool:
    """Whether a container that runs well has got over it: what it said while something was away."""
    for item in evidence.statuses:
        if (item.pod.name, item.name) == (log.pod, log.container) and item.status.get("ready"):
            return statement.kind in _REMOTE | _SERVER | {"host-unresolved"} or log.previous
    return False


def _cause(evidence: Evidence, log: Log, statement: Said) -> Cause:
    where, field, found, expected = place(evidence, log, statement)
    blames = _blamed(evidence, statement) if statement.kind in _REMOTE | _SERVER else ()
    strength = Strength.WEAK if statement.kind in _WEAK else Strength.SAID
    finding = Finding(
        "error" if any(not s.status.get("ready") for s in evidence.statuses if not s.init) else "warning",
        f"said-{statement.kind}",
        title(log, statement),
        where,
        found=found,
        expected=expected,
        why="this is the container's own word, the last before it ended"
        if log.previous
        else "this is the container's own word",
        fix=Fix(
            f"correct {field} of {where}" if field else "mend the program, or go back to its last good image"
        ),
        evidence=(Quote(statement.text, log.source),),
        field=field,
    )
    return Cause(finding, affects=(evidence.ref,), blames=blames, strength=strength)


def _blamed(evidence: Evidence, said: Said) -> tuple[Ref, ...]:
    """The Service that is called and the workloads behind it: their trouble would explain this."""
    scan, here = evidence.scan, evidence.workload.namespace
    hosts = (
        [said.host]
        if said.host
        else [a.host for a in addresses_of(scan, evidence.workload) if said.port in (None, a.port)]
    )
    found: list[Ref] = []
    for host in hosts:
        service = service_of(scan, host, here)
        if service is not None:
            found += [ref(service), *(scan.owner_ref(pod) for pod in behind(scan, service))]
            found += _owners_without_pods(evidence, service.at("spec.selector", {}))
    return tuple(one for one in dict.fromkeys(found) if one != evidence.ref)


def _owners_without_pods(evidence: Evidence, selector: dict[str, str]) -> list[Ref]:
    here = evidence.workload.namespace
    return [
        ref(item)
        for item in evidence.scan.workloads()
        if item.namespace == here
        and selector
        and selector.items() <= item.at("spec.template.metadata.labels", {}).items()
    ]
