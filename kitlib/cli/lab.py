"""`kit lab`: the course's labs and a learner's progress."""

from __future__ import annotations

from pathlib import Path

import typer

app = typer.Typer(help="The course: labs, and your progress.", no_args_is_help=True)


@app.command("list")
def list_() -> None:
    """The exercises and labs, and how far you are."""
    from rich.console import Console
    from rich.table import Table

    from kitlib.lessons import progress as mine
    from kitlib.lessons.catalogue import titles

    entries = mine().entries()
    table = Table()
    for title in ("id", "what", "outcome", "attempts", "hints"):
        table.add_column(title)
    for id, title in titles().items():
        entry = entries.get(id)
        row = (entry.outcome, str(entry.attempts), str(entry.hints)) if entry else ("", "", "")
        table.add_row(id, title, *row)
    Console().print(table)


@app.command()
def progress(html: Path = typer.Option(Path("progress.html"), "--html", help="The page to write.")) -> None:
    """Write a page that shows your progress."""
    from kitlib.lessons import progress as mine

    html.write_text(mine().page(), encoding="utf-8")
    typer.echo(f"{mine().summary}; written: {html.resolve()}")


@app.command()
def render(
    folder: Path = typer.Option(Path("notebooks/labs"), "--folder", help="Where the labs' notebooks are."),
    check: bool = typer.Option(False, "--check", help="Write nothing; exit code 1 when one differs."),
) -> None:
    """Write the labs' notebooks, or compare them with the disk."""
    from kitlib.lessons.labs import notebooks

    names = notebooks.differing(folder) if check else notebooks.write(folder)
    for name in names:
        typer.echo(f"{'differs' if check else 'written'}: {folder / name}")
    if not names:
        typer.echo("every lab is what kit renders")
    raise typer.Exit(1 if check and names else 0)
