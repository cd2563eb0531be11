"""The security checklist: eight questions, answered from rules and objects, in files and in the cluster."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from kitlib import markup
from kitlib.checks import security_looks as looks
from kitlib.checks.security_looks import Look
from kitlib.checks.targets import Project
from kitlib.findings import Finding

if TYPE_CHECKING:
    from kitlib.cluster import Cluster

State = Literal["passed", "failed", "not applicable"]
_MARKS: dict[State, str] = {"passed": "✓", "failed": "✗", "not applicable": "–"}


@dataclass(frozen=True)
class Question:
    """One line of the checklist.

    Args:
        title: as it stands in the checklist.
        rules: a pattern of the ids of the rules that answer it.
        look: what there is to ask about, and what is wrong that no rule sees.
    """

    title: str
    rules: str
    look: Callable[[Project], Look]


QUESTIONS = (
    Question(
        "Non-root containers", r"pod-runs-as-root|docker-user-(root|named|unknown-id)", looks.containers
    ),
    Question("Read-only filesystem", r"pod-writable-root|nextjs-\w+-read-only", looks.writable),
    Question("Resource limits defined", r"resources-.*", looks.limits),
    Question("Network policies configured", r"policy-.*", looks.policies),
    Question("Secrets externalized", r"(.*-)?secrets?(-.*)?", looks.secrets),
    Question("RBAC least privilege", r"rbac-.*|role-.*|pod-token-mounted", looks.rbac),
    Question(
        "Pod security standards",
        r"namespace-pod-security.*|pod-(security-rejected|seccomp|capabilities|privilege-escalation|privileged)",
        looks.pod_security,
    ),
    Question("Image scanning enabled", r"(build|workflow)-.*scan.*", looks.scanning),
)


@dataclass(frozen=True)
class Item:
    """The answer to one question.

    Args:
        title: the question.
        state: passed, failed or not applicable.
        evidence: what proves it: objects that were looked at, or what is wrong and where.
    """

    title: str
    state: State
    evidence: tuple[str, ...]


class Checklist(list[Item]):
    """The eight answers; shows itself as a table."""

    @property
    def passed(self) -> bool:
        """Whether no answer is `failed`."""
        return all(item.state != "failed" for item in self)

    def __repr__(self) -> str:
        return "\n".join(
            f"{_MARKS[item.state]} {item.title}: {item.state}" + "".join(f"\n    {e}" for e in item.evidence)
            for item in self
        )

    def _repr_html_(self) -> str:
        rows = (
            (
                _MARKS[item.state],
                html.escape(item.title),
                item.state,
                "<br>".join(html.escape(line) for line in item.evidence),
            )
            for item in self
        )
        return markup.table((), rows)


def checklist(paths: Sequence[str | Path] = (".",), *, live: Cluster | None = None) -> Checklist:
    """Answer the checklist for files, and for the live objects of a namespace.

    Args:
        paths: files and folders; empty: only the live objects.
        live: a cluster, bound to the namespace that is asked about too.

    Raises:
        UsageError, ClusterError: as `kitlib.checks.check`.
    """
    from kitlib.checks.running import examine, read

    project = read([Path(path) for path in paths], live)
    report = examine(project, tools=False)
    return Checklist(_answer(question, project, report.findings) for question in QUESTIONS)


def _answer(question: Question, project: Project, findings: Sequence[Finding]) -> Item:
    look = question.look(project)
    wrong = [
        f"{item.object}: {item.found} ({item.id})"
        for item in findings
        if item.severity != "info" and re.fullmatch(question.rules, item.id)
    ]
    wrong += look.wrong
    if wrong:
        return Item(question.title, "failed", tuple(dict.fromkeys(wrong)))
    if not look.seen:
        return Item(question.title, "not applicable", ("there is nothing here that this is about",))
    return Item(question.title, "passed", tuple(look.seen))
