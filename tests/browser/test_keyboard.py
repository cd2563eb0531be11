"""Every control of every widget has a name, and is reached with the Tab key, in the order it is seen in."""

from __future__ import annotations

import re

import nbformat
from lab_help import OpenNotebook

VIEWS = """
from IPython.display import display
from kitlib import connect
from kitlib.widgets import AgentInbox, AskBox, Dashboard, OwnerTree, PodView, RolloutView, RunbookForm
cluster = connect(namespace=NAMESPACE)
display(Dashboard(cluster), PodView(cluster), OwnerTree(cluster), RolloutView("web", cluster),
        RunbookForm("scale-workload"), AskBox(cluster, model=False), AgentInbox())
"""
CONTROLS = "button:enabled, input:enabled, select:enabled, textarea:enabled, [tabindex='0']"
NAME = "e => e.getAttribute('aria-label') || e.labels?.[0]?.innerText || e.innerText || e.title"
FOCUSED = (
    "controls => { const at = controls.indexOf(document.activeElement); "
    "return at >= 0 ? at : document.activeElement === document.body ? -2 : -1 }"
)
MOST = 100


FILE = """
from kitlib.lessons.listing import Listing
Listing("long.yaml", "a: 1\\n" * 99)
"""


def opened(page, lab, source, path):
    """A notebook of one cell, run."""
    cell = nbformat.v4.new_code_cell(source.strip(), id="views")
    spec = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    nbformat.write(nbformat.v4.new_notebook(cells=[cell], metadata={"kernelspec": spec}), path)
    return OpenNotebook(page, lab(path.name), path).run("views")


def test_a_folded_file_is_opened_with_space(lab, page, tmp_path):
    shown = opened(page, lab, FILE, tmp_path / "file.ipynb")
    text = shown.locator("pre", has_text="a: 1")
    assert not text.is_visible()
    shown.locator("summary").focus()
    page.keyboard.press("Space")
    text.wait_for()


def test_each_control_has_a_name_and_is_reached_by_tab(lab, page, workload, tmp_path):
    source = VIEWS.replace("NAMESPACE", repr(workload.namespace))
    shown = opened(page, lab, source, tmp_path / "views.ipynb")
    shown.get_by_role("button", name="Look again").wait_for()
    page.screenshot(path=tmp_path / "views.png")
    controls = shown.locator(CONTROLS).locator("visible=true")
    names = [name.strip() for name in controls.evaluate_all(f"all => all.map({NAME})")]
    assert all(names), names
    page.keyboard.press("Escape")  # from the cell's text to the cell
    reached = []
    for _ in range(MOST):
        page.keyboard.press("Tab")
        at = controls.evaluate_all(FOCUSED)
        reached += [at] if at >= 0 else []
        if reached and at < 0:
            break
    assert [names[at] for at in reached] == names
    second = shown.get_by_role("button", name=re.compile("^web-.*Running")).nth(1)
    second.focus()
    page.keyboard.press("Space")
    shown.get_by_text(f"Log of {second.inner_text().split()[0]}").wait_for()
