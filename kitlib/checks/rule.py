"""A rule: what it looks at, why it matters, who says so; and the registry that every rule enters.

A rule is a generator over one sort of target, decorated with `rule`:

    @rule("object", "image-latest", "error", "An image has no version", why="…", source="https://…")
    def image_latest(item: KubeObject) -> Iterator[Hit]:
        for container in item.containers():
            if …:
                yield Hit(container.at("image"), found="nginx:latest", expected="a version", fix="…")
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from kitlib.findings import Finding, Fix, Ref, Severity

Target = Literal[
    "object", "bundle", "dockerfile", "compose", "workflow", "chart", "script", "file", "project"
]


@dataclass(frozen=True)
class Hit:
    """One place where a rule is broken.

    Args:
        where: `file:line`, or the live object.
        found: what is there.
        expected: what should be.
        fix: the change that mends it: a line of the file, a patch in words, or a command.
    """

    where: str | Ref
    found: str
    expected: str
    fix: str


@dataclass(frozen=True)
class Rule:
    """A rule of the registry.

    Args:
        target: what it is called with, one at a time.
        id: its name in reports and in `kit check --ignore`; lower case with hyphens.
        severity: error, warning or info.
        title: one line for a person.
        why: what goes wrong otherwise.
        source: the page, specification or experiment that says so.
        check: the generator.
    """

    target: Target
    id: str
    severity: Severity
    title: str
    why: str
    source: str
    check: Callable[[Any], Iterator[Hit]]

    def findings(self, target: Any) -> Iterator[Finding]:
        """The findings of the rule on one target."""
        for hit in self.check(target):
            why = f"{self.why} ({self.source})"
            fix = Fix(hit.fix)
            yield Finding(self.severity, self.id, self.title, hit.where, hit.found, hit.expected, why, fix)


RULES: dict[str, Rule] = {}


def rule(
    target: Target, id: str, severity: Severity, title: str, *, why: str, source: str
) -> Callable[[Callable[[Any], Iterator[Hit]]], Callable[[Any], Iterator[Hit]]]:
    """Enter a generator into the registry; see `Rule` for the arguments.

    Raises:
        ValueError: a rule of that id exists.
    """

    def enter(check: Callable[[Any], Iterator[Hit]]) -> Callable[[Any], Iterator[Hit]]:
        if id in RULES:
            raise ValueError(f"two rules are called {id}")
        RULES[id] = Rule(target, id, severity, title, why, source, check)
        return check

    return enter
