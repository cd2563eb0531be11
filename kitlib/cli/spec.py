"""`kit spec`: specifications, and what is made from them."""

from __future__ import annotations

from pathlib import Path

import typer

from kitlib.cli import spec_cluster, spec_render

app = typer.Typer(help="Specifications, and what is made from them.", no_args_is_help=True)
app.command()(spec_render.render)
app.command()(spec_cluster.apply)
app.command()(spec_cluster.drift)


@app.command()
def check(
    paths: list[Path] = typer.Argument(help="Files and folders.", metavar="PATH…"),
    format: str = typer.Option("table", "--format", "-f", help="table or json."),
) -> None:
    """Read specifications and say all that is wrong with them; exit code 1 when there is an error."""
    from kitlib.errors import UsageError
    from kitlib.specs.checking import check_paths

    if format not in ("table", "json"):
        raise UsageError(f"there is no format {format!r}", fix="--format table, or --format json")
    checked = check_paths(paths)
    if format == "json":
        typer.echo(checked.findings.json())
    else:
        if checked.findings:
            from rich.console import Console

            Console().print(checked.findings.table())
        typer.echo(checked.summary)
    raise typer.Exit(0 if checked.passed else 1)


@app.command()
def show(path: Path = typer.Argument(help="A specification, or an application's folder.")) -> None:
    """Print what a specification says, as JSON; exit code 1, and what is wrong, when it has errors."""
    from kitlib.specs import read, read_application

    reading = read_application(path) if path.is_dir() else read(path)
    if reading.spec is None:
        from rich.console import Console

        Console(stderr=True).print(reading.findings.table())
        raise typer.Exit(1)
    typer.echo(reading.spec.model_dump_json(indent=2, by_alias=True))


@app.command()
def schema(
    kind: str | None = typer.Argument(None, help="architecture, container …; default: all."),
    out: Path | None = typer.Option(None, "--out", help="A folder to write them into; default: print."),
) -> None:
    """The JSON Schema of a kind of specification, or of all."""
    from kitlib.specs import schemas

    names = [kind] if kind else schemas.names()
    if out is not None:
        for path in schemas.write_schemas(out, names):
            typer.echo(path)
    elif kind:
        typer.echo(schemas.as_json(schemas.schema(kind)))
    else:
        typer.echo(schemas.as_json({name: schemas.schema(name) for name in names}))


@app.command()
def init(
    kind: str = typer.Argument(help="architecture, communication, container, build, local-cluster …"),
    path: Path | None = typer.Argument(None, help="Where; default: the kind's usual name, here."),
) -> None:
    """Write a commented starting specification; a file that exists is never overwritten."""
    from kitlib.specs.start import init as write

    typer.echo(f"written: {write(kind, path)}")
