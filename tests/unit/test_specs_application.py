"""todo-app/specs says of the application what its code does."""

from __future__ import annotations

import ast
import re

import pytest
import yaml
from specs_help import ROOT, SPECS

from kitlib.specs import read_application

APP = ROOT / "todo-app"
FOLDERS = {"api": "backend", "worker": "worker", "frontend": "frontend"}


@pytest.fixture(scope="module")
def spec():
    reading = read_application(SPECS)
    assert reading.spec is not None, reading.findings.json()
    return reading.spec


def settings(path):
    """The fields of a Settings class and their defaults, from its source."""
    tree = ast.parse(path.read_text())
    [found] = [n for n in ast.walk(tree) if isinstance(n, ast.ClassDef) and n.name == "Settings"]
    fields = [node for node in found.body if isinstance(node, ast.AnnAssign)]
    return {node.target.id.upper(): node.value for node in fields}


def default(node):
    if isinstance(node, ast.Call):  # SecretStr("…")
        node = node.args[0]
    value = ast.literal_eval(node)
    return None if value in ((), None) else str(value)


@pytest.mark.parametrize(("name", "more"), [("api", set()), ("worker", {"HEARTBEAT_FILE"})])
def test_the_variables_are_those_that_the_code_reads(spec, name, more):
    fields = settings(APP / FOLDERS[name] / ("app" if name == "api" else "worker") / "config.py")
    variables = {v.name: v for v in spec.containers[name].variables if v.source in ("ConfigMap", "Secret")}
    assert set(variables) == set(fields) | more
    for field, node in fields.items():
        assert variables[field].required == (node is None)
        assert variables[field].default == (None if node is None else default(node))


def test_the_frontends_variables_are_those_that_its_code_reads(spec):
    code = (APP / "frontend" / "src" / "lib" / "config.ts").read_text()
    variables = {v.name for v in spec.containers["frontend"].variables if v.source in ("ConfigMap", "Secret")}
    assert variables == set(re.findall(r"process\.env\.(\w+)", code))
    assert not list((APP / "frontend" / "src").rglob("*NEXT_PUBLIC*"))


@pytest.mark.parametrize("name", FOLDERS)
def test_the_health_checks_are_there(spec, name):
    container = spec.containers[name]
    for check in filter(None, (container.liveness, container.readiness, container.startup)):
        last = (check.path or "").rpartition("/")[2]
        if name == "api":
            assert f'@router.get("/{last}")' in (APP / "backend" / "app" / "health.py").read_text()
        elif name == "frontend":
            assert (APP / "frontend" / "src" / "app" / "health" / last / "route.ts").is_file()
        else:
            assert check.command == ("python", "-m", "worker.heartbeat")


def test_every_service_has_an_image_and_a_context_that_exists(spec):
    assert set(spec.build.services) == set(spec.containers) == set(FOLDERS)
    for name, image in spec.build.services.items():
        assert (APP / image.context).resolve() == (APP / FOLDERS[name]).resolve()
        assert image.image == f"${{REGISTRY}}/todo-{name}:${{VERSION}}"
        assert (APP / FOLDERS[name] / spec.containers[name].source).is_dir()


def test_the_overrides_are_the_charts_values_for_development(spec):
    values = yaml.safe_load((ROOT / "charts" / "todo-app" / "values-dev.yaml").read_text())
    for name in ("api", "worker"):
        override = spec.local_cluster.overrides[name]
        assert override.resources.as_kubernetes() == values[name]["resources"]
        assert override.variables.items() <= values[name]["env"].items()
    assert spec.local_cluster.overrides["api"].replicas == values["api"]["replicaCount"] == 1


def test_all_twelve_factors_are_told(spec):
    assert len(spec.architecture.factors) == 12


def test_the_agent_needs_approval_of_whatever_is_manual(spec):
    assert spec.agent is not None
    assert set(spec.agent.spec.safety.require_approval) >= {"delete", "scale", "restart", "rollback", "drain"}
