"""`kit classroom`: a place on the cluster for each learner."""

from __future__ import annotations

from pathlib import Path

import typer

app = typer.Typer(
    help="A namespace, an account and a quota for each learner, on one cluster.", no_args_is_help=True
)
_CONTEXT = typer.Option(None, "--context", help="A context of your own kubeconfig.")
_FOLDER = typer.Option(Path("classroom"), "--folder", help="Where the learners' folders are.")


@app.command()
def enrol(
    names: list[str] = typer.Argument(help="The learners' names."),
    folder: Path = _FOLDER,
    hours: int = typer.Option(12, "--hours", help="How long their tokens hold."),
    context: str | None = _CONTEXT,
) -> None:
    """Give each a place, and write the kubeconfig that leads there and nowhere else."""
    from kitlib.cluster.connect import connect
    from kitlib.lessons import classroom

    for seat in classroom.enrol(connect(context), names, folder.absolute(), hours):
        typer.echo(f"{seat.name}: namespace {seat.namespace}, {seat.folder / 'env'}")


@app.command("list")
def list_(context: str | None = _CONTEXT) -> None:
    """Who has a place."""
    from kitlib.cluster.connect import connect
    from kitlib.lessons import classroom

    typer.echo("\n".join(classroom.learners(connect(context))) or "nobody has a place")


@app.command()
def dismiss(
    names: list[str] = typer.Argument(help="The learners' names."), context: str | None = _CONTEXT
) -> None:
    """Remove places, with everything in them."""
    from kitlib.cluster.connect import connect
    from kitlib.lessons import classroom

    cluster = connect(context)
    for name in names:
        gone = classroom.dismiss(cluster, name)
        typer.echo(f"{name}: {'removed' if gone else 'had no place'}")


@app.command()
def lab(
    name: str = typer.Argument(help="The learner's name."),
    folder: Path = _FOLDER,
    port: int = typer.Option(0, "--port", help="Where it listens; 0: a free port."),
) -> None:
    """A JupyterLab for one learner, with notebooks of their own, bound to their place."""
    from kitlib.lessons import desk

    desk.serve(name, folder.absolute() / name, port)
