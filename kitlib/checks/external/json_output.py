"""What linters print as JSON, read with care: another version may print something else."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from kitlib import tools
from kitlib.checks.targets import File
from kitlib.errors import ToolError
from kitlib.findings import Severity

BATCH = 200  # files for one process; the system limits the length of a command
SECONDS = 120.0
SEVERITIES: dict[str, Severity] = {"error": "error", "warning": "warning", "info": "info", "style": "info"}


def entries(
    command: Sequence[str | Path], files: Sequence[File], root: Path, *, key: str = ""
) -> Iterator[dict[str, Any]]:
    """The entries that a linter prints for some files.

    Args:
        command: the linter and its options; the files' paths are put behind.
        files: what it looks at.
        root: the folder that the paths are relative to.
        key: where in the printed object the list of entries is; empty: the list is all that is printed.

    Raises:
        ToolError: what it printed is not that JSON; the message has its last words.
    """
    for start in range(0, len(files), BATCH):
        paths = [str(root / file.path) for file in files[start : start + BATCH]]
        done = tools.run([*command, *paths], cwd=root, timeout=SECONDS, check=False)
        try:
            printed = json.loads(done.stdout or "null")
            found = printed[key] if key else printed or []
            yield from (entry for entry in found if isinstance(entry, dict))
        except (ValueError, KeyError, TypeError):
            last = " ".join((done.stderr or done.stdout).split())[-300:]
            raise ToolError(f"{Path(command[0]).name} ended with code {done.returncode}: {last}") from None


def shown(path: Any, root: Path) -> str:
    """A path that a linter prints, as findings show it."""
    full = Path(str(path))
    return (full.relative_to(root) if full.is_relative_to(root) else full).as_posix()
