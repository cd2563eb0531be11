"""Run notebooks and save what is worth saving: the outputs of the cells that are compared."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from kitlib.errors import KitError, UsageError
from kitlib.notebooks import stable
from kitlib.notebooks.namespaces import Namespace
from kitlib.notebooks.session import Session


class NotebookFailed(KitError):
    """A notebook did not run to its end; says which cell, and why."""


@dataclass(frozen=True)
class Refreshed:
    """What a refresh did.

    Args:
        path: the notebook.
        changed: whether the file is another one now.
        compared: how many cells have saved outputs.
    """

    path: Path
    changed: bool
    compared: int


def runnable(path: Path) -> bool:
    """Whether a notebook is one to run: no editor's copy, and no record of a runbook that was run."""
    return ".ipynb_checkpoints" not in path.parts and not (path.parent / "record.json").is_file()


def find(paths: list[Path]) -> list[Path]:
    """The notebooks that paths stand for, folders with all in them.

    Raises:
        UsageError: there is no such file or folder, or no notebook in it.
    """
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise UsageError(f"there is no {path}")
        inside = sorted(path.rglob("*.ipynb")) if path.is_dir() else [path]
        found += filter(runnable, inside)
    if not found:
        raise UsageError(f"there is no notebook in {', '.join(map(str, paths))}")
    return found


def read(path: Path) -> NotebookNode:
    """A notebook.

    Raises:
        UsageError: the file is none.
    """
    try:
        notebook: NotebookNode = nbformat.read(path, as_version=4)
        return notebook
    except (nbformat.reader.NotJSONError, nbformat.ValidationError, OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not a notebook: {' '.join(str(error).split())[:200]}") from None


def refresh(path: Path, *, timeout: float = 120.0, own_namespace: bool = False) -> Refreshed:
    """Run a notebook from the top; save the outputs of its compared cells, and strip all others.

    Args:
        path: the notebook; written, whole or not at all, only when something in it changes.
        timeout: seconds that a cell may take.
        own_namespace: as the plugin's `--kit-namespaces`.

    Raises:
        NotebookFailed: a cell failed, hung, or lost its kernel; the file is as it was.
        UsageError: it is no notebook.
    """
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    saved, ran = read(path), read(path)
    namespace = Namespace.make(path.stem) if own_namespace else None
    try:
        _run(path, ran, timeout, namespace.environment if namespace else {})
    finally:
        if namespace:
            namespace.remove()
    count = _keep(saved, ran)
    after = nbformat.writes(saved) + "\n"
    if after != before:
        whole = path.with_suffix(".tmp")
        whole.write_text(after, encoding="utf-8")
        os.replace(whole, path)
    return Refreshed(path, after != before, count)


def _run(path: Path, notebook: NotebookNode, timeout: float, environment: dict[str, str]) -> None:
    session = Session(notebook, path.parent, timeout, environment)
    try:
        failure = session.start()
        if failure:
            raise NotebookFailed(f"{path}: {failure.reason}")
        for index, cell in enumerate(notebook.cells):
            if cell.cell_type == "code" and (failure := session.run(cell, index)):
                raise NotebookFailed(f"{path}, cell {cell.get('id', index)}: {failure.reason}")
    finally:
        session.stop()


def _keep(saved: NotebookNode, ran: NotebookNode) -> int:
    """Put into the saved notebook what its compared cells show now; the number of those cells."""
    order = 0
    compared = 0
    for old, new in zip(saved.cells, ran.cells, strict=True):
        if old.cell_type != "code":
            continue
        order += 1
        old.metadata.pop("execution", None)
        wanted = stable.compared(old.metadata.get("tags", []))
        compared += wanted
        if not wanted:
            old.outputs, old.execution_count = [], None
            continue
        shown = stable.shown(new.outputs)
        if stable.outputs(old.outputs) != stable.outputs(shown):
            old.outputs = shown
        old.execution_count = order
        for output in old.outputs:
            if "execution_count" in output:
                output.execution_count = order
    saved.metadata = {"kernelspec": _kernel(saved), "language_info": {"name": "python"}} | {
        key: value
        for key, value in saved.metadata.items()
        if key not in ("kernelspec", "language_info", "widgets")
    }
    return compared


def _kernel(notebook: NotebookNode) -> dict[str, str]:
    default = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return dict(notebook.metadata.get("kernelspec") or default)
