"""Every notebook on the real kind cluster: each cell, to the last, several notebooks side by side."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nbformat
import pytest

from kitlib import tools
from kitlib.notebooks.lint import lint

FOLDER = Path(__file__).parents[2] / "notebooks"
COURSE = sorted(FOLDER.glob("*.ipynb"))
LABS = sorted(FOLDER.glob("labs/*.ipynb"))


@pytest.mark.parametrize("paths", [COURSE, LABS], ids=["course", "labs"])
def test_notebooks_run_to_their_end(paths, kind_cluster, tmp_path):
    assert os.environ["KIT_CLUSTER"] == kind_cluster.name
    options = ["--kit-notebooks", "--kit-namespaces", "--kit-cell-timeout", "300", "-n", "2", "-q"]
    command = [
        sys.executable,
        "-m",
        "pytest",
        *options,
        "-p",
        "no:cacheprovider",
        "--rootdir",
        FOLDER,
        *paths,
    ]
    done = tools.run(command, timeout=1800, cwd=tmp_path, check=False)
    cells = [cell for path in paths for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]
    assert done.returncode == 0, done.stdout
    assert f"{len(cells)} passed" in done.stdout


@pytest.mark.parametrize("path", [*COURSE, *LABS], ids=lambda path: path.stem)
def test_a_notebook_is_as_notebooks_should_be(path):
    assert list(lint(path)) == []
