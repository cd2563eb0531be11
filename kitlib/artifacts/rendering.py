"""`kit spec render`: what the specifications render, compared with the disk, and written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

from kitlib.artifacts.artifact import Artifact
from kitlib.artifacts.files import Status, orphans, status, write
from kitlib.errors import UsageError
from kitlib.findings import Finding, Findings, Fix, Quote
from kitlib.wording import counted

if TYPE_CHECKING:
    from kitlib.specs.application import Application
    from kitlib.specs.result import Reading

WHY = {
    "missing": "what is committed has to be what the specifications say; nothing has rendered this file yet",
    "stale": "the specifications changed, and this file still says what they said before",
    "edited": "the next rendering would undo a change made by hand, so the specifications must hold it",
    "orphan": "nothing in the specifications stands behind this file any more",
}
FIX = {
    "missing": "kit spec render",
    "stale": "kit spec render",
    "edited": "put the change into the specs or between `kit:keep NAME` and `kit:keep end`; "
    "kit spec render --diff shows it, and --overwrite discards it",
    "orphan": "remove it",
}
_SHOWN = 8


@dataclass(frozen=True)
class Rendering:
    """What is to be written where.

    Args:
        root: the project's root.
        specs: the specs' folder as the headers name it.
        statuses: each rendered file, compared with the disk.
        leftovers: files rendered once, and no longer.
    """

    root: Path
    specs: str
    statuses: tuple[Status, ...]
    leftovers: tuple[str, ...] = ()

    @property
    def differing(self) -> list[Status]:
        """The files that are not as they should be."""
        return [item for item in self.statuses if item.state != "current"]

    def findings(self) -> Findings:
        """What differs; empty when the disk holds exactly what the specifications render."""
        found = [_finding(item) for item in self.differing]
        return Findings(found + [_leftover(path) for path in self.leftovers])

    def write(self, *, overwrite: bool = False) -> list[str]:
        """Write what is missing or stale, and return the paths written.

        Args:
            overwrite: also write over what was edited by hand.
        """
        todo = [item for item in self.differing if overwrite or item.state != "edited"]
        for item in todo:
            write(item, self.root)
        return [item.artifact.path for item in todo]


def compare_folder(specs: Path, only: str = "") -> Rendering:
    """Read a folder of specifications, and compare what they render with the disk.

    Args:
        specs: the folder; the files it stands for are below the folder that is two above: of
            todo-app/specs, the one that holds todo-app.
        only: as for `compare`.

    Raises:
        UsageError: there is no such folder, a specification in it is wrong, or nothing matches the pattern.
    """
    from kitlib.artifacts import render

    folder = specs.resolve()
    reading = read_folder(specs)
    assert reading.spec is not None  # as read_folder has said
    return compare(render(reading.spec), folder.parents[1], folder, only)


def read_folder(specs: Path) -> Reading[Application]:
    """Read a folder of specifications that artifacts can be made from: the reading has a `spec`.

    Raises:
        UsageError: there is no such folder, or a specification in it is wrong.
    """
    from kitlib.specs import read_application

    reading = read_application(specs)
    if reading.spec is None:
        wrong = [f"{item.object}: {item.title}" for item in reading.findings if item.severity == "error"]
        raise UsageError(
            "\n  ".join([f"{specs} can't be rendered, as it has {counted(len(wrong), 'error')}:", *wrong]),
            fix=f"kit spec check {specs}",
        )
    return reading


def compare(artifacts: Iterable[Artifact], root: Path, specs: Path, only: str = "") -> Rendering:
    """Compare rendered files with those on the disk.

    Args:
        artifacts: what the specs render.
        root: the project's root.
        specs: the specs' folder.
        only: a pattern (`manifests/*`, `*Dockerfile`) that the paths must match; empty: all.

    Raises:
        UsageError: nothing matches the pattern.
    """
    every = sorted(artifacts, key=lambda artifact: artifact.path)
    name = specs.relative_to(root).as_posix()
    wanted = [artifact for artifact in every if not only or fnmatch(artifact.path, only)]
    if not wanted:
        raise UsageError(
            f"no rendered file matches {only!r}", fix=f"one of {', '.join(a.path for a in every)}"
        )
    left = () if only else tuple(orphans(every, root, name))
    return Rendering(root, name, tuple(status(artifact, root, name) for artifact in wanted), left)


def _finding(item: Status) -> Finding:
    path, lines = item.artifact.path, item.lines
    found = {"missing": "no such file", "stale": f"lines {_shown(lines)} are of an older rendering"}.get(
        item.state, f"{item.reason}; lines {_shown(lines)} differ from the rendering"
    )
    evidence = (Quote(item.diff, "diff"),) if item.state == "edited" else ()
    where = f"{path}:{lines[0] if lines and item.state != 'missing' else 1}"
    return Finding(
        "error",
        f"artifact-{item.state}",
        f"{path} is {item.state}",
        where,
        found,
        "what kit spec render writes",
        WHY[item.state],
        Fix(FIX[item.state]),
        evidence,
    )


def _leftover(path: str) -> Finding:
    expected = "only what kit spec render writes"
    why, fix = WHY["orphan"], Fix(FIX["orphan"], command=f"git rm {path}")
    title = f"{path} is rendered no longer"
    return Finding(
        "error", "artifact-orphan", title, f"{path}:1", "a file of an older rendering", expected, why, fix
    )


def _shown(lines: list[int]) -> str:
    """Line numbers for a person: 3-5, 9."""
    spans: list[list[int]] = []
    for line in lines:
        if spans and line == spans[-1][-1] + 1:
            spans[-1] = [spans[-1][0], line]
        else:
            spans.append([line, line])
    shown = [str(a) if a == b else f"{a}-{b}" for a, b in spans]
    return ", ".join(shown[:_SHOWN]) + (" and more" if len(shown) > _SHOWN else "")
