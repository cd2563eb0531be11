"""What the tests in JupyterLab share."""

from __future__ import annotations


def run_all(page, address):
    """Open a notebook and run all its cells."""
    page.goto(address)
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=120_000)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
