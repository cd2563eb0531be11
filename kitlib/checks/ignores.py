"""Findings that somebody has decided to live with, each with the reason.

A comment on the line or above it, `kit:ignore`, then the rule's id, then the reason, works in YAML,
Dockerfiles, scripts, templates and programs; an object's annotation `kit.dev/ignore.<id>: <reason>` also
where the object is rendered or live. A reason is required, and an ignore that matches nothing is reported.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from kitlib.checks.about import problem
from kitlib.checks.engine import place
from kitlib.checks.targets import File, KubeObject, Project, mapping
from kitlib.findings import Finding, Ref

ANNOTATION = "kit.dev/ignore."
_COMMENT = re.compile(
    r"(?P<before>.*?)(#|//|/\*|<!--)\s*kit:ignore\b[ \t]*(?P<id>[\w-]*)[ \t]*(?P<reason>.*?)\s*(\*/.*|-->.*)?"
)


@dataclass(frozen=True)
class Ignore:
    """One ignore.

    Args:
        id: the rule's id.
        reason: why; empty when none is given.
        where: where the ignore itself stands.
        path: the file it is for; empty for a live object.
        lines: the first and last line it is for.
        live: the live object it is for.
        strict: whether it is reported when it matches nothing.
    """

    id: str
    reason: str
    where: str | Ref
    path: str = ""
    lines: tuple[int, int] = (0, 0)
    live: Ref | None = None
    strict: bool = True

    def matches(self, finding: Finding) -> bool:
        """Whether a finding is one that this ignore is for."""
        if finding.id != self.id:
            return False
        if isinstance(finding.object, Ref) or self.live:
            return finding.object == self.live
        path, line = place(finding)
        return path == self.path and self.lines[0] <= line <= self.lines[1]


def apply(
    project: Project, findings: list[Finding], known: set[str]
) -> tuple[list[Finding], list[tuple[Finding, str]]]:
    """Part findings into those that remain and those that are ignored, with the reason.

    Args:
        project: where the ignores stand.
        findings: of all rules and tools.
        known: the ids there are, to name the nearest of a misspelt one.

    Returns:
        What remains, faults of the ignores themselves among it; and what is ignored.
    """
    ignores = [*_comments(project), *_annotations(project)]
    kept: list[Finding] = []
    ignored: list[tuple[Finding, str]] = []
    used: set[tuple[str, str]] = set()
    for finding in findings:
        matching = [ignore for ignore in ignores if ignore.matches(finding)]
        used |= {(ignore.id, str(ignore.where)) for ignore in matching}
        reason = next((ignore.reason for ignore in matching if ignore.reason), "")
        if reason:
            ignored.append((finding, reason))
        else:
            kept.append(finding)
    for ignore in ignores:
        matched = (ignore.id, str(ignore.where)) in used
        kept += _faults(ignore, matched, known)
    return kept, ignored


def _faults(ignore: Ignore, matched: bool, known: set[str]) -> Iterator[Finding]:
    if not ignore.strict and not matched:
        return
    if not ignore.reason:
        found = f"kit:ignore {ignore.id}".strip()
        yield problem(
            "ignore-reason", ignore.where, found, "the rule's id and a reason", f"{found} because …"
        )
    elif not matched:
        near = get_close_matches(ignore.id, known, n=1) if ignore.id not in known else []
        fix = f"did you mean {near[0]}?" if near else "remove it"
        yield problem(
            "ignore-unused", ignore.where, f"kit:ignore {ignore.id}", "a finding of that id here", fix
        )


def _comments(project: Project) -> Iterator[Ignore]:
    programs = {file.path for file in project.others}  # may show the comment as an example
    for file in project.files():
        if "kit:ignore" in file.text:
            yield from _in_file(file, strict=file.path not in programs)


def _in_file(file: File, *, strict: bool) -> Iterator[Ignore]:
    waiting: list[tuple[str, str, int]] = []
    for number, line in enumerate(file.text.splitlines(), 1):
        match = _COMMENT.fullmatch(line)
        alone = match is not None and not match["before"].strip(" \t{-*")
        found = [(match["id"], match["reason"], number)] if match else []
        if alone:
            waiting += found
            continue
        for id, reason, stands in waiting + found:
            yield Ignore(id, reason, file.at(stands), file.path, (min(stands, number), number), strict=strict)
        waiting = []
    for id, reason, stands in waiting:
        yield Ignore(id, reason, file.at(stands), file.path, (stands, stands), strict=strict)


def _annotations(project: Project) -> Iterator[Ignore]:
    once: dict[tuple[str, str], Ignore] = {}
    for bundle in project.bundles:
        for item in bundle.objects:
            for key, reason in mapping(item.get("metadata", "annotations")).items():
                if key.startswith(ANNOTATION):
                    ignore = _of_object(item, key, str(reason or "").strip())
                    once.setdefault((ignore.id, str(ignore.where)), ignore)
    yield from once.values()


def _of_object(item: KubeObject, key: str, reason: str) -> Ignore:
    id, where = key.removeprefix(ANNOTATION), item.at("metadata", "annotations", key)
    if isinstance(where, Ref) or item.file is None:
        return Ignore(id, reason, where, live=Ref(item.kind, item.name, item.namespace))
    first, last = 1, len(item.file.text.splitlines()) + 1
    if item.document is not None:
        first, last = item.document.first_line, item.document.node.end_mark.line + 1
    return Ignore(id, reason, where, item.file.path, (first, last))
