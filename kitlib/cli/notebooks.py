"""`kit notebooks`: notebooks run again, and read."""

from __future__ import annotations

from pathlib import Path

import typer

from kitlib.wording import counted

app = typer.Typer(
    help="Run notebooks again and save their outputs; lint them. Tests: pytest --kit-notebooks.",
    no_args_is_help=True,
)

PATHS = typer.Argument(None, help="Notebooks, and folders of them; default: notebooks.", metavar="[PATH]…")


@app.command()
def refresh(
    paths: list[Path] | None = PATHS,
    timeout: float = typer.Option(120.0, "--cell-timeout", help="Seconds that a cell may take."),
    namespaces: bool = typer.Option(False, "--namespaces", help="A namespace of its own for each notebook."),
) -> None:
    """Run notebooks, and save the outputs of the cells that are compared; the others' are stripped."""
    from kitlib.notebooks import refresh as work
    from kitlib.progress import stage

    for path in work.find(paths or [Path("notebooks")]):
        with stage(f"run {path}"):
            done = work.refresh(path, timeout=timeout, own_namespace=namespaces)
        word = "written" if done.changed else "unchanged"
        typer.echo(f"{word}: {path}, {done.compared} compared cells")


@app.command()
def lint(
    paths: list[Path] | None = PATHS,
    format: str = typer.Option("table", "--format", "-f", help="table or json."),
) -> None:
    """Read notebooks without running them; exit code 1 when something is wrong."""
    from kitlib.errors import UsageError
    from kitlib.findings import Findings
    from kitlib.notebooks.lint import lint as look
    from kitlib.notebooks.refresh import find

    if format not in ("table", "json"):
        raise UsageError(f"there is no format {format!r}", fix="--format table or json")
    notebooks = find(paths or [Path("notebooks")])
    found = Findings(item for path in notebooks for item in look(path))
    if format == "json":
        typer.echo(found.json())
    elif found:
        from rich.console import Console

        Console().print(found.table())
    else:
        typer.echo(f"{counted(len(notebooks), 'notebook')}, nothing found")
    raise typer.Exit(1 if found else 0)


@app.command()
def coverage(
    folder: Path = typer.Argument(Path("notebooks"), help="Where the course's notebooks are."),
) -> None:
    """Which cell covers each heading of the text the course is built on; exit code 1 when one is missing."""
    from kitlib.lessons.coverage import coverage as made

    found = made(folder)
    typer.echo(repr(found))
    raise typer.Exit(1 if found.missing else 0)
