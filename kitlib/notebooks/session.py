"""A kernel for one notebook; how a cell ended is a value."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from nbformat import NotebookNode

START_SECONDS = 60


@dataclass(frozen=True)
class Failure:
    """Why a cell did not end well.

    Args:
        kind: `failed`, `timeout` or `kernel died`.
        reason: one sentence, or the exception's own words.
        detail: its traceback, if it has one.
    """

    kind: Literal["failed", "timeout", "kernel died"]
    reason: str
    detail: str = ""


class Session:
    """A kernel that runs a notebook's cells one by one.

    Args:
        notebook: whose cells are run; their outputs are replaced.
        folder: where the kernel runs.
        timeout: seconds that a cell may take, unless its metadata `kit.timeout` says otherwise.
        environment: variables of the kernel on top of this process's.

    The kernel talks over sockets in a folder of its own: ports that are chosen first and opened later are
    taken twice when several kernels start at once.
    """

    def __init__(
        self,
        notebook: NotebookNode,
        folder: Path,
        timeout: float,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._notebook = notebook
        self._folder = folder
        self._timeout = timeout
        self._environment = {**os.environ, **(environment or {})}
        self._sockets = tempfile.TemporaryDirectory(prefix="kit-nb-")
        self._client: Any = None

    def start(self) -> Failure | None:
        """Start the kernel; None when it answers."""
        from jupyter_client.kernelspec import NoSuchKernel
        from jupyter_client.manager import AsyncKernelManager
        from nbclient import NotebookClient

        name = self._notebook.metadata.get("kernelspec", {}).get("name", "python3")
        manager = AsyncKernelManager(
            kernel_name=name, transport="ipc", connection_file=str(Path(self._sockets.name) / "k.json")
        )
        self._client = NotebookClient(
            self._notebook,
            km=manager,
            timeout_func=self._limit,
            startup_timeout=START_SECONDS,
            shutdown_kernel="immediate",
            record_timing=False,
            coalesce_streams=True,
        )
        try:
            self._client.start_new_kernel(cwd=str(self._folder), env=self._environment)
            self._client.start_new_kernel_client()
        except NoSuchKernel:
            return Failure("failed", f"there is no kernel {name!r} on this machine")
        except RuntimeError as error:
            return Failure("kernel died", f"the kernel does not start: {error}")
        return None

    def run(self, cell: NotebookNode, index: int) -> Failure | None:
        """Run a cell; None when it ended well, and then its outputs are in it.

        Args:
            cell: of the notebook.
            index: its place among all cells, from 0.
        """
        from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

        try:
            self._client.execute_cell(cell, index)
        except CellExecutionError as error:
            return Failure("failed", f"{error.ename}: {error.evalue}", error.traceback)
        except CellTimeoutError:
            return Failure("timeout", f"it did not end within {self._limit(cell):g} s")
        except DeadKernelError:
            return Failure("kernel died", "the kernel died while it ran")
        return None

    def stop(self) -> None:
        """End the kernel, whatever it does."""
        if self._client is not None and self._client.km is not None:
            self._client._cleanup_kernel()
        self._sockets.cleanup()

    def _limit(self, cell: NotebookNode) -> float:
        return float(cell.metadata.get("kit", {}).get("timeout", self._timeout))
