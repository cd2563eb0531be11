"""`kit runbook` beyond one machine: in the cluster once, by a schedule, and the image for both."""

from __future__ import annotations

from typing import Any, NoReturn

import typer

from kitlib.cli.runbook import CONTEXT, NAME, PARAMETERS, TIMEOUT
from kitlib.cli.runbook import app as runbook_app
from kitlib.wording import counted

app = runbook_app

CRON = typer.Option(..., "--cron", help='Five fields, such as "0 3 * * 1": Mondays at three.')
ZONE = typer.Option("Etc/UTC", "--time-zone", help="Of the cron fields, such as Europe/Berlin.")
TITLE = typer.Option("", "--name", help="What the schedule is called; default: after runbook and target.")
IMAGE = typer.Option(None, "--image", help="An image that the cluster can pull; default: built and loaded.")


def run_in_cluster(name: str, given: dict[str, str], **how: Any) -> NoReturn:
    """The end of `kit runbook run --in-cluster`."""
    from kitlib.runbooks import remote

    said: list[str] = []

    def tell(line: str) -> None:
        said.append(line)
        typer.echo(line)

    outcome = remote.run(name, given, say=tell, **how)
    if not any(outcome.message in line for line in said[-2:]):  # the run's own last line, mostly
        typer.echo(outcome.message)
    if outcome.folder:
        typer.echo(f"report: {outcome.folder / 'report.html'}")
    raise typer.Exit(outcome.exit_code)


@app.command()
def schedule(
    name: str = NAME,
    parameters: list[str] = PARAMETERS,
    cron: str = CRON,
    time_zone: str = ZONE,
    title: str = TITLE,
    timeout: float = TIMEOUT,
    context: str | None = CONTEXT,
    image: str | None = IMAGE,
    chart: bool = typer.Option(False, "--chart", help="Make nothing: print values for charts/kit-runner."),
) -> None:
    """Let a runbook run by itself, as a CronJob with exactly the permissions that it declares.

    One that changes something only makes its plan, and ends with exit code 4, unless the settings'
    `unattended` lets it. Its records stay on the volume until kit runbook collect.
    """
    from kitlib.runbooks import remote
    from kitlib.runbooks.parameters import pairs

    given, timing = pairs(parameters), remote.Timing(cron, time_zone)
    if chart:
        typer.echo(remote.chart_values(name, given, timing, title=title, timeout=timeout, context=context))
        return
    how: dict[str, Any] = {"title": title, "timeout": timeout, "context": context, "image": image}
    typer.echo(str(remote.schedule(name, given, timing, say=typer.echo, **how)))


@app.command()
def schedules(context: str | None = CONTEXT) -> None:
    """What runs by itself, and how it ended last."""
    from kitlib.runbooks import remote

    for item in remote.schedules(context=context):
        typer.echo(str(item))


@app.command()
def unschedule(
    name: str = typer.Argument(help="The schedule's name, or its runbook's when that has only one."),
    context: str | None = CONTEXT,
) -> None:
    """Let a runbook no longer run by itself; its records stay."""
    from kitlib.runbooks import remote

    typer.echo(f"removed: {remote.unschedule(name, context=context)}")


@app.command()
def collect(context: str | None = CONTEXT, image: str | None = IMAGE) -> None:
    """Bring the records of runs in the cluster here, those of schedules among them."""
    from kitlib.runbooks import remote

    folders = remote.collect(context=context, image=image)
    for folder in folders:
        typer.echo(folder)
    typer.echo(f"{counted(len(folders), 'record')} brought")


@app.command()
def image() -> None:
    """Build the image for runs in a cluster, where it is missing; prints its name."""
    from kitlib.runbooks.remote import image as images

    typer.echo(images.build())
