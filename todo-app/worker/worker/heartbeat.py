"""The worker's sign of life: a file it touches; `python -m worker.heartbeat` asks how old it is.

Imports nothing heavy: a probe runs it every few seconds. See worker.pulse for who touches it, and when.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

MAX_AGE = 60.0  # seconds


def path() -> Path:
    """Where the file is: HEARTBEAT_FILE, else /tmp/heartbeat, which a read-only root file system allows."""
    return Path(os.environ.get("HEARTBEAT_FILE") or "/tmp/heartbeat")


def problem() -> str | None:
    """What is wrong with the heartbeat, or None."""
    file = path()
    try:
        age = time.time() - file.stat().st_mtime
    except OSError as error:
        return f"no heartbeat at {file}: {error.strerror}"
    return f"the heartbeat at {file} is {age:.0f} s old" if age > MAX_AGE else None


def main() -> int:
    """Return the probe's exit code."""
    if found := problem():
        print(found, file=sys.stderr)  # noqa: T201  # the kubelet puts it into the pod's events
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
