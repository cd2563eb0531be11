"""One defect, one finding: of two checks that say the same of a line, the more telling one stays."""

from __future__ import annotations

from collections.abc import Iterable

from kitlib.findings import Finding

# The schemas name a fault of shape; where a rule knows what it does to the application, that is the finding.
GENERAL = ("schema", "schema-version")
SAME = {  # a tool's or general id → the rule that says the same of the same line
    "hadolint-DL3002": "docker-user-root",
    "hadolint-DL3006": "docker-base-latest",
    "hadolint-DL3007": "docker-base-latest",
    "hadolint-DL3025": "docker-shell-form",
    "hadolint-DL3066": "docker-user-named",
    "schema-unknown": "agent-crd-missing",
    "shellcheck-SC2046": "minikube-docker-env",
}


def one_each(findings: Iterable[Finding]) -> list[Finding]:
    """The findings without those that repeat another one, in their order."""
    everything = list(findings)
    specific = {
        str(item.object) for item in everything if item.severity == "error" and item.id not in GENERAL
    }
    said = {(item.id, str(item.object)) for item in everything}
    return [
        item
        for item in everything
        if not (item.id in GENERAL and str(item.object) in specific)
        and (SAME.get(item.id, ""), str(item.object)) not in said
    ]
