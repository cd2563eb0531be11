"""`kit demo`: the main job from end to end."""

from __future__ import annotations

import typer


def demo() -> None:
    """Build, deploy, break, diagnose, repair and report, on a real kind cluster."""
    from kitlib import demo as main_job

    result = main_job.run()
    typer.echo(f"the repaired application stored todo {result.todo['id']}: {result.todo['title']!r}")
    typer.echo(f"report: {result.report}")
    typer.echo("next:   make lab   (JupyterLab on the notebooks)")
