"""An engineer fills in a runbook's form in JupyterLab, looks at the plan, and approves exactly that."""

from __future__ import annotations

import nbformat
from lab_help import OpenNotebook

FORM = """
import os
os.environ["KIT_RUNS_DIR"] = FOLDER
from kitlib.widgets import RunbookForm
RunbookForm("scale-workload")
"""
WORK_MS = 180_000


def test_a_form_shows_the_plan_and_carries_out_what_is_approved(lab, page, workload, tmp_path):
    cell = nbformat.v4.new_code_cell(FORM.strip().replace("FOLDER", repr(str(tmp_path / "runs"))))
    spec = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    path = tmp_path / "form.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[cell], metadata={"kernelspec": spec}), path)
    OpenNotebook(page, lab(path.name), path).run_all()
    page.get_by_label("namespace").fill(workload.namespace)
    page.get_by_label("workload").fill("web")
    page.get_by_label("replicas").fill("3")
    page.get_by_label("replicas").press("Tab")
    approve = page.get_by_role("button", name="Carry it out")
    assert approve.is_disabled()
    page.get_by_role("button", name="Show the plan").click()
    shown = page.locator(".jp-OutputArea-output", has_text="plan ").locator("code").last
    shown.wait_for(timeout=WORK_MS)
    page.screenshot(path=tmp_path / "plan.png")
    assert workload.get("Deployment", "web").at("spec.replicas") == 2
    assert page.get_by_text("+ spec.replicas: 3").is_visible()
    approve.click()
    page.get_by_text("✓ done").wait_for(timeout=WORK_MS)
    page.screenshot(path=tmp_path / "done.png")
    assert workload.get("Deployment", "web").at("spec.replicas") == 3
