"""Runs the rules over a project, each on the targets of its sort."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from kitlib.checks.about import problem
from kitlib.checks.rule import RULES, Rule
from kitlib.checks.targets import File, Project
from kitlib.findings import Finding, Ref

_GRAVITY = {"error": 0, "warning": 1, "info": 2}


@lru_cache(maxsize=1)
def all_rules() -> dict[str, Rule]:
    """Every rule by its id, in the order of the ids."""
    import kitlib.checks.external.schema
    import kitlib.checks.rules  # noqa: F401 (both enter their rules into the registry)

    return dict(sorted(RULES.items()))


def run_rule(rule: Rule, project: Project) -> Iterator[Finding]:
    """The findings of one rule; a rule that breaks is a finding too, so that the others still run."""
    for target in targets(rule, project):
        try:
            yield from rule.findings(target)
        except Exception as error:  # noqa: BLE001 (a linter that stops at one file's oddity is of no use)
            where = (
                f"{target.path}:1" if isinstance(target, File) else str(getattr(target, "name", project.root))
            )
            found = f"{rule.id}: {type(error).__name__}: {error}"
            yield problem(
                "rule-failed", where, found, "a rule that copes with any input", f"--ignore {rule.id}=…"
            )


def targets(rule: Rule, project: Project) -> Iterable[Any]:
    """What a rule is called with, one at a time."""
    match rule.target:
        case "object":
            return (item for bundle in project.bundles for item in bundle.objects)
        case "bundle":
            return project.bundles
        case "dockerfile":
            return project.dockerfiles
        case "compose":
            return project.composes
        case "workflow":
            return project.workflows
        case "chart":
            return project.charts
        case "script":
            return project.scripts
        case "file":
            return project.files()
        case "project":
            return (project,)


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    """Gravest first, then by place and id; one that several values files or bundles show is kept once."""
    once = {(item.id, str(item.object), item.found): item for item in findings}
    return sorted(
        once.values(), key=lambda item: (_GRAVITY[item.severity], *place(item), item.id, item.found)
    )


def place(finding: Finding) -> tuple[str, int]:
    """The file and line of a finding; a live object stands after all files."""
    if isinstance(finding.object, Ref):
        return f"\U0010ffff{finding.object}", 0
    path, _, line = finding.object.rpartition(":")
    return (path, int(line)) if line.isdigit() else (finding.object, 1)
