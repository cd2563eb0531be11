"""`kit audit`, `kit approve` and `kit undo`: what was changed, by whom, and the way back."""

from __future__ import annotations

import typer

app = typer.Typer(help="What was changed through kit, by whom, and what was refused.", no_args_is_help=True)


@app.command()
def show(limit: int = typer.Option(20, "--limit", min=1, help="How many entries; newest last.")) -> None:
    """The last entries; `id` is what `kit undo` takes."""
    import json

    from kitlib.policy import current

    for entry in list(current().audit.read())[-limit:]:
        shown = {key: value for key, value in entry.items() if key != "before"}
        typer.echo(json.dumps(shown, ensure_ascii=False))


@app.command()
def verify() -> None:
    """Check that no entry was changed, removed or added; exit code 1 when one was."""
    from kitlib.policy import current

    found = current().audit.verify()
    typer.echo(f"{found.entries} entries; {found.problem or 'each is as it was written'}")
    raise typer.Exit(0 if found.ok else 1)


def approve(
    hash: str = typer.Argument(help="The hash of the plan or action that was shown."),
    minutes: int = typer.Option(15, "--minutes", min=1, max=1440, help="How long the approval holds."),
) -> None:
    """Approve exactly what a hash names; it is void when anything of it changes."""
    import getpass
    from datetime import timedelta

    from kitlib.policy import current

    given = current().approvals.approve(hash, getpass.getuser(), timedelta(minutes=minutes))
    typer.echo(f"{hash} is approved by {given.by} until {given.expires}")


def undo(
    id: str = typer.Argument(help="The change's id, as kit audit show lists it."),
    yes: bool = typer.Option(False, "--yes", "-y", help="Don't ask."),
    context: str | None = typer.Option(None, "--context", help="A context of your own kubeconfig."),
) -> None:
    """Put an object back as it was before a change of the last 24 hours; exit code 4: not confirmed."""
    from kitlib.cluster.connect import connect
    from kitlib.redaction import redact
    from kitlib.undo import plan_undo
    from kitlib.undo import undo as put_back

    cluster = connect(context)
    change, fields = plan_undo(cluster, id)
    typer.echo(f"undo {change}, made {change.at} by {change.actor}")
    for field in fields:
        typer.echo(redact(f"  {field.dotted or change.kind}: {field.before!r} → {field.after!r}"))
    if not yes and not typer.confirm("Put it back?", default=False):
        raise typer.Exit(4)
    put_back(cluster, id)
    typer.echo("done")
