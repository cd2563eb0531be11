"""Helps the tests of rules: writes files, loads them as a project, runs one rule."""

from __future__ import annotations

import tempfile
from pathlib import Path

from kitlib.checks import engine
from kitlib.checks.project import load
from kitlib.checks.targets import Project
from kitlib.findings import Finding


def project_of(files: dict[str, str], folder: Path) -> Project:
    """Write files (path → text) below a folder and load it."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return load(folder, [folder])


def findings_of(rule_id: str, files: dict[str, str]) -> list[Finding]:
    """What one rule says of some files (path → text).

    Charts among them are rendered by helm, as `kit check` does. Fails when a file could not be loaded, so
    that a slip in a test's own text isn't taken for a healthy file.
    """
    with tempfile.TemporaryDirectory() as folder:
        project = project_of(files, Path(folder))
        assert not project.problems, project.problems
        return list(engine.run_rule(engine.all_rules()[rule_id], project))
