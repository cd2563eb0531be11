"""The result: fields that differ between specification, artifact and cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from kitlib.findings import Finding, Findings, Fix, Ref, quotes
from kitlib.wording import counted

if TYPE_CHECKING:
    from rich.table import Table

Sort = Literal["spec", "cluster", "missing", "extra", "unchecked"]
_TITLES: dict[Sort, str] = {
    "spec": "{field} is not what the specification says",
    "cluster": "{field} was changed in the cluster",
    "missing": "it is not in the cluster",
    "extra": "it stands in no artifact",
    "unchecked": "it can't be compared",
}
_WHYS: dict[Sort, str] = {
    "spec": "artifacts are made from the specification; what differs was changed in one place only",
    "cluster": "the next deployment undoes it, and until then nobody who reads the files knows of it",
    "missing": "something that the artifacts hold was deleted, or never applied",
    "extra": "it bears the application's labels, and no file says what it is for",
    "unchecked": "the API server refuses the artifact",
}
NOTHING = "–"


@dataclass(frozen=True)
class Difference:
    """A field in three places.

    Args:
        sort: spec: the artifact differs from the specification; cluster: the cluster from the artifact;
            missing and extra: a whole object; unchecked: the server refuses the artifact.
        object: the object.
        field: the field's path; empty for a whole object.
        spec: what the specification says; empty when it says nothing about the field.
        artifact: what the artifact says.
        cluster: what the cluster has.
        where: `file:line` of the specification, where it says something.
        changed_by: who changed the field in the cluster, and when.
        fix: the command that mends it.
    """

    sort: Sort
    object: Ref
    field: str = ""
    spec: str = ""
    artifact: str = ""
    cluster: str = ""
    where: str = ""
    changed_by: str = ""
    fix: str = ""

    def finding(self) -> Finding:
        """The difference as a finding."""
        said = f", spec {self.spec}" if self.spec else ""
        if self.sort == "spec":
            found, expected = f"artifact {self.artifact}, cluster {self.cluster}", f"spec {self.spec}"
        else:
            found, expected = f"cluster {self.cluster}", f"artifact {self.artifact}{said}"
        evidence = quotes([(self.where, "specification"), (self.changed_by, "managedFields")])
        title = _TITLES[self.sort].format(field=self.field)
        return Finding(
            "error",
            f"drift-{self.sort}",
            title,
            self.object,
            found,
            expected,
            _WHYS[self.sort],
            Fix(self.fix),
            evidence,
        )


@dataclass(frozen=True)
class Report:
    """What `kit spec drift` found.

    Args:
        artifact: what the cluster was compared with, such as `release todo-app with values-dev.yaml`.
        differences: fields and objects.
        files: rendered files that are not what the specifications render.
        warnings: what the API server says about the artifacts.
        compared: the number of objects.
    """

    artifact: str
    differences: tuple[Difference, ...]
    files: Findings
    warnings: tuple[str, ...] = ()
    compared: int = 0

    @property
    def findings(self) -> Findings:
        """All that drifted; empty when specification, artifacts and cluster agree."""
        return Findings([*self.files, *(item.finding() for item in self.differences)])

    @property
    def summary(self) -> str:
        """One line."""
        count = len(self.findings)
        what = "no drift" if not count else counted(count, "difference")
        return f"{counted(self.compared, 'object')} of {self.artifact}: {what}"

    def table(self) -> Table:
        """The differences in three columns, for a terminal; print it with rich."""
        return _table([("object", "field", "spec", "artifact", "cluster", "changed by"), *self._rows()])

    def _rows(self) -> list[tuple[str, ...]]:
        return [
            tuple(
                text or NOTHING
                for text in (str(d.object), d.field, d.spec, d.artifact, d.cluster, d.changed_by)
            )
            for d in self.differences
        ]

    def __repr__(self) -> str:
        return self.summary

    def _repr_html_(self) -> str:
        return f"<p>{self.summary}</p>{self.findings._repr_html_()}"


def _table(rows: Sequence[tuple[str, ...]]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(show_lines=True)
    for title in rows[0]:
        table.add_column(title, overflow="fold")
    for row in rows[1:]:
        table.add_row(*map(Text, row))
    return table
