"""Options of Helm that changed with Helm 4, in scripts and workflows."""

from __future__ import annotations

from collections.abc import Iterator

from kitlib.checks.rule import Hit, rule
from kitlib.checks.shell import commands
from kitlib.checks.targets import File, Project
from kitlib.checks.workflows import jobs


@rule(
    "project",
    "helm-atomic",
    "warning",
    "--atomic is deprecated in Helm 4",
    why="Helm 4 calls it --rollback-on-failure; a later version will no longer know the old name",
    source="https://helm.sh/docs/overview/",
)
def atomic(project: Project) -> Iterator[Hit]:
    for file, number, words in _helm(project):
        if "--atomic" in words:
            rows = file.text.splitlines()[number - 1 :]
            offset = next((offset for offset, row in enumerate(rows) if "--atomic" in row), 0)
            yield Hit(
                file.at(number + offset),
                "--atomic",
                "--rollback-on-failure with Helm 4; with Helm 3 the two steps written out",
                "write --rollback-on-failure; where Helm 3 must work as well: --wait, and `helm rollback` "
                "on failure",
            )


def _helm(project: Project) -> Iterator[tuple[File, int, list[str]]]:
    for file in project.scripts:
        yield from ((file, line.number, words) for line, words in commands(file.text) if words[0] == "helm")
    for file in project.workflows:
        for job in jobs(file):
            for step in job.steps:
                for line in step.script:
                    yield from ((file, line.number, words) for words in line.commands if words[0] == "helm")
