"""`kit check`: files, rendered charts and live objects against every rule."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from kitlib.checks.report import Report
    from kitlib.cluster import Cluster

FORMATS = ("table", "json", "sarif", "junit")


def check(
    paths: list[Path] = typer.Argument(
        None, help="Files and folders; default: this folder.", metavar="[PATH]…"
    ),
    live: bool = typer.Option(
        False, "--live", help="Also the live objects of the namespace; alone without PATH."
    ),
    context: str | None = typer.Option(None, "--context", help="A context of your own kubeconfig."),
    namespace: str | None = typer.Option(None, "--namespace", "-n", help="Default: the settings' one."),
    format: str = typer.Option("table", "--format", "-f", help="table, json, sarif or junit."),
    ignore: list[str] = typer.Option([], "--ignore", help="ID=reason; may be repeated.", metavar="ID=REASON"),
    checklist: bool = typer.Option(False, "--checklist", help="The security checklist, item by item."),
    rules: bool = typer.Option(False, "--rules", help="List the rules and end."),
) -> None:
    """Exit code 1 when an error or a warning remains, 2 when the call itself is wrong.

    A finding that somebody lives with is set aside where it stands, with the reason: a comment
    `# kit:ignore ID reason` on the line or above it, or an object's annotation `kit.dev/ignore.ID: reason`.
    What is never to be looked at, and what a chart needs to render, stands in `.kit-check.yaml`.
    """
    if rules:
        _list_rules()
        return
    _verify(format)
    from kitlib import checks

    cluster = _connect(context, namespace) if live else None
    chosen = list(paths or ([] if live else [Path()]))
    if checklist:
        from kitlib.checks import security

        answers = security.checklist(chosen, live=cluster)
        typer.echo(repr(answers))
        raise typer.Exit(0 if answers.passed else 1)
    report = checks.check(chosen, live=cluster, ignore=_pairs(ignore))
    _show(report, format)
    raise typer.Exit(0 if report.passed else 1)


def _show(report: Report, format: str) -> None:
    from kitlib.checks import formats

    if format != "table":
        writers = {"json": formats.as_json, "sarif": formats.as_sarif, "junit": formats.as_junit}
        typer.echo(writers[format](report))
        return
    if report.findings:
        from rich.console import Console

        Console().print(report.findings.table())
    for item, reason in report.ignored:
        typer.echo(f"ignored: {item.id} at {item.object}: {reason}")
    for path, reason in report.excluded.items():
        typer.echo(f"not looked at: {path}: {reason}")
    typer.echo(report.summary)


def _list_rules() -> None:
    from kitlib.checks.running import known_ids

    for about in known_ids().values():
        typer.echo(
            f"{about.id}  ({about.severity})  {about.title}\n    {about.why}\n    source: {about.source}"
        )


def _connect(context: str | None, namespace: str | None) -> Cluster:
    from kitlib.cluster.connect import connect

    return connect(context, namespace=namespace)


def _verify(format: str) -> None:
    from difflib import get_close_matches

    from kitlib.errors import UsageError

    if format not in FORMATS:
        near = get_close_matches(format, FORMATS, n=1)
        raise UsageError(
            f"there is no format {format!r}", fix=f"--format {near[0] if near else ', '.join(FORMATS)}"
        )


def _pairs(texts: list[str]) -> dict[str, str]:
    """`ID=reason` texts as a mapping; one without a reason is refused where the ids are."""
    return {id.strip(): reason for id, _, reason in (text.partition("=") for text in texts)}
