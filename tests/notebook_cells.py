"""Tiny notebooks, and pytest on them as somebody outside of the project would run it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nbformat

from kitlib import tools

CHECK = "nbval-check-output"


def cell(id, source, *, tags=(), shows=None, metadata=None):
    """A code cell; `shows` is the text that is saved as its output."""
    made = nbformat.v4.new_code_cell(source, metadata={"tags": list(tags), **(metadata or {})})
    made.id = id
    if shows is not None:
        made.outputs = [nbformat.v4.new_output("stream", name="stdout", text=shows)]
        made.execution_count = 1
    return made


def write(path: Path, *cells):
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = nbformat.v4.new_notebook(cells=list(cells), metadata=metadata)
    notebook.nbformat_minor = 5
    path.write_text(nbformat.writes(notebook) + "\n")
    return path


def run(*arguments, cwd, env=None):
    """pytest with the plugin that the installed package brings."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--kit-notebooks",
        "-p",
        "no:cacheprovider",
        "-q",
        "--color=no",
    ]
    environment = {**(env or {}), "PYTEST_ADDOPTS": "", "KIT_STATE_DIR": os.environ["KIT_STATE_DIR"]}
    return tools.run([*command, *map(str, arguments)], timeout=300, cwd=cwd, env=environment, check=False)
