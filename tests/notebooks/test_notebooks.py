"""nbval runs every notebook on the real kind cluster; each must reach its last cell."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nbformat
import pytest

from kitlib import tools
from kitlib.errors import CommandFailed

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


def validate(path, cwd):
    command = [sys.executable, "-m", "pytest", "--nbval-lax", "--nbval-cell-timeout", "180", "-q", "-p"]
    return tools.run([*command, "no:cacheprovider", "--rootdir", cwd, path], timeout=900, cwd=cwd)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs_to_its_end(path, kind_cluster, tmp_path):
    assert os.environ["KIT_CLUSTER"] == kind_cluster.name
    cells = [cell for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]
    assert f"{len(cells)} passed" in validate(path, tmp_path).stdout


def test_a_broken_notebook_fails_and_names_the_cell(kind_cluster, tmp_path):
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("from kitlib import connect\nconnect().get('Pod', 'absent')")],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    path = tmp_path / "broken.ipynb"
    nbformat.write(notebook, path)
    with pytest.raises(CommandFailed) as failure:
        validate(path, tmp_path)
    assert "broken.ipynb" in failure.value.output
    assert "1 failed" in failure.value.output


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_cells_are_short_and_use_no_shell(path):
    for cell in nbformat.read(path, 4).cells:
        if cell.cell_type == "code":
            lines = cell.source.splitlines()
            assert len(lines) <= 15, f"{cell.id} has {len(lines)} lines: move logic into kitlib"
            assert not [line for line in lines if line.lstrip().startswith("!")], f"{cell.id} hides failures"
            assert not cell.outputs, f"{cell.id} was committed with outputs"
