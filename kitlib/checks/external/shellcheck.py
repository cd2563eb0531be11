"""ShellCheck: shell scripts. Its own `# shellcheck disable=` comments count."""

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
    "shellcheck",
    "warning",
    "ShellCheck: a script does not do what it seems to",
    "The rule's page shows an example",
    "www.shellcheck.net/wiki",
)


def run(project: Project) -> Iterator[Finding]:
    """ShellCheck's findings on the scripts.

    Raises:
        ToolError: it is missing or fails.
    """
    command: list[str | Path] = [tools.find("shellcheck", build=False), "--format", "json1"]
    for entry in entries(command, project.scripts, project.root, key="comments"):
        code = f"SC{entry.get('code')}"
        page = f"https://www.shellcheck.net/wiki/{code}"
        severity = SEVERITIES.get(str(entry.get("level")), "warning")
        about = replace(ABOUT, id=f"shellcheck-{code}", severity=severity, source=page)
        where = f"{shown(entry.get('file'), project.root)}:{entry.get('line') or 1}"
        yield about.finding(where, str(entry.get("message", "")), "what the rule's page shows", f"see {page}")
