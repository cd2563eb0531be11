"""How the cells of a runbook are executed: until the first failure, and then those that clean up.

papermill does the rest: parameters, saving after each cell, the kernel. Two things it gets wrong are mended
here: it takes `sys.exit(0)` for success, and marks cells that never ran as completed.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, ClassVar

import nbformat
from nbclient.exceptions import CellExecutionError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines

CLEANUP = "cleanup"
UNRUN = "kit_unrun"  # marks a cell until it is begun; papermill's own cells are inserted between them
ENGINE = "kit"


class Client(PapermillNotebookClient):  # type: ignore[misc]
    """Executes cells, and remembers what failed first.

    Args:
        failure: why the first one failed; empty when none did.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.failure = ""

    def papermill_execute_cells(self) -> None:
        """Execute the cells in order; after a failure only those tagged `cleanup`."""
        for cell in self.nb.cells:
            cell.metadata[UNRUN] = True
        for index, cell in enumerate(self.nb.cells):
            if self.failure and CLEANUP not in cell.metadata.get("tags", []):
                continue
            del cell.metadata[UNRUN]
            try:
                self.nb_man.cell_start(cell, index)
                self.execute_cell(cell, index)
            except CellExecutionError as error:
                self.failure = self.failure or f"{error.ename}: {error.evalue}"
                self.nb_man.cell_exception(self.nb.cells[index], cell_index=index, exception=error)
            finally:
                self.nb_man.cell_complete(self.nb.cells[index], cell_index=index)


class Engine(NBClientEngine):  # type: ignore[misc]
    """papermill's usual engine, with our client; `last` is the client of this process's only execution."""

    last: ClassVar[Client | None] = None

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: Any, kernel_name: str, start_timeout: int = 60, **options: Any
    ) -> Any:
        """Execute a notebook; see papermill."""
        known = {key: value for key, value in options.items() if key in ("config", "log")}
        cls.last = Client(
            nb_man, kernel_name=kernel_name, startup_timeout=start_timeout, timeout=None, **known
        )
        return cls.last.execute()


papermill_engines.register(ENGINE, Engine)


def mark_unrun(output: Path) -> None:
    """In the saved notebook, let no cell be called completed that never ran."""
    if not output.exists():
        return
    notebook = nbformat.read(output, as_version=4)
    for cell in notebook.cells:
        if cell.metadata.pop(UNRUN, False) and "papermill" in cell.metadata:
            cell.metadata["papermill"]["status"] = "pending"
    whole = output.with_suffix(".tmp")
    nbformat.write(notebook, whole)
    os.replace(whole, output)
