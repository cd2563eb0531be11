"""The program around a run whose records go to an S3-compatible store: it stores them while they are written.

    python -m kitlib.runbooks.remote.keeping kit runbook run …

Every few seconds what changed is stored, so that little is lost when the pod is killed. The exit code is the
run's; a signal is handed on to it, and what it then writes is stored as well.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from kitlib.errors import KitError
from kitlib.progress import say
from kitlib.runbooks.remote.bucket import Bucket, chosen
from kitlib.settings import get_settings

EVERY_SECONDS = 5.0
POLL_SECONDS = 0.1
TRIES = 3
_LEFT_OUT = ("digest.key", ".tmp", ".lock", "reserve")  # the key by which plans are named stays here


class Keeper:
    """Stores the files of a run that changed since it looked last.

    Args:
        bucket: where to.
        pod: under which name.
        parts: the folders, by the name that they get there.
    """

    def __init__(self, bucket: Bucket, pod: str, parts: dict[str, Path]) -> None:
        self._bucket = bucket
        self._pod = pod
        self._parts = parts
        self._seen: dict[Path, tuple[int, int]] = {}

    def store(self) -> None:
        """Store what changed.

        Raises:
            KitError: the store does not take it; the rest is tried again the next time.
        """
        for part, folder in self._parts.items():
            for path in sorted(folder.rglob("*")):
                stamp = _stamp(path)
                if stamp and self._seen.get(path) != stamp and not path.name.endswith(_LEFT_OUT):
                    self._bucket.put(f"{self._pod}/{part}/{path.relative_to(folder)}", path)
                    self._seen[path] = stamp


def main() -> int:
    """Run the command of the arguments, and store what it writes."""
    settings = get_settings()
    bucket = chosen()
    if bucket is None:
        say("error: KIT_RUNNER_RECORDS names no store")
        return 2
    parts = {"runs": settings.runs_dir, "state": settings.state_dir}
    return keep(sys.argv[1:], Keeper(bucket, os.environ["POD_NAME"], parts))


def keep(command: list[str], keeper: Keeper) -> int:
    """Run a command to its end, storing what it writes; returns its exit code."""
    process = subprocess.Popen(command)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _frame: process.send_signal(received))
    last = time.monotonic()
    while process.poll() is None:
        time.sleep(POLL_SECONDS)
        if time.monotonic() - last > EVERY_SECONDS:
            _tried(keeper)
            last = time.monotonic()
    if not any(_tried(keeper) for _ in range(TRIES)):
        say("error: the record of this run could not be stored")
    return process.returncode if process.returncode >= 0 else 128 - process.returncode


def _tried(keeper: Keeper) -> bool:
    try:
        keeper.store()
    except KitError as error:
        say(f"the store: {error.message}")
        return False
    return True


def _stamp(path: Path) -> tuple[int, int] | None:
    """What tells that a file changed; None when it is no file, or gone meanwhile."""
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_size) if path.is_file() else None


if __name__ == "__main__":
    sys.exit(main())
