"""The labs' notebooks, made from the catalogue: short, and all of one shape."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from kitlib.lessons.labs.catalogue import Plan, plans

_TOOLS = """\
## Look around

`%kubectl` works in the lab's namespace: `%kubectl describe pod -l app=web`, `%kubectl logs deploy/web`. \
`%kit diagnose` knows the answer; try without it first."""
_CAUSE = """\
## Name the cause

Which object is wrong, and which field of it? Replace each `____` with a text, such as `"Deployment"`, \
`"web"` and `"spec.replicas"`; where the object itself is missing, leave the field out."""
_REPAIR = """\
## Mend it

Change what is wrong, with `%kubectl` or with `lab.cluster`, and check. `lab.hint()` helps, three times; \
`lab.solution()` mends it for you; `lab.reset()` breaks it anew."""


def render(lab: Plan) -> str:
    """The text of a lab's notebook; always the same for the same lab."""
    parts = (
        ("story", "markdown", f"# Lab {lab.number}: {lab.title}\n\n{lab.story}"),
        ("start", "code", _start(lab)),
        ("tools", "markdown", _TOOLS),
        ("pods", "code", 'lab.cluster.list("Pod")'),
        ("events", "code", "%kubectl get events --sort-by=.lastTimestamp"),
        ("ask-cause", "markdown", _CAUSE),
        ("cause", "code", "lab.cause(____, ____, ____)"),
        ("ask-repair", "markdown", _REPAIR),
        ("check", "code", "lab.check()"),
        (
            "ask-end",
            "markdown",
            "## Clean up\n\nThe namespace goes, and all that is in it. Your progress stays.",
        ),
        ("end", "code", f'lab.clean_up()\nprint("end of lab {lab.number}")'),
    )
    cells = [_cell(*part) for part in parts]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=metadata)
    notebook.nbformat_minor = 5
    return str(nbformat.writes(notebook)) + "\n"


def differing(folder: Path) -> list[str]:
    """What is wrong with a folder of labs: names of notebooks that are missing, other, or too many."""
    wanted = {f"{lab.slug}.ipynb": render(lab) for lab in plans()}
    there = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.ipynb")}
    return sorted(name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name))


def write(folder: Path) -> list[str]:
    """Make the folder hold exactly the labs' notebooks; returns the names of those that changed."""
    changed = differing(folder)
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {f"{lab.slug}.ipynb": lab for lab in plans()}
    for name in changed:
        path = folder / name
        if name not in wanted:
            path.unlink()
            continue
        whole = path.with_suffix(".tmp")
        whole.write_text(render(wanted[name]), encoding="utf-8")
        os.replace(whole, path)
    return changed


def _start(lab: Plan) -> str:
    return (
        "%load_ext kitlib\nfrom kitlib import lessons\nfrom kitlib.lessons import ____\n\n"
        f'lab = lessons.start_lab("{lab.number}")\nlab'
    )


def _cell(id: str, kind: str, source: str) -> NotebookNode:
    made: NotebookNode = getattr(nbformat.v4, f"new_{kind}_cell")(source)
    made.id = id
    return made
