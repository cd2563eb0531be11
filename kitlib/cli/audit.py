"""`kit audit`, `kit approve` and `kit undo`: what was changed, by whom, and the way back."""

from __future__ import annotations

import typer

from kitlib.cli.agent_remote import CONTEXT, IN_CLUSTER, audit_of, change_of

app = typer.Typer(help="What was changed through kit, by whom, and what was refused.", no_args_is_help=True)


@app.command()
def show(
    limit: int = typer.Option(20, "--limit", min=1, help="How many entries; newest last."),
    config: str = IN_CLUSTER,
    context: str | None = CONTEXT,
) -> None:
    """The last entries; `id` is what `kit undo` takes."""
    import json

    with audit_of(config, context) as audit:
        entries = list(audit.read())[-limit:]
    for entry in entries:
        shown = {key: value for key, value in entry.items() if key != "before"}
        typer.echo(json.dumps(shown, ensure_ascii=False))


@app.command()
def verify(config: str = IN_CLUSTER, context: str | None = CONTEXT) -> None:
    """Check that no entry was changed, removed or added; exit code 1 when one was."""
    with audit_of(config, context) as audit:
        found = audit.verify()
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
    config: str = IN_CLUSTER,
    context: str | None = CONTEXT,
) -> None:
    """Put an object back as it was before a change of the last 24 hours; exit code 4: not confirmed."""
    from kitlib.cluster.connect import connect
    from kitlib.redaction import redact
    from kitlib.undo import fields, put_back

    cluster = connect(context)
    change = change_of(cluster, id, config)
    differing = fields(cluster, change)
    typer.echo(f"undo {change}, made {change.at} by {change.actor}")
    for field in differing:
        typer.echo(redact(f"  {field.dotted or change.kind}: {field.before!r} → {field.after!r}"))
    if not yes and not typer.confirm("Put it back?", default=False):
        raise typer.Exit(4)
    fields(cluster, change)  # refuses what somebody changed while the question stood
    put_back(cluster, change)
    typer.echo("done")
