"""The command tree: one module per group, each without logic of its own."""

from __future__ import annotations

import typer

from kitlib import __version__
from kitlib.cli import (
    agent,
    ai,
    app_commands,
    ask,
    audit,
    check,
    classroom,
    cluster,
    demo,
    diagnose,
    doctor,
    fault,
    lab,
    notebooks,
    runbook_remote,
    spec,
)

app = typer.Typer(
    name="kit",
    help="Notebooks and runbooks for Kubernetes that really run.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(cluster.app, name="cluster")
app.add_typer(app_commands.app, name="app")
app.add_typer(runbook_remote.app, name="runbook")
app.add_typer(spec.app, name="spec")
app.add_typer(audit.app, name="audit")
app.add_typer(fault.app, name="fault")
app.add_typer(ai.app, name="ai")
app.add_typer(agent.app, name="agent")
app.add_typer(lab.app, name="lab")
app.add_typer(notebooks.app, name="notebooks")
app.add_typer(classroom.app, name="classroom")
app.command()(audit.approve)
app.command()(audit.undo)
app.command()(doctor.doctor)
app.command()(ask.ask)
app.command()(diagnose.diagnose)
app.command()(demo.demo)
app.command()(check.check)


@app.callback()
def root(
    version: bool = typer.Option(False, "--version", help="Show the version and end."),
) -> None:
    """Notebooks and runbooks for Kubernetes that really run."""
    if version:
        typer.echo(f"kit {__version__}")
        raise typer.Exit
