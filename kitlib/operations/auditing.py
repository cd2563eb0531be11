"""The security checklist of a live namespace, and what its rules found."""

from __future__ import annotations

from dataclasses import dataclass

from kitlib.checks import check
from kitlib.checks.security import Checklist, checklist
from kitlib.cluster import Cluster
from kitlib.findings import Findings


@dataclass(frozen=True)
class Audited:
    """The answers to the checklist, and the findings that need somebody."""

    answers: Checklist
    findings: Findings

    @property
    def failed(self) -> list[str]:
        """The questions that are answered with no."""
        return [item.title for item in self.answers if item.state == "failed"]

    @property
    def summary(self) -> str:
        """One sentence."""
        asked = [item for item in self.answers if item.state != "not applicable"]
        if not self.failed:
            return f"all {len(asked)} questions that apply are answered with yes"
        return f"{len(self.failed)} of {len(asked)} questions failed: {', '.join(self.failed)}"


def audit(cluster: Cluster) -> Audited:
    """Answer the checklist for the objects of the cluster's namespace, as they are now."""
    report = check([], live=cluster)
    findings = Findings(item for item in report.findings if item.severity != "info")
    return Audited(checklist([], live=cluster), findings)
