"""What a finding means that no rule of the registry makes: the engine's own, and the tools'."""

from __future__ import annotations

from dataclasses import dataclass

from kitlib.findings import Finding, Fix, Ref, Severity

DOCS = "`kit check --help`"


@dataclass(frozen=True)
class About:
    """An id of `kit check --rules`; see `kitlib.checks.rule.Rule` for the arguments."""

    id: str
    severity: Severity
    title: str
    why: str
    source: str

    def finding(self, where: str | Ref, found: str, expected: str, fix: str) -> Finding:
        """A finding of this id."""
        why = f"{self.why} ({self.source})"
        return Finding(self.severity, self.id, self.title, where, found, expected, why, Fix(fix))


_YAML = "yaml.org/spec/1.2.2, and 3.2.1.3 for keys that stand twice"
_HELM = "helm.sh/docs/helm/helm_template"
OWN: dict[str, About] = {
    about.id: about
    for about in (
        About("unreadable", "error", "A file can't be read", "What can't be read isn't checked.", DOCS),
        About(
            "empty-file", "info", "A file is empty", "An empty file does nothing; something is missing.", DOCS
        ),
        About("not-yaml", "error", "A file is not YAML", "Whoever reads this file will refuse it.", _YAML),
        About(
            "manifest-incomplete",
            "error",
            "An object has no apiVersion or kind",
            "The API server takes only objects that say both.",
            "kubernetes.io/docs/concepts/overview/working-with-objects/#required-fields",
        ),
        About("chart-render", "error", "A chart does not render", "It can't be installed.", _HELM),
        About(
            "ignore-reason", "error", "An ignored finding has no reason", "Nobody can judge it later.", DOCS
        ),
        About(
            "ignore-unused",
            "info",
            "An ignore matches nothing",
            "What it was written for is gone, and it would hide the next defect of that kind.",
            DOCS,
        ),
        About("not-run", "info", "A check was not run", "What it would find is not in this report.", DOCS),
        About("rule-failed", "error", "A rule could not be run", "A defect of kit itself: report it.", DOCS),
    )
}


def problem(id: str, where: str | Ref, found: str, expected: str, fix: str) -> Finding:
    """A finding of the engine itself; `id` is a key of `OWN`."""
    return OWN[id].finding(where, found, expected, fix)
