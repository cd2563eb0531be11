"""A learner opens a notebook in JupyterLab, runs all cells, and sees every one succeed."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
from lab_help import OpenNotebook

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "03-kubernetes-basics.ipynb"


def test_the_basics_run_in_jupyterlab(lab, page, tmp_path):
    copy = Path(shutil.copy(NOTEBOOK, tmp_path))
    notebook = OpenNotebook(page, lab(copy.name), copy)
    notebook.run_all()
    notebook.await_end("end of lesson 03")
    page.screenshot(path=tmp_path / "lab.png")
    for id in ("owners", "pods", "rollout", "picture"):
        notebook.cell(id).scroll_into_view_if_needed()
        page.screenshot(path=tmp_path / f"{id}.png")
    assert notebook.cell("picture").get_by_text("replicas available").is_visible()
    revisions = notebook.cell("picture").locator("figure tspan")
    assert revisions.count() == 3  # the first, the restarted, the broken
    page.keyboard.press("Control+s")
    page.locator(".jp-mod-dirty").wait_for(state="detached", timeout=30_000)
    cells = [cell for cell in nbformat.read(copy, 4).cells if cell.cell_type == "code"]
    assert [n for n, cell in enumerate(cells, 1) if cell.execution_count != n] == []
    assert not [out for cell in cells for out in cell.outputs if out.output_type == "error"]
