"""`kit runbook`: list, show and run the runbooks."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from kitlib.runbooks import PlannedChange

app = typer.Typer(help="Parameterised notebooks for operations.", no_args_is_help=True)

NAME = typer.Argument(help="The runbook's name, or its notebook's path.")


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
def run(
    name: str = NAME,
    parameters: list[str] = typer.Option([], "--parameter", "-p", help="name=value; may be repeated."),
    yes: bool = typer.Option(False, "--yes", "-y", help="Approve the change that is shown."),
    timeout: float = typer.Option(900, "--timeout", min=1, help="Seconds for the whole run."),
    context: str | None = typer.Option(None, "--context", help="A context of your own kubeconfig."),
) -> None:
    """Run it: the change is shown first, and made only when approved. Exit code 4: it was not."""
    from kitlib.runbooks import engine

    def approve(change: PlannedChange) -> bool:
        typer.echo(f"{change.summary}\n{change.diff}")
        for ref in change.restarts:
            typer.echo(f"then the pods of {ref} are restarted")
        typer.echo(f"hash {change.hash}")
        return yes or (sys.stdin.isatty() and typer.confirm("Make this change?", default=False))

    outcome = engine.run(
        name,
        engine.pairs(parameters),
        approve=approve,
        approver="--yes" if yes else "a person at the terminal",
        timeout=timeout,
        context=context,
    )
    typer.echo(f"{outcome.record['status']}: {outcome.record['message']}")
    typer.echo(f"report: {outcome.report}")
    raise typer.Exit(outcome.exit_code)
