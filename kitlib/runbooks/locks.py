"""One run at a time for each runbook and target; a lock ends with the process that holds it."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kitlib.errors import AlreadyRunning
from kitlib.policy.action import digest
from kitlib.runbooks.preflight import Prepared
from kitlib.settings import get_settings


@contextmanager
def held(prepared: Prepared, folder: Path | None = None) -> Iterator[None]:
    """Hold the lock of a runbook on its target for as long as the body runs.

    Args:
        prepared: the runbook, and the objects that its parameters name.
        folder: the run's record, which whoever comes second is told; none: not known yet.

    Raises:
        AlreadyRunning: another process holds it; names its id and record.
    """
    path = get_settings().state_dir / "locks" / f"{prepared.runbook.name}-{digest(*_target(prepared))}.lock"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(
                f"{prepared.runbook.name} is running on this target already{_holder(path)}",
                fix="wait until it has ended, or stop that process",
            ) from None
        file.truncate(0)
        file.write(json.dumps({"pid": os.getpid(), "folder": str(folder or "")}))
        file.flush()
        yield


def _target(prepared: Prepared) -> list[object]:
    return [prepared.cluster.server, prepared.cluster.namespace, *prepared.objects.items()]


def _holder(path: Path) -> str:
    try:
        found = json.loads(path.read_text())
    except ValueError:
        return ""  # it was taken a moment ago, and its holder is not written yet
    return f", by process {found['pid']}" + (f", record {found['folder']}" if found["folder"] else "")
