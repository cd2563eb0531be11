"""From evidence to a report: rules in rank order, symptoms beneath their cause, the fix that is known."""

from __future__ import annotations

import html
import time
from dataclasses import dataclass, field, replace
from typing import Any

from kitlib import markup
from kitlib.cluster import Cluster
from kitlib.diagnosis import rules
from kitlib.diagnosis.evidence import REVISION, Evidence, gather
from kitlib.diagnosis.mending import structured
from kitlib.diagnosis.ranking import rank
from kitlib.diagnosis.rules.admission import RULES as NOT_IN_TEMPLATE
from kitlib.errors import WaitTimeout
from kitlib.findings import Finding, Findings, Fix, Quote, Ref
from kitlib.progress import Stage
from kitlib.redaction import redact_tree

POLL_SECONDS = 1.0


@dataclass(frozen=True)
class Report:
    """What is wrong with one workload.

    Args:
        workload: which one.
        state: how far its rollout is, in words.
        done: whether the newest revision serves alone, all replicas available.
        findings: causes, gravest first, each with its symptoms as evidence; empty for a healthy workload.
    """

    workload: Ref
    state: str
    done: bool
    findings: Findings = field(default_factory=Findings)

    @property
    def cause(self) -> Finding | None:
        """The finding to mend first."""
        return self.findings[0] if self.findings else None

    @property
    def summary(self) -> str:
        """One sentence."""
        if self.cause:
            return f"{self.workload}: {self.cause.title} ({self.state})"
        return f"{self.workload} is healthy: {self.state}" if self.done else f"{self.workload}: {self.state}"

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        findings = [item.as_dict() for item in self.findings]
        return {
            "workload": str(self.workload),
            "state": self.state,
            "done": self.done,
            "findings": findings,
        }

    def __repr__(self) -> str:
        return f"<Report: {self.summary}>"

    def _repr_html_(self) -> str:
        return markup.verbatim(f"<p>{html.escape(self.summary)}</p>{self.findings._repr_html_()}")


def diagnose(cluster: Cluster, kind: str, name: str, namespace: str | None = None) -> Report:
    """Find out why a workload is not well.

    Args:
        cluster: where it is.
        kind: Deployment, StatefulSet or DaemonSet.
        name: its name.
        namespace: none: the cluster's default one.

    Raises:
        NotFound: no such workload.
        ClusterUnreachable, ApiError: see kitlib.errors.
    """
    return judge(gather(cluster, kind, name, namespace))


def diagnose_settled(
    cluster: Cluster,
    kind: str,
    name: str,
    namespace: str | None = None,
    *,
    timeout: float = 120.0,
    progress: Stage | None = None,
) -> Report:
    """As `diagnose`, but a workload that is neither well nor visibly ill is watched until it is either.

    Raises:
        WaitTimeout: after `timeout` seconds it still is neither.
        NotFound, ClusterUnreachable, ApiError: as `diagnose`.
    """
    deadline = time.monotonic() + timeout
    while True:
        report = diagnose(cluster, kind, name, namespace)
        if report.done or report.findings:
            return report
        if progress:
            progress.update(report.summary)
        if time.monotonic() >= deadline:
            raise WaitTimeout(
                f"{report.summary} after {timeout:g} s, and nothing says why",
                fix=f"kubectl -n {report.workload.namespace} get events",
            )
        time.sleep(POLL_SECONDS)


def judge(evidence: Evidence) -> Report:
    """Apply the rules about one workload: each root cause once, its symptoms beneath it.

    No secret value is in any text. What stands beside the workload, such as a Service that it calls, is not
    judged here: a runbook for one workload may not read all that (see kitlib.diagnosis.examination).
    """
    roots = rank(rules.about(evidence))
    findings = [clean(with_rollback(evidence, _mended(evidence, root.finding))) for root in roots]
    state = evidence.rollout
    return Report(evidence.ref, state.message, state.done, Findings(findings))


def _mended(evidence: Evidence, finding: Finding) -> Finding:
    return structured(finding, evidence.workload if finding.object == evidence.ref else None)


def with_rollback(evidence: Evidence, finding: Finding) -> Finding:
    """A fault of the newest template, while pods of an earlier one serve: go back to that one."""
    healthy = evidence.healthy_revision
    fixed = finding.fix is not None and finding.fix.automatic
    if healthy is None or fixed or finding.id in NOT_IN_TEMPLATE or finding.object != evidence.ref:
        return finding
    revision = healthy["metadata"]["annotations"][REVISION]
    template = dict(healthy["spec"]["template"])
    labels = {k: v for k, v in template["metadata"].get("labels", {}).items() if k != "pod-template-hash"}
    template["metadata"] = {**template["metadata"], "labels": labels}
    fix = Fix(
        f"go back to revision {revision}, whose pods still serve",
        evidence.ref,
        patch=({"op": "replace", "path": "/spec/template", "value": template},),
        command=finding.fix.command if finding.fix else "",
    )
    return replace(finding, fix=fix)


def clean(finding: Finding) -> Finding:
    """What came from the cluster goes through redaction; the fix does not, for it is applied."""
    texts = {key: redact_tree(getattr(finding, key)) for key in ("title", "found", "expected")}
    evidence = tuple(Quote(redact_tree(q.text), q.source) for q in finding.evidence)
    return replace(finding, evidence=evidence, **texts)
