"""A learner opens a notebook in JupyterLab, runs all cells, and sees every one succeed."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
from lab_help import run_all

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "03-kubernetes-basics.ipynb"
CELL_MS = 300_000


def test_the_basics_run_in_jupyterlab(lab, page, tmp_path):
    copy = Path(shutil.copy(NOTEBOOK, tmp_path))
    run_all(page, lab(copy.name))
    last = page.locator(".jp-OutputArea-output", has_text="end of lesson 03")
    failure = page.locator(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error']")
    last.or_(failure).first.wait_for(timeout=CELL_MS, state="attached")
    page.screenshot(path=tmp_path / "lab.png")
    assert failure.count() == 0, failure.first.inner_text()
    page.keyboard.press("Control+s")
    page.locator(".jp-mod-dirty").wait_for(state="detached", timeout=30_000)
    cells = [cell for cell in nbformat.read(copy, 4).cells if cell.cell_type == "code"]
    assert [n for n, cell in enumerate(cells, 1) if cell.execution_count != n] == []
    assert not [out for cell in cells for out in cell.outputs if out.output_type == "error"]
