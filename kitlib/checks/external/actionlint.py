"""actionlint: GitHub's workflows, their expressions and, through ShellCheck, their `run` steps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from difflib import get_close_matches
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
        found = f"{message} ({kind})"
        yield ABOUT.finding(where, found, "a workflow that actionlint accepts", _fix(message))


def _fix(message: str) -> str:
    """The nearest of the names that a message says there are; else where all messages are explained."""
    quoted = re.findall(r'"([\w.-]+)"', message)
    known = [*quoted[1:], *re.findall(r"([\w.-]+): ", message.partition("{")[2])]
    near = get_close_matches(quoted[0], known, n=1) if quoted else []
    return f"write {near[0]} in place of {quoted[0]}" if near else f"https://{ABOUT.source} explains it"
