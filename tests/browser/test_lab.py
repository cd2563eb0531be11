"""A learner opens a notebook in JupyterLab, runs all cells, and sees every one succeed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import nbformat
import psutil
import pytest

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "03-kubernetes-basics.ipynb"
CELL_MS = 300_000


@pytest.fixture
def lab(tmp_path, kind_cluster):
    """JupyterLab as `make lab` starts it, on a copy of the notebook: (its address, the copy)."""
    shutil.copy(NOTEBOOK, tmp_path)
    assert os.environ["KIT_CLUSTER"] == kind_cluster.name  # the kernel finds the cluster by it
    command = [sys.executable, "-m", "jupyter", "lab", f"--notebook-dir={tmp_path}", "--allow-root"]
    options = ["--no-browser", "--ServerApp.port=0", "--IdentityProvider.token=for-this-test"]
    server = subprocess.Popen([*command, *options], stderr=subprocess.PIPE, text=True)
    lines = iter(server.stderr.readline, "")
    address = next(m.group() for line in lines if (m := re.search(r"http://127\.0\.0\.1:\d+", line)))
    threading.Thread(target=lambda: [None for _ in lines], daemon=True).start()  # its pipe must not fill up
    yield address, tmp_path / NOTEBOOK.name
    family = [*psutil.Process(server.pid).children(recursive=True), psutil.Process(server.pid)]
    server.terminate()
    psutil.wait_procs(family, timeout=30)


def test_the_basics_run_in_jupyterlab(lab, browser, tmp_path):
    address, copy = lab
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    page.goto(f"{address}/lab/tree/{copy.name}?token=for-this-test")
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=120_000)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
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
