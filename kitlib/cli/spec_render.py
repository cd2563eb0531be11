"""`kit spec render`: the files that the specifications stand for, written or compared with the disk."""

from __future__ import annotations

from pathlib import Path

import typer

SPECS = Path("todo-app/specs")


def render(
    specs: Path | None = typer.Option(
        None, "--specs", help="The specs' folder; default: todo-app/specs. Files go two folders above."
    ),
    check: bool = typer.Option(False, "--check", help="Write nothing; exit code 1 when a file differs."),
    diff: bool = typer.Option(False, "--diff", help="Write nothing; show what would change."),
    only: str = typer.Option("", "--only", help="Only paths that match, such as 'manifests/*'."),
    overwrite: bool = typer.Option(False, "--overwrite", help="Also write over what was edited by hand."),
) -> None:
    """Write Dockerfiles, Compose, manifests, chart values, scripts, Argo CD, workflow and Pulumi program.

    A file that was edited by hand outside its `kit:keep` regions is reported and left as it is; exit code 1.
    """
    from kitlib.artifacts.rendering import compare_folder

    rendering = compare_folder(folder(specs), only)
    if diff:
        typer.echo("".join(item.diff for item in rendering.differing), nl=False)
        raise typer.Exit(1 if check and rendering.findings() else 0)
    if not check:
        for path in rendering.write(overwrite=overwrite):
            typer.echo(f"written: {path}")
        rendering = compare_folder(folder(specs), only)
    findings = rendering.findings()
    if findings:
        from rich.console import Console

        Console().print(findings.table())
        raise typer.Exit(1)
    typer.echo(f"{len(rendering.statuses)} files are what {rendering.specs} renders")


def folder(specs: Path | None) -> Path:
    """The specs' folder: the given one, else the checkout's own."""
    from kitlib.app.images import checkout

    return specs or checkout() / SPECS
