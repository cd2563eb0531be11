"""The course's notebooks on a cluster that runs no containers: to their end, several side by side."""

from __future__ import annotations

import copy
import os
import shutil
import sys
from pathlib import Path

import nbformat
import pytest

from kitlib import tools
from kitlib.cluster.providers.base import ClusterRecord, forget, save

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


@pytest.fixture(scope="module")
def course(embedded, tmp_path_factory):
    """What a kernel has to know to find the cluster."""
    files = embedded.api.binding.files
    record = save(ClusterRecord("course", "embedded", files[0], embedded.context))
    yield {"KIT_CLUSTER": record.name, "KIT_STATE_DIR": os.environ["KIT_STATE_DIR"], "PYTEST_ADDOPTS": ""}
    forget("course")


def run(environment, cwd, *arguments):
    options = ["--kit-notebooks", "--kit-namespaces", "-p", "no:cacheprovider", "-q", "--color=no"]
    command = [sys.executable, "-m", "pytest", *options, "--rootdir", cwd, *arguments]
    return tools.run(command, timeout=500, cwd=cwd, env=environment, check=False)


def twice(source, target):
    """A notebook whose cells, all but the last, are there a second time."""
    notebook = nbformat.read(source, 4)
    *cells, last = notebook.cells
    again = copy.deepcopy(cells)
    for cell in again:
        cell.id = f"again-{cell.id}"
        cell.metadata.pop("tags", None)  # what is compared is what the first run shows
    notebook.cells = [*cells, *again, last]
    nbformat.write(notebook, target)


def test_notebooks_and_a_lab_run_to_their_end_side_by_side_and_each_cell_may_be_run_again(
    course, embedded, tmp_path
):
    """As after a restart of the kernel, when all that was made is there still."""
    for path in NOTEBOOKS.glob("0*.ipynb"):
        twice(path, tmp_path / path.name)
    for path in NOTEBOOKS.glob("labs/01-*.ipynb"):
        shutil.copy(path, tmp_path)
    done = run(course, tmp_path, "-n", "2", "--dist", "loadscope")
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout
    left = [n.name for n in embedded.list("Namespace") if not n["metadata"].get("deletionTimestamp")]
    assert not [name for name in left if name.startswith("nb-")]


def test_a_deleted_namespace_is_named(course, tmp_path):
    from notebook_cells import cell, write

    delete = "from kitlib import connect\nc = connect()\nc.delete('Namespace', c.namespace, wait_seconds=30)"
    make = "c.apply({'apiVersion': 'v1', 'kind': 'ConfigMap', 'metadata': {'name': 'late'}})"
    write(tmp_path / "gone.ipynb", cell("d1", delete), cell("d2", make), cell("d3", "1"))
    done = run(course, tmp_path)
    assert "gone.ipynb, cell d2: NotFound: " in done.stdout, done.stdout
    assert "(its namespace nb-gone-" in done.stdout
    assert "1 failed, 1 passed, 1 skipped" in done.stdout
