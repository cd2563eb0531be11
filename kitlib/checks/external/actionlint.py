"""actionlint: GitHub's workflows, their expressions and, through ShellCheck, their `run` steps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from kitlib import tools
from kitlib.checks.about import About
from kitlib.checks.external.json_output import entries, shown
from kitlib.checks.targets import Project
from kitlib.errors import ToolNotFound
from kitlib.findings import Finding

ABOUT = About(
    "actionlint",
    "error",
    "actionlint: a workflow is wrong",
    "GitHub refuses the workflow, or a step does something else",
    "github.com/rhysd/actionlint/blob/main/docs/checks.md",
)


def run(project: Project) -> Iterator[Finding]:
    """actionlint's findings on the workflows; it is built from its Go module where it is missing.

    Raises:
        ToolError: it can't be built, or fails.
    """
    shellcheck = ""  # without it actionlint leaves `run` steps out
    with suppress(ToolNotFound):
        shellcheck = str(tools.find("shellcheck", build=False))
    command: list[str | Path] = [
        *(tools.find("actionlint"), "-no-color", "-format", "{{json .}}"),
        *("-shellcheck", shellcheck, "-pyflakes", ""),
    ]
    for entry in entries(command, project.workflows, project.root):
        where = f"{shown(entry.get('filepath'), project.root)}:{entry.get('line') or 1}"
        message, kind = str(entry.get("message", "")), entry.get("kind")
        yield ABOUT.finding(
            where, f"{message} ({kind})", "a workflow that actionlint accepts", "see the message"
        )
