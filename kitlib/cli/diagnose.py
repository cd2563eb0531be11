"""`kit diagnose`: root causes of what is wrong in a cluster, a namespace, or about one object."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from kitlib.diagnosis.examination import Diagnosis

WATCH_SECONDS = 5.0


class Format(StrEnum):
    """How the causes are shown."""

    table = "table"
    json = "json"


def diagnose(
    target: str = typer.Argument("", help="NAMESPACE or NAMESPACE/KIND/NAME; none: all namespaces."),
    context: str | None = typer.Option(None, "--context", help="A context of your own kubeconfig."),
    form: Format = typer.Option(Format.table, "--format", help="How to show it."),
    ai: bool = typer.Option(False, "--ai", help="Also ask the model that is set about the first cause."),
    watch: bool = typer.Option(
        False, "--watch", help="Look again every five seconds; say what is new or gone."
    ),
    save: Path | None = typer.Option(
        None, "--save", help="Keep what was read in this file (.json or .json.gz)."
    ),
    saved: Path | None = typer.Option(
        None, "--from", help="Diagnose what such a file holds; asks no cluster."
    ),
) -> None:
    """Find the root causes; exit code 1 when there are any."""
    look = _looking(target, context, saved)
    found = look()
    if save is not None:
        found.scan.save(save)
    _show(found, form, ask=ai)
    if watch and saved is None:
        _keep_watching(found, look)
    raise typer.Exit(1 if found.causes else 0)


def _looking(target: str, context: str | None, saved: Path | None) -> Callable[[], Diagnosis]:
    """What makes a diagnosis, each time anew."""
    from kitlib.diagnosis.examination import examine, with_tried_fixes
    from kitlib.diagnosis.scan import load
    from kitlib.diagnosis.target import Target
    from kitlib.settings import get_settings

    wanted, silences = Target.parse(target), get_settings().silences
    if saved is not None:
        scan = load(saved)
        return lambda: examine(scan, wanted if target else None, silences)
    from kitlib.cluster.connect import connect
    from kitlib.diagnosis.reading import scan as read

    cluster = connect(context)
    wanted.check(cluster)
    return lambda: with_tried_fixes(cluster, examine(read(cluster, wanted.namespace), wanted, silences))


def _show(found: Diagnosis, form: Format, *, ask: bool) -> None:
    from rich.console import Console

    from kitlib.diagnosis.asking import ask_cause

    answer = ask_cause(found, found.causes[0]) if ask and found.causes else None
    if form is Format.json:
        told = found.as_dict() | ({"model": answer.as_dict()} if answer else {})
        typer.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    Console().print(found)
    if answer is not None:
        Console().print(answer.table())


def _keep_watching(before: Diagnosis, look: Callable[[], Diagnosis]) -> None:
    """Until the person stops it: causes that come, and those that go."""
    known = {cause.key: cause.finding.title for cause in before.causes}
    while True:
        time.sleep(WATCH_SECONDS)
        now = {cause.key: cause.finding.title for cause in look().causes}
        stamp = time.strftime("%H:%M:%S")
        for key in now.keys() - known.keys():
            typer.echo(f"{stamp} new   {key}  {now[key]}")
        for key in known.keys() - now.keys():
            typer.echo(f"{stamp} gone  {key}  {known[key]}")
        known = now
