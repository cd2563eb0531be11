"""What `check` found: shows itself in a notebook and a terminal; formats.py writes it for other programs."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape

from kitlib import markup
from kitlib.findings import Finding, Findings
from kitlib.wording import counted


@dataclass(frozen=True)
class Report:
    """The outcome of `kitlib.checks.check`.

    Args:
        findings: what is wrong, gravest first.
        ignored: findings that somebody lives with, each with the reason.
        excluded: paths that were not looked at, with the reason.
        files: how many files were looked at.
        objects: how many Kubernetes objects, in manifests, rendered charts and the cluster.
        rules: the ids of the rules and tools that ran.
        seconds: how long it took.
    """

    findings: Findings
    ignored: list[tuple[Finding, str]] = field(default_factory=list)
    excluded: dict[str, str] = field(default_factory=dict)
    files: int = 0
    objects: int = 0
    rules: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether no error and no warning remains."""
        return all(item.severity == "info" for item in self.findings)

    def count(self, severity: str) -> int:
        """How many findings of one severity remain."""
        return sum(item.severity == severity for item in self.findings)

    @property
    def summary(self) -> str:
        """One line: how much was looked at, and what was found."""
        counts = ", ".join(
            f"{number} info" if word == "info" else counted(number, word)
            for word in ("error", "warning", "info")
            if (number := self.count(word))
        )
        rest = f", {len(self.ignored)} ignored" if self.ignored else ""
        return (
            f"{counted(self.files, 'file')}, {counted(self.objects, 'object')}, "
            f"{counted(len(self.rules), 'rule')}, {self.seconds:.1f} s: "
            f"{counts or 'no findings'}{rest}"
        )

    def __repr__(self) -> str:
        return f"<Report {self.summary}>"

    def _repr_html_(self) -> str:
        ignored = "".join(
            f"<li>{escape(item.id)} at {escape(str(item.object))}: {escape(reason)}</li>"
            for item, reason in self.ignored
        )
        tail = f"<details><summary>ignored</summary><ul>{ignored}</ul></details>" if ignored else ""
        return markup.verbatim(f"<p>{escape(self.summary)}</p>{self.findings._repr_html_()}{tail}")
