"""`kit spec apply` and `kit spec drift`: the artifacts in a cluster."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from kitlib.cli.spec_render import folder

if TYPE_CHECKING:
    from kitlib.specs.models.base import Environment

SPECS = typer.Option(None, "--specs", help="The specs' folder; default: todo-app/specs.")
NAMESPACE = typer.Option(None, "--namespace", "-n", help="Default: the settings' one, todo-app.")
CONTEXT = typer.Option(None, "--context", help="A context of your own kubeconfig.")
ENVIRONMENT = typer.Option("development", "--environment", "-e", help="development or production.")


def apply(
    specs: Path | None = SPECS,
    namespace: str | None = typer.Option(None, "--namespace", "-n", help="Default: the manifests' own."),
    context: str | None = CONTEXT,
    environment: str = ENVIRONMENT,
    images: str = typer.Option(
        "registry", "--images", help="registry: as the manifests say; local: built here and loaded (kind)."
    ),
) -> None:
    """Apply the plain manifests, the namespace first, and wait until every pod is ready. May be repeated.

    The Secrets of a development environment are made the first time, with random values.
    """
    from kitlib.app import manifests
    from kitlib.cluster.connect import connect
    from kitlib.errors import UsageError

    if images not in ("registry", "local") or (images == "local" and context):
        raise UsageError(
            f"--images {images}: found no such choice here",
            fix="registry, or local with a cluster that kit made",
        )
    chosen = manifests.local_images() if images == "local" else {}
    kind = _environment(environment)
    cluster = connect(context, namespace=namespace or manifests.home(folder(specs), kind))
    outcome = manifests.apply(folder(specs), cluster, environment=kind, images=chosen)
    typer.echo(f"{outcome.applied} objects applied to {cluster.namespace}, every pod is ready:")
    typer.echo(repr(outcome.pods))


def drift(
    specs: Path | None = SPECS,
    namespace: str | None = NAMESPACE,
    context: str | None = CONTEXT,
    environment: str = ENVIRONMENT,
    release: str = typer.Option(
        "todo-app", "--release", help="The Helm release; where there is none, the plain manifests are meant."
    ),
    as_json: bool = typer.Option(False, "--json", help="As JSON."),
) -> None:
    """Specification against artifact against cluster, field by field; exit code 1 when they differ."""
    from kitlib.cluster.connect import connect
    from kitlib.drift import drift as compare

    cluster = connect(context, namespace=namespace)
    report = compare(folder(specs), cluster, environment=_environment(environment), release=release)
    if as_json:
        typer.echo(report.findings.json())
    else:
        from rich.console import Console

        console = Console()
        if report.files:
            console.print(report.files.table())
        if report.differences:
            console.print(report.table())
        for text in report.warnings:
            typer.echo(f"the server warns: {text}")
        typer.echo(report.summary)
    raise typer.Exit(1 if report.findings else 0)


def _environment(name: str) -> Environment:
    from kitlib.errors import UsageError

    if name == "development":
        return "development"
    if name == "production":
        return "production"
    raise UsageError(f"there is no environment {name!r}", fix="development or production")
