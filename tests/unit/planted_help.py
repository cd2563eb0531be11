"""Helps the tests of planted defects: a copy of the project's own artifacts, one change in it, what is found.

The copy is read once. After a change only the half that it lies in is read again: the chart, which Helm
renders, or the rest. Rules for one target and the tools then look at what changed, rules for the project at
all of it: of what did not change, `test_the_artifacts_are_clean` says that there is nothing to find.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path

from kitlib.artifacts.rendering import compare_folder
from kitlib.checks import engine, external, ignores
from kitlib.checks.overlaps import one_each
from kitlib.checks.project import load
from kitlib.checks.running import known_ids
from kitlib.checks.targets import Project
from kitlib.findings import Finding
from kitlib.specs.checking import check_paths

ROOT = Path(__file__).parents[2]
PARTS = (".github", ".kit-check.yaml", "charts", "manifests", "todo-app")
NOT_OURS = shutil.ignore_patterns(
    "node_modules", ".next", ".venv", "__pycache__", "*.lock", ".*_cache", "tests"
)


@dataclass(frozen=True)
class Seen:
    """A finding that is expected.

    Args:
        id: its id.
        line: text that stands on its line; empty: the line that was changed.
        path: its file; empty: the one that was changed.
        nth: which of the lines with that text, from 0.
    """

    id: str
    line: str = ""
    path: str = ""
    nth: int = 0


@dataclass(frozen=True)
class Defect:
    """One change of one file, and all that is to be found then.

    Args:
        family: a word for the test's name.
        path: the file.
        old: what stands there, once or at first.
        new: what stands there instead.
        fix: words of the first finding's fix.
        seen: the findings.
    """

    family: str
    path: str
    old: str
    new: str
    fix: str
    seen: tuple[Seen, ...]


class Copy:
    """The project's artifacts in a folder of their own."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        for part in PARTS:
            source, target = ROOT / part, self.root / part
            if source.is_dir():
                shutil.copytree(source, target, ignore=NOT_OURS)
            else:
                shutil.copy(source, target)

    @cached_property
    def chart(self) -> Project:
        """The chart's half."""
        return load(self.root, [self.root / "charts"])

    @cached_property
    def rest(self) -> Project:
        """The other half."""
        return load(self.root, [self.root / part for part in PARTS if part != "charts"])

    @contextmanager
    def planted(self, defect: Defect) -> Iterator[int]:
        """The change made, for the block's time; gives the number of the first line that differs."""
        path = self.root / defect.path
        before = path.read_text()
        assert defect.old in before, f"{defect.path} has no {defect.old!r}"
        after = before.replace(defect.old, defect.new, 1)
        lines = zip([*before.splitlines(), ""], [*after.splitlines(), ""], strict=False)
        path.write_text(after)
        try:
            yield next(number for number, (old, new) in enumerate(lines, 1) if old != new)
        finally:
            path.write_text(before)

    def check(self, path: str) -> list[Finding]:
        """What `kit check` says after a change of one file."""
        inside = path.startswith("charts/")
        half = load(self.root, [self.root / part for part in PARTS if (part == "charts") == inside])
        whole = joined(half, self.rest if inside else self.chart)
        touched = half if inside else narrowed(half, path)
        findings = [*whole.problems]
        with external.started(touched) as tools:
            for rule in engine.all_rules().values():
                findings += engine.run_rule(rule, whole if rule.target == "project" else touched)
            findings += tools.findings()
        return ignores.apply(touched, one_each(engine.ordered(findings)), set(known_ids()))[0]

    def check_specs(self) -> list[Finding]:
        """What `kit spec check todo-app/specs` says."""
        found = check_paths([self.root / "todo-app/specs"]).findings
        return [replace(item, object=str(item.object).removeprefix(f"{self.root}/")) for item in found]

    def compare(self) -> list[Finding]:
        """What `kit spec render --check` says."""
        return list(compare_folder(self.root / "todo-app/specs").findings())

    def expected(self, defect: Defect, changed: int) -> list[tuple[str, str]]:
        """Ids and places of the findings that are expected."""
        return sorted((seen.id, self._place(seen, defect.path, changed)) for seen in defect.seen)

    def _place(self, seen: Seen, path: str, changed: int) -> str:
        path = seen.path or path
        if not seen.line:
            return f"{path}:{changed}"
        lines = (self.root / path).read_text().splitlines()
        numbers = [number for number, line in enumerate(lines, 1) if seen.line in line]
        return f"{path}:{numbers[seen.nth]}"


def joined(one: Project, other: Project) -> Project:
    """One project of two halves."""
    whole = Project(one.root)
    for part in fields(whole):
        mine = getattr(whole, part.name)
        for half in (one, other):
            mine.update(getattr(half, part.name)) if isinstance(mine, dict) else None
            mine.extend(getattr(half, part.name)) if isinstance(mine, list) else None
    return whole


def narrowed(project: Project, path: str) -> Project:
    """The file of a path, and the objects that are applied together with those in it."""
    part = Project(project.root)
    for name in ("dockerfiles", "composes", "workflows", "scripts", "others", "manifests"):
        getattr(part, name).extend(file for file in getattr(project, name) if file.path == path)
    for bundle in project.bundles:
        files = {item.file.path: item.file for item in bundle.objects if item.file}
        if path in files:
            part.bundles.append(bundle)
            part.manifests = list(files.values())  # the ignores in them count
    return part
