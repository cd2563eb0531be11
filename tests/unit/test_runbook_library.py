"""What every runbook of the library keeps to, so that one reads and behaves like the other."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from kitlib.runbooks import catalogue
from kitlib.runbooks.catalogue import APPROVE

FOLDER = Path(__file__).parents[2] / "runbooks"
BOOKS = [catalogue.load(path) for path in sorted(FOLDER.glob("*.ipynb"))]
IMPORTS = (ast.Import, ast.ImportFrom)
CHANGING = {"patch", "update", "create", "delete"}
every = pytest.mark.parametrize("book", BOOKS, ids=lambda item: item.name)


def code_cells(book):
    return [cell for cell in book.content["cells"] if cell["cell_type"] == "code"]


def source(cell):
    return "".join(cell["source"])


def prose(book):
    return "\n".join(source(cell) for cell in book.content["cells"] if cell["cell_type"] == "markdown")


def calls(book, name):
    """The calls of a function or method of that name, in order."""
    found = []
    for cell in code_cells(book):
        for node in ast.walk(ast.parse(source(cell))):
            if isinstance(node, ast.Call) and name in (
                getattr(node.func, "id", None),
                getattr(node.func, "attr", None),
            ):
                found.append(node)
    return found


@every
def test_start_is_given_every_parameter_by_its_name(book):
    (start,) = calls(book, "start")
    declared = list(book.parameters.model.model_fields)
    given = {word.arg: ast.unparse(word.value) for word in start.keywords}
    assert given == {name: name for name in declared if name != APPROVE}
    assert [ast.unparse(argument) for argument in start.args] == ([APPROVE] if book.takes_approval else [])
    if book.takes_approval:
        assert declared[-1] == APPROVE
        assert book.parameters.model.model_fields[APPROVE].default == ""


@every
def test_it_ends_in_its_result_and_its_cells_are_short_and_without_outputs(book):
    cells = code_cells(book)
    last = ast.parse(source(cells[-1])).body[-1]
    assert isinstance(last, ast.Expr)
    assert ast.unparse(last.value).startswith("rb.result(")
    assert len(calls(book, "result")) == 1
    for cell in cells:
        assert len(source(cell).splitlines()) <= 15
        assert (cell["outputs"], cell["execution_count"]) == ([], None)


@every
def test_it_declares_what_it_needs(book):
    declared = book.declared
    assert declared.permissions
    assert all(permission.verbs for permission in declared.permissions)
    named = [(permission.group, permission.resource) for permission in declared.permissions]
    assert len(named) == len(set(named)), "a resource is declared twice"
    verbs = {verb for permission in declared.permissions for verb in permission.verbs}
    assert bool(verbs & CHANGING) == book.takes_approval
    assert declared.expected_seconds > 0


@every
def test_its_steps_have_ids_of_their_own(book):
    ids = [id for id, _ in book.steps]
    assert len(ids) == len(set(ids)) == len(calls(book, "step"))


@every
def test_it_goes_past_neither_the_gate_nor_the_record(book):
    book.refuse_shell()
    cells = [ast.parse(source(cell)) for cell in code_cells(book)]
    names = [ast.unparse(node) for cell in cells for node in ast.walk(cell) if isinstance(node, IMPORTS)]
    imported = {name.split()[1].partition(".")[0] for name in names}
    assert imported <= {"typing", "functools", "datetime", "kitlib"}
    waits = [node for node in calls(book, "wait") if ast.unparse(node.func) != "rb.wait"]
    assert not waits, "a wait that does not return while planning"


@every
def test_it_tells_what_it_is_for_and_its_way_back(book):
    assert prose(book).startswith(f"# {book.title}")
    assert len(book.title) <= 70
    assert 20 <= len(book.description) <= 260
    if book.takes_approval and book.name != "diagnose-and-fix":
        for said in ("**Use it**", "**Not**", "**Way back:**"):
            assert said in prose(book)


@every
def test_the_runbooks_it_names_exist(book):
    known = {item.name for item in BOOKS}
    named = set(re.findall(r"kit runbook run ([a-z][-a-z]+)", prose(book)))
    assert named <= known | {book.name}
