"""`kit agent chart`: the agent beyond one machine."""

from __future__ import annotations

from pathlib import Path

import typer

CONFIG = typer.Argument(help="The AgentConfig's file.")
OPERATIONS = typer.Option(None, "--operations", help="The AI operations specification; default: none.")


def chart(config: Path = CONFIG, operations: Path | None = OPERATIONS) -> None:
    """Print values for charts/kit-agent: the configuration, and exactly the permissions that it needs."""
    from kitlib.agent.chart import chart_values

    typer.echo(chart_values(config, operations), nl=False)
