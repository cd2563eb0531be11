"""The coverage table: made from the notebooks as they are, and complete."""

from __future__ import annotations

from pathlib import Path

import yaml
from notebook_cells import cell, write
from typer.testing import CliRunner

from kitlib.cli.app import app
from kitlib.lessons.coverage import HEADINGS, coverage

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
SECTIONS = yaml.safe_load(HEADINGS.read_text())


def test_every_heading_is_covered_by_a_cell():
    assert [f"{row.section}: {row.heading}" for row in coverage(NOTEBOOKS).missing] == []


def test_the_list_has_every_section_and_no_heading_twice():
    names = [(part["title"], item["heading"]) for part in SECTIONS for item in part["headings"]]
    assert len(names) == len(set(names)) == 41
    assert sorted({part["lesson"] for part in SECTIONS}) == [f"{number:02}" for number in range(1, 8)]


def test_a_cell_that_is_gone_and_a_notebook_that_is_gone_are_missing(tmp_path):
    write(tmp_path / "07-x.ipynb", cell("a", "# nothing"), cell("b", "## The pipeline"))
    rows = {row.heading: row for row in coverage(tmp_path)}
    assert rows["CI/CD Pipeline Specification"].cell == "b"
    assert (rows["GitOps with ArgoCD"].notebook, rows["GitOps with ArgoCD"].cell) == ("07-x.ipynb", "")
    assert rows["Chart.yaml"].notebook == ""
    assert ">MISSING</td>" in coverage(tmp_path)._repr_html_()


def test_the_command_shows_the_table_and_fails_where_a_heading_is_missing(tmp_path):
    result = CliRunner().invoke(app, ["notebooks", "coverage", str(tmp_path)])
    assert result.exit_code == 1
    assert "0 of 41 headings covered" in result.output
