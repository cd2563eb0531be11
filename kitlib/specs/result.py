"""What reading gives: a specification's model, or everything that is wrong with it."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from kitlib.findings import Finding, Findings
from kitlib.specs import advice
from kitlib.specs.kinds import KINDS, MARKDOWN, Kind
from kitlib.specs.models.base import SpecModel
from kitlib.specs.problems import Loc, Place, problem
from kitlib.specs.sheet import Sheet
from kitlib.specs.validation import validate
from kitlib.wording import counted

MOST = 100
"""Findings of one document that are shown."""

S = TypeVar("S", bound=SpecModel, covariant=True)


@dataclass(frozen=True)
class Reading(Generic[S]):
    """What was read.

    Args:
        file: the document's path, as it was given.
        kind: which kind of specification it is; None: it is none.
        spec: the model; None when there is an error among the findings.
        findings: all that is wrong, in the order of the lines, and what is worth knowing.
        data: the values that could be read, also when others could not.
        lines: where each value stands, as `file:line`, by its path in the model, such as
            ("services", 0, "resources", "cpu_request").
        words: the document's own words for that path, such as Service Components > API Service.
    """

    file: str
    kind: str | None = None
    spec: S | None = None
    findings: Findings = field(default_factory=Findings)
    data: Any = None
    lines: Mapping[Loc, str] = field(default_factory=dict)
    words: Mapping[Loc, tuple[str, ...]] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<{self.summary}>"

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(self.summary)}</p>{self.findings._repr_html_() if self.findings else ''}"

    @property
    def summary(self) -> str:
        """One line: which specification, and whether it is valid."""
        state = "valid" if self.ok else "not valid"
        found = counted(len(self.findings), "finding")
        return f"{self.kind or 'no'} specification {self.file}: {state}, {found}"

    @property
    def ok(self) -> bool:
        """Whether there is no error; warnings are allowed."""
        return self.spec is not None

    def where(self, *path: str | int) -> str:
        """`file:line` of a field, or of the nearest part of the document that holds it."""
        for length in range(len(path), 0, -1):
            if found := self.lines.get(path[:length]):
                return found
        return f"{self.file}:1"

    def words_of(self, *path: str | int) -> tuple[str, ...]:
        """The document's words for a field, or for the nearest part that holds it."""
        for length in range(len(path), 0, -1):
            if found := self.words.get(path[:length]):
                return found
        return ()


def finish(
    sheet: Sheet, kind: Kind, data: Any, locate: Callable[[Loc], Place], failed: set[Loc]
) -> Reading[SpecModel]:
    """Make the model of what was read, and say what is wrong with it or out of date."""
    spec, findings = validate(kind.model, data, sheet.file, locate, failed)
    found = Findings([*sheet.findings, *findings])
    if len(found) > MOST:
        found = Findings([*found[:MOST], _more(sheet.file, len(found) - MOST)])
    lines = {loc: f"{sheet.file}:{place.line}" for loc, place in sheet.places.items()}
    words = {loc: place.words for loc, place in sheet.places.items()}
    reading = Reading[SpecModel](sheet.file, kind.name, None, found, data, lines, words)
    found += advice.advise(reading)
    wrong = any(finding.severity == "error" for finding in found)
    return replace(reading, spec=None if wrong else spec)


def _more(file: str, count: int) -> Finding:
    told = f"{count} more findings in this file"
    return problem(
        "spec-syntax", f"{file}:1", (), found=told, expected="a specification", fix="mend these first"
    )


def unknown_kind(file: str, line: int, found: str, nearest: str | None) -> Reading[SpecModel]:
    """A document that is none of the kinds."""
    titles = "; ".join(f"# {kind.title}" + (": …" if kind.named else "") for kind in MARKDOWN)
    shapes = "YAML with the key communication, with services and registry, or with kind: AgentConfig"
    fix = (
        f"did you mean {nearest}?"
        if nearest
        else f"kit spec init makes one of {', '.join(k.name for k in KINDS)}"
    )
    expected = f"the title of a kind of specification: {titles}; or {shapes}"
    finding = problem("spec-kind", f"{file}:{line}", (), found=found, expected=expected, fix=fix)
    return Reading(file, findings=Findings([finding]))


def broken(file: str, line: int, found: str, expected: str, fix: str) -> Reading[SpecModel]:
    """A file that is not in its format."""
    finding = problem("spec-syntax", f"{file}:{line}", (), found=found, expected=expected, fix=fix)
    return Reading(file, findings=Findings([finding]))
