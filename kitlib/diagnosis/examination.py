"""`diagnose`: from a target to a report of root causes, across workloads."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from kitlib import markup
from kitlib.cluster import Cluster, Resource
from kitlib.cluster.resource import pod_ready
from kitlib.cluster.rollout import rollout_state
from kitlib.diagnosis import rules
from kitlib.diagnosis.cause import Cause, key_of
from kitlib.diagnosis.evidence import cut
from kitlib.diagnosis.mending import structured, tried
from kitlib.diagnosis.ranking import Root, rank
from kitlib.diagnosis.reading import scan as read
from kitlib.diagnosis.report import clean, with_rollback
from kitlib.diagnosis.scan import Scan
from kitlib.diagnosis.silence import split
from kitlib.diagnosis.target import Target
from kitlib.findings import Finding, Findings, Ref, fix_text
from kitlib.settings import Silence

if TYPE_CHECKING:
    import pandas
    from rich.console import RenderableType


@dataclass(frozen=True)
class Symptom:
    """What a cause looks like from outside, in one object."""

    object: Ref
    title: str


@dataclass(frozen=True)
class RootCause:
    """One root cause.

    Args:
        key: the fault's stable name: the same at each scan for the same rule, object and field.
        finding: what is wrong, its symptoms among the evidence.
        affected: the objects whose trouble it explains.
        symptoms: what it looks like from outside, here and in other objects.
    """

    key: str
    finding: Finding
    affected: tuple[Ref, ...] = ()
    symptoms: tuple[Symptom, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        where = self.finding.object
        named = (
            {"kind": where.kind, "name": where.name, "namespace": where.namespace}
            if isinstance(where, Ref)
            else {}
        )
        return {
            "key": self.key,
            **self.finding.as_dict(),
            **named,
            "affected": [str(one) for one in self.affected],
            "symptoms": [f"{symptom.object}: {symptom.title}" for symptom in self.symptoms],
        }


@dataclass(frozen=True)
class Diagnosis:
    """What is wrong in a cluster, a namespace, or about one object.

    Args:
        target: what was looked at, in words.
        causes: root causes, gravest first; empty when all is well.
        silenced: causes that somebody said not to report, with the reason.
        workloads: how many were looked at.
        scan: what it rests on; `scan.save(path)` keeps it.
        notes: what could not be looked at, and silences that have ended.
    """

    target: str
    causes: tuple[RootCause, ...] = ()
    silenced: tuple[tuple[RootCause, Silence], ...] = ()
    workloads: int = 0
    scan: Scan = field(default_factory=Scan, repr=False)
    notes: tuple[str, ...] = ()

    @property
    def cause(self) -> RootCause | None:
        """The one to mend first."""
        return self.causes[0] if self.causes else None

    @property
    def findings(self) -> Findings:
        """The findings of the causes, in their order."""
        return Findings([cause.finding for cause in self.causes])

    @property
    def summary(self) -> str:
        """One sentence."""
        seen = f"{self.workloads} workload{'s' if self.workloads != 1 else ''}"
        if not self.causes:
            return f"{self.target}: nothing is wrong with {seen}"
        count = f"{len(self.causes)} root cause{'s' if len(self.causes) != 1 else ''}"
        return f"{self.target}: {count} among {seen}; first: {self.causes[0].finding.title}"

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return {
            "target": self.target,
            "summary": self.summary,
            "at": self.scan.at.isoformat(),
            "version": self.scan.version,
            "workloads": self.workloads,
            "causes": [cause.as_dict() for cause in self.causes],
            "silenced": [
                {
                    "key": cause.key,
                    "title": cause.finding.title,
                    "reason": silence.reason,
                    "until": str(silence.until),
                }
                for cause, silence in self.silenced
            ],
            "notes": list(self.notes),
        }

    def json(self) -> str:
        """As JSON."""
        return json.dumps(self.as_dict(), indent=2, ensure_ascii=False)

    def frame(self) -> pandas.DataFrame:
        """One row per cause: key, severity, cause, object, field, found, expected, fix, affected."""
        import pandas

        columns = ["key", "severity", "cause", "object", "field", "found", "expected", "fix", "affected"]
        rows = [
            (
                cause.key,
                cause.finding.severity,
                cause.finding.title,
                str(cause.finding.object),
                cause.finding.field,
                cause.finding.found,
                cause.finding.expected,
                fix_text(cause.finding.fix),
                ", ".join(map(str, cause.affected)),
            )
            for cause in self.causes
        ]
        return pandas.DataFrame(rows, columns=columns)

    def __rich__(self) -> RenderableType:
        from kitlib.diagnosis.showing import shown

        return shown(self)

    def __repr__(self) -> str:
        return f"<Diagnosis: {self.summary}>"

    def _repr_html_(self) -> str:
        notes = "".join(f"<br><small>{html.escape(note)}</small>" for note in self.notes)
        return markup.verbatim(f"<p>{html.escape(self.summary)}{notes}</p>{self.findings._repr_html_()}")


def diagnose(target: str = "", cluster: Cluster | None = None) -> Diagnosis:
    """Find the root causes of what is wrong.

    Args:
        target: `NAMESPACE`, `NAMESPACE/KIND/NAME`, or empty for all namespaces.
        cluster: none: the one that the settings name.

    Raises:
        UsageError: a target that is none of these.
        NotFound: no such namespace or object; names the nearest.
        ClusterUnreachable: see kitlib.errors.
    """
    from kitlib.cluster.connect import connect

    wanted = Target.parse(target)
    where = cluster or connect()
    wanted.check(where)
    return with_tried_fixes(where, examine(read(where, wanted.namespace), wanted))


def with_tried_fixes(cluster: Cluster, found: Diagnosis) -> Diagnosis:
    """The diagnosis, each structured fix with what the API server says to it as a dry run.

    Raises:
        ClusterUnreachable: see kitlib.errors.
    """
    causes = tuple(
        replace(cause, finding=replace(cause.finding, fix=tried(cluster, cause.finding.fix)))
        if cause.finding.fix
        else cause
        for cause in found.causes
    )
    return replace(found, causes=causes)


def examine(scan: Scan, target: Target | None = None, silences: tuple[Silence, ...] = ()) -> Diagnosis:
    """The root causes that a scan holds.

    Args:
        scan: what was read, or loaded from a file.
        target: only what concerns this object; none: all that was read.
        silences: causes not to report.
    """
    wanted = target or Target(scan.namespace)
    workloads = list(scan.workloads())
    causes = [*_of_workloads(scan, workloads), *rules.about_all(scan)]
    roots = [
        root for root in rank(causes) if wanted.concerns((*root.affected, root.cause.finding.object), scan)
    ]
    found = [_root_cause(scan, root) for root in roots]
    reported, silenced, ended = split(found, silences, scan.at)
    return Diagnosis(
        str(wanted), tuple(reported), tuple(silenced), len(workloads), scan, (*_unread(scan), *ended)
    )


def _of_workloads(scan: Scan, workloads: list[Resource]) -> Iterator[Cause]:
    for workload in workloads:
        if not _plainly_well(scan, workload):
            yield from rules.about(cut(scan, workload))


def _plainly_well(scan: Scan, workload: Resource) -> bool:
    """Whether nothing about a workload asks for the rules: its pods are there, ready, and never restarted."""
    if workload.kind in ("Deployment", "StatefulSet", "DaemonSet") and not rollout_state(workload).done:
        return False
    return all(map(_slim, scan.pods_of(workload))) and not scan.events_of(workload, "FailedCreate")


def _slim(pod: Resource) -> bool:
    """Whether the scan kept a pod in short, which is said of those that are well (kitlib.diagnosis.slim)."""
    return "restartPolicy" not in pod.get("spec", {}) and (
        pod_ready(pod) or pod.at("status.phase") == "Succeeded"
    )


def _root_cause(scan: Scan, root: Root) -> RootCause:
    finding = root.finding
    workload = (
        scan.find(finding.object.kind, finding.object.name, finding.object.namespace)
        if isinstance(finding.object, Ref)
        else None
    )
    finding = structured(finding, workload)
    if workload is not None and workload.kind == "Deployment":
        finding = with_rollback(cut(scan, workload), finding)
    told = tuple(
        Symptom(where, cause.finding.title)
        for cause in root.beneath
        if isinstance(where := cause.finding.object, Ref)
    )
    affected = tuple(one for one in root.affected if one != finding.object)
    return RootCause(key_of(finding), clean(finding), affected, told)


def _unread(scan: Scan) -> Iterator[str]:
    hidden = sorted(kind for kind in scan.unread if kind not in ("PodMetrics", "DnsConfig"))
    if hidden:
        yield f"could not be read, so faults of these kinds may be missed: {', '.join(hidden)}"
