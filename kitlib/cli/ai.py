"""`kit ai`: which models are set, and what was sent to them."""

from __future__ import annotations

import typer

app = typer.Typer(help="Language models: which are set, and what was sent to them.", no_args_is_help=True)


@app.command()
def status(
    as_json: bool = typer.Option(False, "--json", help="As JSON."),
) -> None:
    """The models that are asked, in this order; exit code 1 when none is set. Nothing is sent."""
    from kitlib.ai.status import status as find

    found = find()
    typer.echo(found.json() if as_json else "\n".join(found.lines()))
    raise typer.Exit(0 if found.models else 1)


@app.command()
def last(
    back: int = typer.Option(0, "--back", min=0, help="So many calls before the last one."),
    as_json: bool = typer.Option(False, "--json", help="As JSON."),
) -> None:
    """What the last call sent, to whom, what was hidden in it, and what came back."""
    from kitlib.ai import records
    from kitlib.errors import UsageError
    from kitlib.settings import get_settings

    report = records.last(get_settings(), back)
    if report is None:
        raise UsageError("there is no report of such a call", fix="kit ai status")
    typer.echo(report.json() if as_json else "\n".join(report.lines()))
