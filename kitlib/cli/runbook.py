"""`kit runbook`: list, show, plan, run, resume and undo runbooks, and read their records."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import typer

from kitlib.wording import counted

if TYPE_CHECKING:
    from kitlib.runbooks import PlannedChange, RunResult

app = typer.Typer(help="Parameterised notebooks for operations.", no_args_is_help=True)

NAME = typer.Argument(help="The runbook's name, or its notebook's path.")
RUN = typer.Argument(help="The run's folder, its name or a beginning of it, or `last`.")
PARAMETERS = typer.Option([], "--parameter", "-p", help="name=value; may be repeated.")
TIMEOUT = typer.Option(900, "--timeout", min=1, help="Seconds for the whole run.")
CONTEXT = typer.Option(None, "--context", help="A context of your own kubeconfig.")


@app.command("list")
def list_() -> None:
    """The runbooks there are."""
    from kitlib.runbooks import catalogue

    for item in catalogue.all_runbooks():
        typer.echo(f"{item.name}  {item.title}  (risk: {item.declared.risk})")


@app.command()
def show(name: str = NAME, schema: bool = typer.Option(False, "--schema", help="As JSON Schema.")) -> None:
    """What a runbook does, its parameters, and the permissions it needs."""
    import json

    from kitlib.runbooks import catalogue

    item = catalogue.find(name)
    if schema:
        typer.echo(json.dumps(item.parameters.schema(), indent=2))
        return
    for line in catalogue.describe(item):
        typer.echo(line)


@app.command()
def plan(
    name: str = NAME,
    parameters: list[str] = PARAMETERS,
    timeout: float = TIMEOUT,
    context: str | None = CONTEXT,
) -> None:
    """Show what a runbook would do, and the hash to approve; nothing is changed."""
    given = _given(name, parameters)
    from kitlib.runbooks import engine

    outcome = engine.make_plan(name, given, timeout=timeout, context=context)
    found = outcome.record["plan"]
    if outcome.record["status"] == "planned" and found["actions"]:
        typer.echo((outcome.record["change"] or {}).get("diff", ""))
        typer.echo(found["diff"])
        typer.echo(f"plan {found['hash']}: kit approve {found['hash']}, or run with --approve")
    _end(outcome)


@app.command()
def run(
    name: str = NAME,
    parameters: list[str] = PARAMETERS,
    yes: bool = typer.Option(False, "--yes", "-y", help="Approve the plan that is shown."),
    approve: str = typer.Option("", "--approve", help="Carry out exactly the plan of this hash."),
    timeout: float = TIMEOUT,
    context: str | None = CONTEXT,
    contexts: str = typer.Option("", "--contexts", help="Several, between commas, side by side."),
    in_cluster: bool = typer.Option(False, "--in-cluster", help="As a Job of the cluster it works on."),
    image: str | None = typer.Option(None, "--image", help="With --in-cluster: an image it can pull."),
) -> None:
    """Run it: the plan is shown first, and carried out only when approved. Exit code 4: it was not."""
    given, ask = _given(name, parameters), _asker(yes)
    if contexts and in_cluster:
        raise typer.BadParameter("it excludes --in-cluster", param_hint="--contexts")
    from kitlib.runbooks import engine, several

    how: dict[str, Any] = {"timeout": timeout, "approver": "--yes" if yes else "a person at the terminal"}
    if contexts:
        names = [part.strip() for part in contexts.split(",") if part.strip()]
        summary = several.run(name, given, names, approve=ask, **how)
        for line in summary.lines():
            typer.echo(line)
        raise typer.Exit(summary.exit_code)
    if in_cluster:
        from kitlib.cli.runbook_remote import run_in_cluster

        run_in_cluster(name, given, approve=ask, approved=approve, context=context, image=image, **how)
    _end(engine.run(name, given, approve=ask, approved=approve, context=context, **how))


@app.command()
def resume(run: str = RUN, timeout: float = TIMEOUT, context: str | None = CONTEXT) -> None:
    """Go on with a run that died or failed: what it did is verified, the rest is done."""
    from kitlib.runbooks import engine, history

    _end(engine.resume(history.find(run), timeout=timeout, context=context))


@app.command()
def undo(
    run: str = RUN,
    yes: bool = typer.Option(False, "--yes", "-y", help="Don't ask."),
    context: str | None = CONTEXT,
) -> None:
    """Put back everything that a run of the last 24 hours changed; exit code 4: not confirmed."""
    from kitlib.cluster.connect import connect
    from kitlib.redaction import redact
    from kitlib.runbooks import history, record, undoing

    folder = history.find(run)
    found = record.read(folder)
    cluster = connect(context or found["context_given"], namespace=found["namespace"])
    for item in undoing.plan_undo(cluster, folder):
        typer.echo(f"undo {item.change}")
        for field in item.fields:
            typer.echo(redact(f"  {field.dotted or item.change.kind}: {field.before!r} → {field.after!r}"))
    if not yes and not (sys.stdin.isatty() and typer.confirm("Put it back?", default=False)):
        raise typer.Exit(4)
    typer.echo(f"{len(undoing.undo_run(cluster, folder))} objects are as they were")


@app.command()
def history(
    name: str | None = typer.Argument(None, help="Only this runbook's runs."),
    limit: int = typer.Option(20, "--limit", min=1, help="How many, newest first."),
    json_: bool = typer.Option(False, "--json", help="As JSON."),
) -> None:
    """The runs there were."""
    import json
    from itertools import islice

    from kitlib.runbooks import history as runs

    found = list(islice(runs.rows(name), limit))
    if json_:
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    for row in found:
        taken = "" if row["seconds"] is None else f"{row['seconds']:.0f} s"
        typer.echo(f"{row['run']}  {row['status']}  {taken}  {row['context']}  {row['message']}"[:200])


@app.command()
def report(run: str = RUN) -> None:
    """Where a run's report is; it is written anew, as the record has it now."""
    from kitlib.runbooks import history as runs
    from kitlib.runbooks import record
    from kitlib.runbooks.report import write_report

    folder = runs.find(run)
    typer.echo(write_report(folder, record.read(folder)))


@app.command()
def compare(one: str = RUN, other: str = RUN) -> None:
    """In what two runs differ."""
    from rich.console import Console
    from rich.table import Table

    from kitlib.runbooks import history as runs
    from kitlib.runbooks import record

    folders = [runs.find(name) for name in (one, other)]
    table = Table("", *(folder.name for folder in folders), show_lines=True)
    for item in runs.compare(*(record.read(folder) for folder in folders)):
        table.add_row(item.what, item.one, item.other)
    Console().print(table)


@app.command()
def prune(
    older_than: str = typer.Option("90d", "--older-than", help="Such as 30d or 12h."),
    keep: int = typer.Option(20, "--keep", min=0, help="So many of the newest stay."),
) -> None:
    """Remove the records of old runs."""
    from datetime import timedelta

    from kitlib.runbooks import history as runs
    from kitlib.runbooks import seconds

    removed = runs.prune(older_than=timedelta(seconds=seconds(older_than)), keep=keep)
    typer.echo(f"{counted(len(removed), 'record')} removed")


def _given(name: str, parameters: list[str]) -> dict[str, Any]:
    """The parameters, typed; a wrong one is refused before anything slow is imported."""
    from kitlib.runbooks import catalogue
    from kitlib.runbooks.parameters import pairs

    return catalogue.find(name).parameters.coerce(pairs(parameters))


def _asker(yes: bool) -> Any:
    def ask(change: PlannedChange) -> bool:
        typer.echo(str(change))
        return yes or (sys.stdin.isatty() and typer.confirm("Carry it out?", default=False))

    return ask


def _end(outcome: RunResult) -> None:
    typer.echo(f"{outcome.record['status']}: {outcome.record['message']}")
    typer.echo(f"report: {outcome.report}")
    raise typer.Exit(outcome.exit_code)
