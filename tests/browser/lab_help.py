"""A notebook in JupyterLab, used as a person uses it: what the tests in JupyterLab share."""

from __future__ import annotations

import re

import nbformat

OPEN_MS = CELL_MS = 600_000  # on a machine that does other things besides
ERROR = ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error']"


class OpenNotebook:
    """A notebook that is open in JupyterLab, its kernel idle.

    Args:
        page: of the browser.
        address: of the notebook.
        path: its file, to find cells by their id.
    """

    def __init__(self, page, address, path):
        self.page = page
        self.ids = [cell.id for cell in nbformat.read(path, 4).cells]
        page.goto(address, timeout=OPEN_MS)
        page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=OPEN_MS)

    def cell(self, id):
        """The cell of that id, as it stands in the file."""
        return self.page.locator(f".jp-Notebook .jp-Cell[data-windowed-list-index='{self.ids.index(id)}']")

    def run_all(self):
        """Run all cells, by the menu; returns at once."""
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()

    def await_end(self, said):
        """Wait until the last cell said so; a cell that failed meanwhile is a failure at once."""
        last = self.page.locator(".jp-OutputArea-output", has_text=said)
        failure = self.page.locator(ERROR)
        last.or_(failure).first.wait_for(timeout=CELL_MS, state="attached")
        assert failure.count() == 0, failure.first.inner_text()

    def run(self, id, source=None):
        """Run one cell, with another text in it if one is given, by the keyboard; returns what it shows."""
        cell = self.cell(id)
        cell.locator(".cm-content").click()
        if source is not None:
            self.page.keyboard.press("ControlOrMeta+a")
            self.page.keyboard.insert_text(source)
        prompt = cell.locator(".jp-InputArea-prompt")
        before = prompt.inner_text()
        self.page.keyboard.press("Control+Enter")
        self.page.wait_for_function(
            "([cell, before]) => { const now = cell.querySelector('.jp-InputArea-prompt').innerText;"
            " return now !== before && /\\[\\d+\\]:/.test(now) }",
            arg=[cell.element_handle(), before],
            timeout=CELL_MS,
        )
        assert cell.locator(ERROR).count() == 0, cell.locator(ERROR).inner_text()
        return cell.locator(".jp-Cell-outputArea")


def colour(locator):
    """Red, green and blue of a text."""
    return [int(part) for part in re.findall(r"\d+", locator.evaluate("e => getComputedStyle(e).color"))][:3]
