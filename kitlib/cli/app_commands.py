"""`kit app`: the todo application in the cluster."""

from __future__ import annotations

import typer

app = typer.Typer(help="The todo application in the cluster.", no_args_is_help=True)

NAME = typer.Option(None, "--name", help="The cluster's name; default: the settings' one, kit.")
NAMESPACE = typer.Option(None, "--namespace", "-n", help="Where it is installed; default: todo-app.")


@app.command()
def up(name: str | None = NAME, namespace: str | None = NAMESPACE) -> None:
    """Build the images, load them, install the chart, wait until every pod is ready. May be repeated."""
    from kitlib import app as application

    typer.echo(repr(application.up(name, namespace)))
    typer.echo("\nTo open it, run this in another terminal, and http://localhost:8080 in a browser:")
    typer.echo(f"  {application.way_in(name, namespace)}")


@app.command()
def down(
    name: str | None = NAME,
    namespace: str | None = NAMESPACE,
    delete_data: bool = typer.Option(False, "--delete-data", help="Also delete the volumes, todos and all."),
) -> None:
    """Uninstall the application; its volumes are kept."""
    from kitlib import app as application

    removed = application.down(name, namespace, delete_data=delete_data)
    typer.echo("removed" if removed else "there was none")


@app.command()
def status(name: str | None = NAME, namespace: str | None = NAMESPACE) -> None:
    """How the application is; exit code 0 only when all of it is ready."""
    from kitlib import app as application

    found = application.status(name, namespace)
    typer.echo(repr(found))
    raise typer.Exit(0 if found.ready else 1)
