"""One defect, one finding: of two checks that say the same of a line, the more telling one stays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from kitlib.findings import Finding

# The schemas name a fault of shape; where a rule knows what it does to the application, that is the finding.
GENERAL = ("schema", "schema-version")
SAME = {  # a tool's or general id → the rule that says the same of the same line
    "hadolint-DL3002": "docker-user-root",
    "hadolint-DL3022": "docker-stage-order",
    "hadolint-DL3025": "docker-shell-form",
    "hadolint-DL3064": "docker-secret",
    "hadolint-DL3066": "docker-user-named",
    "ingress-nginx-retired": "ingress-class-annotation",
    "port-not-exposed": "port-not-served",
    "schema-unknown": "agent-crd-missing",
    "shellcheck-SC2046": "minikube-docker-env",
}
SAME_FILE = {  # a tool's id → the rule that says the same, at another line of the file
    "hadolint-DL3006": "docker-base-latest",  # ours is where the ARG is
    "hadolint-DL3007": "docker-base-latest",
    "shellcheck-SC2164": "script-no-errexit",  # `cd … || exit` is needed only without `set -e`
}


def one_each(findings: Iterable[Finding]) -> list[Finding]:
    """The findings without those that repeat another one, in their order."""
    everything = list(findings)
    specific = {
        str(item.object) for item in everything if item.severity == "error" and item.id not in GENERAL
    }
    said = {(item.id, str(item.object)) for item in everything}
    said_in = {(item.id, _file(item)) for item in everything}
    return _together(
        item
        for item in everything
        if not (item.id in GENERAL and str(item.object) in specific)
        and (SAME.get(item.id, ""), str(item.object)) not in said
        and (SAME_FILE.get(item.id, ""), _file(item)) not in said_in
    )


def _together(findings: Iterable[Finding]) -> list[Finding]:
    """The findings, those that one line causes and one fix mends as one: a template makes many."""
    groups: dict[tuple[str, str, str], list[Finding]] = {}
    for item in findings:
        groups.setdefault((item.id, str(item.object), item.fix.summary if item.fix else ""), []).append(item)
    return [
        replace(group[0], found="; ".join(dict.fromkeys(item.found for item in group)))
        for group in groups.values()
    ]


def _file(finding: Finding) -> str:
    return str(finding.object).rpartition(":")[0]
