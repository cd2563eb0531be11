"""Other people's checks, their findings as ours: each module here is one tool.

A tool module has `ABOUT`, what its findings mean, and `run`, which takes a project and gives findings. Tools
are processes of their own, so they run while the rules do. One that is missing, fails or hangs is reported as
not run; the rest of the check goes on.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from kitlib.checks.about import About, problem
from kitlib.checks.external import actionlint, compose, hadolint, helm_lint, shellcheck
from kitlib.checks.targets import File, Project
from kitlib.errors import KitError
from kitlib.findings import Finding


@dataclass(frozen=True)
class _Tool:
    about: About
    files: Callable[[Project], Sequence[File]]
    run: Callable[[Project], Iterator[Finding]]


_TOOLS = (
    _Tool(hadolint.ABOUT, lambda project: project.dockerfiles, hadolint.run),
    _Tool(shellcheck.ABOUT, lambda project: project.scripts, shellcheck.run),
    _Tool(compose.ABOUT, lambda project: project.composes, compose.run),
    _Tool(actionlint.ABOUT, lambda project: project.workflows, actionlint.run),
    _Tool(helm_lint.ABOUT, helm_lint.files, helm_lint.run),
)
ABOUT: dict[str, About] = {tool.about.id: tool.about for tool in _TOOLS}


class Outside:
    """The tools that are running."""

    def __init__(self, running: list[Future[list[Finding]]]) -> None:
        self._running = running

    def findings(self) -> list[Finding]:
        """What all of them found; waits for the last."""
        return [finding for future in self._running for finding in future.result()]


@contextmanager
def started(project: Project) -> Iterator[Outside]:
    """Run every tool that has something to look at, beside the body of the block."""
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 2) as pool:
        yield Outside([pool.submit(_run, tool, project) for tool in _TOOLS if tool.files(project)])


def _run(tool: _Tool, project: Project) -> list[Finding]:
    try:
        return list(tool.run(project))
    except KitError as error:
        first = tool.files(project)[0]
        found = f"{tool.about.id}: {error.message.splitlines()[0]}"
        return [problem("not-run", first.at(1), found, f"{tool.about.id} runs", error.fix or "kit doctor")]
