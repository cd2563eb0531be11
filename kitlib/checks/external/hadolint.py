"""hadolint: Dockerfiles. A `.hadolint.yaml` of the project counts, as do `# hadolint ignore=` comments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from kitlib import tools
from kitlib.checks.about import About
from kitlib.checks.external.json_output import SEVERITIES, entries, shown
from kitlib.checks.targets import Project
from kitlib.findings import Finding

ABOUT = About(
    "hadolint",
    "warning",
    "hadolint: a Dockerfile goes against good practice",
    "The rule's page says what it costs",
    "github.com/hadolint/hadolint/wiki",
)


def run(project: Project) -> Iterator[Finding]:
    """hadolint's findings on the Dockerfiles.

    Raises:
        ToolError: it is missing or fails.
    """
    command: list[str | Path] = [tools.find("hadolint", build=False), "--no-fail", "--format", "json"]
    for entry in entries(command, project.dockerfiles, project.root):
        code = str(entry.get("code", "DL1000"))
        about = replace(
            ABOUT,
            id=f"hadolint-{code}",
            severity=SEVERITIES.get(str(entry.get("level")), "warning"),
            source=_page(code),
        )
        where = f"{shown(entry.get('file'), project.root)}:{entry.get('line') or 1}"
        message = str(entry.get("message", ""))
        yield about.finding(where, message, "what the rule's page shows", f"see {_page(code)}")


def _page(code: str) -> str:
    name = "www.shellcheck.net/wiki" if code.startswith("SC") else "github.com/hadolint/hadolint/wiki"
    return f"https://{name}/{code}"
