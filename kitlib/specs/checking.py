"""Checks files and folders of specifications."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kitlib.errors import UsageError
from kitlib.findings import Findings
from kitlib.specs.folder import combine, files
from kitlib.specs.reading import read
from kitlib.specs.result import Reading
from kitlib.wording import counted


@dataclass(frozen=True)
class Checked:
    """What was found, and in how many documents."""

    findings: Findings
    documents: int

    @property
    def passed(self) -> bool:
        """Whether there is no error; warnings are allowed."""
        return not any(finding.severity == "error" for finding in self.findings)

    @property
    def summary(self) -> str:
        """One line."""
        counts = {
            name: sum(f.severity == name for f in self.findings) for name in ("error", "warning", "info")
        }
        told = [f"{n} info" if name == "info" else counted(n, name) for name, n in counts.items() if n]
        return f"{counted(self.documents, 'specification')}: {', '.join(told) or 'nothing to say'}"


def check_paths(paths: Sequence[Path]) -> Checked:
    """Check specifications; those of a folder that has an architecture are held against one another, too.

    Args:
        paths: files and folders; what lies in two of them is read once.

    Raises:
        UsageError: one of them isn't there, or a folder holds no specification.
    """
    found = Findings()
    seen: set[Path] = set()
    for path in paths:
        inner = files(path) if path.is_dir() else [path]
        if not inner:
            raise UsageError(f"there is no specification in {path}", fix=f"kit spec init architecture {path}")
        readings: list[Reading[Any]] = [read(file) for file in inner if file.resolve() not in seen]
        seen |= {file.resolve() for file in inner}
        if path.is_dir() and any(reading.kind == "architecture" for reading in readings):
            found += combine(readings, path).findings
        else:
            found += [finding for reading in readings for finding in reading.findings]
    return Checked(found, len(seen))
