"""The lint of notebooks: each rule finds its defect, and nothing in a notebook that is well."""

from __future__ import annotations

import json

import pytest
from notebook_cells import CHECK, cell, run, write
from typer.testing import CliRunner

from kitlib.cli.app import app
from kitlib.notebooks.lint import RULES, lint
from kitlib.notebooks.refresh import find

END = cell("end", "print('end of it')")
WELL = (
    cell("a", "import secrets\ntoken = secrets.token_urlsafe()\npath = 'data/x.csv'"),
    cell("b", "%kubectl get pods\nassert 1 != 2", tags=[CHECK], shows="none\n"),
    cell("c", "mount = '/etc/coredns'\nimage = 'registry.example.com/home/web:1'"),
    END,
)
DEFECTS = {
    "notebook-shell": [
        (cell("x", "!kubectl get pods"), END),
        (cell("x", "pods = !kubectl get pods"), END),
        (cell("x", "%%bash\nls"), END),
        (cell("x", "import os\nos.system('ls')"), END),
    ],
    "notebook-end": [(cell("x", "1"),), ()],
    "notebook-secret": [
        (cell("x", "DB_PASSWORD = 'hunter2-and-more'"), END),
        (cell("x", "token = 'ghp_" + "a1B2" * 9 + "'"), END),
        (cell("x", "1", tags=[CHECK], shows="URL='postgres://app:s3cretvalue@db/app'"), END),
    ],
    "notebook-path": [
        (cell("x", "open('/home/ann/data.csv')"), END),
        (cell("x", "1", tags=[CHECK], shows="File /Users/ann/x.py\n"), END),
        (cell("x", r"open('C:\data')"), END),
    ],
    "notebook-order": [(*(cell(id, "1", tags=[CHECK], shows="1") for id in "xy"), END)],
    "notebook-outputs": [(cell("x", "1", shows="1"), END), (cell("x", "1", tags=[CHECK]), END)],
    "notebook-cell-length": [(cell("x", "\n".join(["1"] * 16)), END)],
}  # fmt: skip


def ids(path):
    return [finding.id for finding in lint(path)]


def test_a_notebook_that_is_well_has_no_finding(tmp_path):
    assert ids(write(tmp_path / "n.ipynb", *WELL)) == []


@pytest.mark.parametrize("rule", [rule.id for rule in RULES])
def test_each_rule_finds_its_defect_and_nothing_else_does(rule, tmp_path):
    for number, cells in enumerate(DEFECTS[rule]):
        assert set(ids(write(tmp_path / f"{number}.ipynb", *cells))) == {rule}


def test_a_secret_is_named_and_not_shown(tmp_path):
    finding = lint(write(tmp_path / "n.ipynb", *DEFECTS["notebook-secret"][0]))[0]
    assert "hunter2" not in str(finding)
    assert str(finding.object).endswith("n.ipynb, cell x")


def test_the_command_names_what_is_wrong_and_ends_with_1(tmp_path):
    write(tmp_path / "bad.ipynb", cell("x", "!ls"), END)
    done = CliRunner().invoke(app, ["notebooks", "lint", str(tmp_path), "--format", "json"])
    assert done.exit_code == 1
    assert [item["id"] for item in json.loads(done.stdout)] == ["notebook-shell"]
    write(tmp_path / "bad.ipynb", *WELL)
    assert CliRunner().invoke(app, ["notebooks", "lint", str(tmp_path)]).exit_code == 0


def test_copies_and_records_of_runs_are_no_notebooks_to_run(tmp_path):
    for folder in ("runs/20261127T000000Z-scale", ".ipynb_checkpoints", "labs"):
        (tmp_path / folder).mkdir(parents=True)
        write(tmp_path / folder / "one.ipynb", END)
    (tmp_path / "runs/20261127T000000Z-scale/record.json").write_text("{}")
    assert find([tmp_path]) == [tmp_path / "labs/one.ipynb"]
    done = run(tmp_path, cwd=tmp_path)
    assert "1 passed" in done.stdout, done.stdout
