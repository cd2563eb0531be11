"""The `parameters` cell: read, never executed; values taken by the declared type alone."""

from __future__ import annotations

import ast
import builtins
from pathlib import Path

import pytest

from kitlib.errors import UsageError
from kitlib.runbooks import catalogue
from kitlib.runbooks.parameters import Parameters

CELL = """
namespace: Namespace = "todo-app"  # where it is
deployment: Deployment
tag: str = "1.0"  # which image
replicas: Annotated[int, Ge(1), Le(50)] = 3  # how many pods
share: float = 0.5
apply: bool = False
mode: Literal["fast", "safe"] = "safe"
note: str | None = None
zones: list[str] = []
"""

RUNBOOKS = [catalogue.load(path) for path in sorted((Path(__file__).parents[2] / "runbooks").glob("*.ipynb"))]


@pytest.fixture
def parameters():
    return Parameters(CELL, "example")


def coerce(parameters, **given):
    return parameters.coerce({"deployment": "web", **given})


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("tag", "1.10", "1.10"),
        ("tag", "007", "007"),
        ("tag", "null", "null"),
        ("replicas", "7", 7),
        ("share", "1e-3", 0.001),
        ("apply", "false", False),
        ("apply", "true", True),
        ("apply", True, True),
        ("mode", "fast", "fast"),
        ("note", "x", "x"),
        ("zones", "a, b", ["a", "b"]),
        ("zones", '["1.10", "b,c"]', ["1.10", "b,c"]),
        ("zones", "", []),
    ],
)
def test_a_text_becomes_a_value_of_the_declared_type(parameters, name, text, value):
    found = coerce(parameters, **{name: text})[name]
    assert found == value
    assert type(found) is type(value)


def test_defaults_stand_where_nothing_is_given(parameters):
    found = coerce(parameters)
    assert found["replicas"] == 3
    assert found["note"] is None
    assert found["namespace"] == "todo-app"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"replicas": "0"}, "replicas: found '0'"),
        ({"replicas": "51"}, "less than or equal to 50"),
        ({"replicas": "3.5"}, "replicas"),
        ({"replicas": ""}, "replicas"),
        ({"apply": "maybe"}, "apply"),
        ({"share": "nan"}, "share"),
        ({"mode": "slow"}, "'fast' or 'safe'"),
        ({"namespace": "Not A Name"}, "namespace"),
        ({"deployment": "-x"}, "deployment"),
    ],
)
def test_a_wrong_value_is_refused_with_what_was_found_and_expected(parameters, given, said):
    with pytest.raises(UsageError) as refusal:
        coerce(parameters, **given)
    assert said in refusal.value.message
    assert refusal.value.exit_code == 2


def test_an_unknown_parameter_names_the_nearest(parameters):
    with pytest.raises(UsageError) as refusal:
        coerce(parameters, replica="3")
    assert refusal.value.fix == "did you mean 'replicas'?"


def test_a_missing_parameter_is_named(parameters):
    with pytest.raises(UsageError, match="parameter deployment is missing"):
        parameters.coerce({})


def test_the_schema_carries_limits_and_descriptions(parameters):
    schema = parameters.schema()
    replicas = schema["properties"]["replicas"]
    assert (replicas["minimum"], replicas["maximum"]) == (1, 50)
    assert replicas["description"] == "how many pods"
    assert schema["required"] == ["deployment"]
    assert schema["additionalProperties"] is False


def test_the_cell_is_never_executed(tmp_path):
    mark = tmp_path / "executed"
    for line in (f"open({str(mark)!r}, 'w')", f"x: str = open({str(mark)!r}, 'w').name", "import os"):
        with pytest.raises(UsageError, match="line 1"):
            Parameters(line, "evil")
    assert not mark.exists()


@pytest.mark.parametrize("line", ["x: dict = {}", "x: Annotated[int, Odd()] = 1", "x = [1", "x: int = 1 + y"])
def test_a_line_that_is_no_declaration_is_named(line):
    with pytest.raises(UsageError, match="parameters cell, line 1"):
        Parameters(line, "wrong")


def test_objects_that_parameters_name_are_known(parameters):
    assert parameters.naming("Namespace") == ["namespace"]
    assert parameters.naming("Deployment") == ["deployment"]


@pytest.mark.parametrize("runbook", RUNBOOKS, ids=lambda item: item.name)
def test_a_runbook_declares_itself_and_is_stored_without_outputs(runbook):
    assert runbook.declared.permissions
    assert runbook.description
    if runbook.takes_approval:
        assert [id for id, _ in runbook.steps][-1] == "verify"
    for name, field in runbook.parameters.model.model_fields.items():
        assert field.description, name
    code = [cell for cell in runbook.content["cells"] if cell["cell_type"] == "code"]
    assert not [cell for cell in code if cell["outputs"] or cell["execution_count"]]
    assert max(len("".join(cell["source"]).splitlines()) for cell in code) <= 15


@pytest.mark.parametrize("runbook", RUNBOOKS, ids=lambda item: item.name)
def test_a_runbook_uses_only_names_that_it_has(runbook):
    code = ["".join(cell["source"]) for cell in runbook.content["cells"] if cell["cell_type"] == "code"]
    nodes = list(ast.walk(ast.parse("\n".join(code))))
    aliases = [a for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom)) for a in node.names]
    imported = {alias.asname or alias.name for alias in aliases}
    names = [node for node in nodes if isinstance(node, ast.Name)]
    loaded = {node.id for node in names if isinstance(node.ctx, ast.Load)}
    bound = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    bound |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    assert loaded <= bound | imported | set(dir(builtins))
    assert imported <= loaded


def test_a_runbook_that_does_not_exist_names_the_nearest():
    with pytest.raises(UsageError) as refusal:
        catalogue.find("diagnose-and-fx")
    assert refusal.value.fix == "did you mean 'diagnose-and-fix'?"
