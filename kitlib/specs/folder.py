"""Reads a folder of specifications, and an application's all together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kitlib.errors import UsageError
from kitlib.findings import Finding, Findings
from kitlib.specs import crosscheck
from kitlib.specs.application import Application
from kitlib.specs.kinds import KINDS
from kitlib.specs.models.base import SpecModel
from kitlib.specs.problems import Loc, problem
from kitlib.specs.reading import read
from kitlib.specs.result import Reading

SUFFIXES = (".md", ".markdown", ".yaml", ".yml")
_FIELDS = {kind.name: kind.name.replace("-", "_") for kind in KINDS}
_NEEDED = ("architecture", "communication", "build", "local-cluster", "container")


def files(folder: Path) -> list[Path]:
    """The files of a folder that are specifications by their names; a README is none.

    Raises:
        UsageError: there is no such folder.
    """
    if not folder.is_dir():
        raise UsageError(f"there is no folder {folder}")
    found = [path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file()]
    return sorted(path for path in found if path.stem.lower() != "readme")


def read_application(folder: Path | str) -> Reading[Application]:
    """Read all specifications of an application, and hold them against one another.

    Args:
        folder: where they are; read with all folders below it.

    Returns:
        A reading whose paths start with the specification: ("architecture", "services", 0, "port"),
        ("containers", "api", "resources", "cpu_limit"). Its model is None when there is an error in any of
        the documents or between them.

    Raises:
        UsageError: there is no such folder.
    """
    folder = Path(folder)
    readings = [read(path) for path in files(folder)]
    return combine(readings, folder)


def combine(readings: Sequence[Reading[SpecModel]], folder: Path) -> Reading[Application]:
    """Put the readings of an application's documents together."""
    findings = Findings(finding for reading in readings for finding in reading.findings)
    by_field, doubled = _arrange(readings)
    findings += doubled
    present = {reading.kind for reading in readings}
    if None not in present:  # a document that can't be read may be the one that seems to be missing
        findings += [_absent(folder, name) for name in _NEEDED if name not in present]
    data, lines, words = _joined(by_field)
    findings += crosscheck.check(by_field)
    spec = None
    if not any(finding.severity == "error" for finding in findings):
        spec = Application.model_validate(data)
    return Reading(str(folder), "application", spec, findings, data, lines, words)


def _arrange(readings: Sequence[Reading[SpecModel]]) -> tuple[dict[Loc, Reading[SpecModel]], list[Finding]]:
    """The readings by their path in an application, and those that are there twice."""
    found: dict[Loc, Reading[SpecModel]] = {}
    doubled = []
    for reading in readings:
        if reading.kind is None:
            continue
        loc: Loc = (_FIELDS[reading.kind],)
        if reading.kind == "container":
            loc = ("containers", str((reading.data or {}).get("name") or Path(reading.file).stem))
        if loc in found:
            doubled.append(
                problem(
                    "spec-duplicate",
                    f"{reading.file}:1",
                    (),
                    found=f"a second specification of {' '.join(map(str, loc))}",
                    expected=f"one; the other is {found[loc].file}",
                    fix="keep one of the two",
                )
            )
        found.setdefault(loc, reading)
    return found, doubled


def _joined(
    readings: dict[Loc, Reading[SpecModel]],
) -> tuple[dict[str, Any], dict[Loc, str], dict[Loc, tuple[str, ...]]]:
    data: dict[str, Any] = {"containers": {}}
    lines: dict[Loc, str] = {}
    words: dict[Loc, tuple[str, ...]] = {}
    for loc, reading in readings.items():
        value = reading.spec if reading.spec is not None else reading.data
        if len(loc) == 1:
            data[str(loc[0])] = value
        else:
            data["containers"][loc[1]] = value
        lines[loc] = f"{reading.file}:1"
        lines |= {loc + path: line for path, line in reading.lines.items()}
        words |= {loc + path: names for path, names in reading.words.items()}
    return data, lines, words


def _absent(folder: Path, name: str) -> Finding:
    kind = next(kind for kind in KINDS if kind.name == name)
    path = folder / kind.file
    return problem(
        "spec-missing",
        f"{path}:1",
        (),
        found=f"no {name} specification in {folder}",
        expected=f"one, such as {kind.file}",
        fix=f"kit spec init {name} {path}",
    )
