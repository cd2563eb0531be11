"""The process that executes a runbook: papermill, its kernel, and nothing else.

kit starts it and holds its standard input. When that closes, kit is gone: the kernel is ended and the record
finished here. The exit code is 0 when every cell ran, 1 when one failed, 6 when the kernel died.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from kitlib.imports import without
from kitlib.runbooks import record

START_SECONDS = 600  # for a kernel on a busy machine; the run's own limit ends it earlier


def main() -> int:
    """Execute what the first line of standard input names."""
    order = json.loads(sys.stdin.readline())
    folder = Path(order["folder"])
    threading.Thread(target=_watch_parent, args=(folder,), daemon=True).start()
    return execute(folder, order["notebook"], order["output"], order["parameters"])


def execute(folder: Path, notebook: str, output: str, parameters: dict[str, Any]) -> int:
    """Run the notebook through papermill; what went wrong outside of a step is written to the journal."""
    with without("rfc3987_syntax"):
        import papermill
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillException, PapermillExecutionError

    from kitlib.runbooks import client

    journal = record.Journal(folder)
    try:
        with tempfile.TemporaryDirectory(prefix="kit-") as sockets:
            papermill.execute_notebook(
                notebook,
                str(folder / output),
                parameters=parameters,
                progress_bar=False,
                engine_name=client.ENGINE,
                start_timeout=START_SECONDS,
                config=_sockets_in(sockets),
            )
    except DeadKernelError:
        journal.write("error", message="the kernel died")
        return record.EXIT_CODES["kernel died"]
    except PapermillExecutionError as error:
        journal.write("error", message=f"{error.ename}: {error.evalue}")
        return 1
    except (PapermillException, RuntimeError, OSError, ValueError) as error:
        journal.write("error", message=f"papermill could not run the notebook: {error}")
        return 1
    finally:
        with suppress(OSError, ValueError):  # on a full disk the notebook stays as it is; the journal tells
            client.mark_unrun(folder / output)
    if client.Engine.last is not None and client.Engine.last.failure:  # which papermill took for success
        journal.write("error", message=client.Engine.last.failure)
        return 1
    return 0


def _sockets_in(folder: str) -> Any:
    """The kernel's sockets as files of its own: there are no ports that parallel runs could fight for.

    Without a place of their own they would lie in the working directory, under the same names for all.
    """
    from traitlets.config import Config

    return Config({"KernelManager": {"transport": "ipc", "ip": f"{folder}/kernel"}})


def end_children() -> None:
    """Kill the kernel and all it started."""
    for process in psutil.Process().children(recursive=True):
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue


def _watch_parent(folder: Path) -> None:
    sys.stdin.read()  # returns when the other end is closed
    end_children()
    record.finish(folder, "aborted", "kit was killed; what the last step had begun may be done in part")
    os._exit(record.EXIT_CODES["aborted"])


if __name__ == "__main__":
    sys.exit(main())
