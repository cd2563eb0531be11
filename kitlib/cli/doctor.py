"""`kit doctor`: what this machine lacks, and the command that mends it."""

from __future__ import annotations

import typer


def doctor(
    fix: bool = typer.Option(
        False, "--fix", help="As root raise limits; on Debian install what is missing, start Docker."
    ),
    stop_engine: bool = typer.Option(False, "--stop-engine", help="Stop the Docker engine that kit started."),
) -> None:
    """Name what is missing and the command that fixes it; exit code 1 when something is."""
    from kitlib import doctor as machine
    from kitlib import engine

    if stop_engine:
        typer.echo("stopped" if engine.stop() else "kit started none")
        return
    checks = machine.fix() if fix else machine.examine()
    for check in checks:
        typer.echo(f"{'ok     ' if check.ok else 'MISSING'} {check.name:12} {check.detail}")
        if check.fix and not check.ok:
            typer.echo(f"        fix: {check.fix}")
    raise typer.Exit(0 if all(check.ok for check in checks) else 1)
