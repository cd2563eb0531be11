"""One whole check: load, run the rules and tools, set aside what is ignored, put in order."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from kitlib.checks import engine, external, ignores
from kitlib.checks.about import OWN, About
from kitlib.checks.overlaps import one_each
from kitlib.checks.project import load
from kitlib.checks.report import Report
from kitlib.checks.targets import Project
from kitlib.errors import UsageError
from kitlib.findings import Findings

if TYPE_CHECKING:
    from kitlib.cluster import Cluster

_OF_A_TOOL = re.compile(r"(hadolint-(DL|SC)\d{4}|shellcheck-SC\d{4})")


def run(
    paths: Sequence[Path], *, live: Cluster | None = None, ignore: Mapping[str, str] = MappingProxyType({})
) -> Report:
    """See `kitlib.checks.check`."""
    started = time.perf_counter()
    _verify(ignore)
    return examine(read(paths, live), ignore, started=started)


def examine(
    project: Project,
    ignore: Mapping[str, str] = MappingProxyType({}),
    *,
    tools: bool = True,
    started: float | None = None,
) -> Report:
    """Hold a project that is loaded against every rule.

    Args:
        project: what to check.
        ignore: ids of findings that are set aside everywhere, with the reason.
        tools: whether other people's tools run too.
        started: when the whole check began, by `time.perf_counter`; none: now.
    """
    started = time.perf_counter() if started is None else started
    findings = [*project.problems]
    with external.started(project if tools else Project(project.root)) as outside:
        for rule in engine.all_rules().values():
            findings += engine.run_rule(rule, project)
        findings += outside.findings()
    kept, ignored = ignores.apply(project, one_each(engine.ordered(findings)), set(known_ids()))
    ignored += [(item, ignore[item.id]) for item in kept if item.id in ignore]
    return Report(
        Findings(engine.ordered(item for item in kept if item.id not in ignore)),
        ignored,
        dict(project.excluded),
        sum(1 for _ in project.files()),
        sum(len(bundle.objects) for bundle in project.bundles),
        tuple(known_ids()) if tools else tuple(engine.all_rules()),
        time.perf_counter() - started,
    )


def read(paths: Sequence[Path], live: Cluster | None = None) -> Project:
    """The project of some paths, relative to the current folder; the live objects of a namespace with it."""
    here = Path.cwd()
    inside = all(path.resolve().is_relative_to(here) for path in paths)
    root = here if inside else _common([path.resolve() for path in paths])
    project = load(root, paths)
    if live is not None:
        from kitlib.checks.live import bundle

        project.bundles.append(bundle(live))
    return project


def known_ids() -> dict[str, About]:
    """Everything that has an id, with what `kit check --rules` says of it."""
    rules = {
        rule.id: About(rule.id, rule.severity, rule.title, rule.why, rule.source)
        for rule in engine.all_rules().values()
    }
    return dict(sorted({**OWN, **external.ABOUT, **rules}.items()))


def _common(paths: Sequence[Path]) -> Path:
    """The folder that holds all of some paths."""
    folders = [path if path.is_dir() else path.parent for path in paths]
    return next(
        folder
        for folder in (folders[0], *folders[0].parents)
        if all(p.is_relative_to(folder) for p in folders)
    )


def _verify(ignore: Mapping[str, str]) -> None:
    for id, reason in ignore.items():
        if id not in known_ids() and not _OF_A_TOOL.fullmatch(id):
            near = get_close_matches(id, known_ids(), n=1)
            fix = f"did you mean {near[0]}?" if near else "kit check --rules"
            raise UsageError(f"there is no rule {id!r}", fix=fix)
        if not reason.strip():
            raise UsageError(f"no reason is given for ignoring {id}", fix=f"--ignore '{id}=why'")
