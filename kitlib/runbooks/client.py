"""How the cells of a runbook are executed: until the first failure, and then those that clean up.

papermill does the rest: parameters, saving after each cell, the kernel. Two things it gets wrong are mended
here: it takes `sys.exit(0)` for success, and marks cells that never ran as completed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import nbformat
from nbclient.exceptions import CellExecutionError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines

CLEANUP = "cleanup"
ENGINE = "kit"


class Client(PapermillNotebookClient):  # type: ignore[misc]
    """Executes cells; remembers which ran, and what failed first.

    Args:
        ran: indices of the cells that were begun.
        failure: why the first one failed; empty when none did.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ran: list[int] = []
        self.failure = ""

    def papermill_execute_cells(self) -> None:
        """Execute the cells in order; after a failure only those tagged `cleanup`."""
        for index, cell in enumerate(self.nb.cells):
            if self.failure and CLEANUP not in cell.metadata.get("tags", []):
                continue
            self.ran.append(index)
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
    if Engine.last is None or not output.exists():
        return
    notebook = nbformat.read(output, as_version=4)
    for index, cell in enumerate(notebook.cells):
        if index not in Engine.last.ran and "papermill" in cell.metadata:
            cell.metadata["papermill"]["status"] = "pending"
    nbformat.write(notebook, output)
