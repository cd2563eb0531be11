"""`kit diagnose`: why a workload is not well."""

from __future__ import annotations

import typer


def diagnose(
    workload: str = typer.Argument(help="A Deployment's name, or kind/name."),
    namespace: str | None = typer.Option(None, "--namespace", "-n", help="Default: the settings' one."),
    context: str | None = typer.Option(None, "--context", help="A context of your own kubeconfig."),
    as_json: bool = typer.Option(False, "--json", help="As JSON."),
) -> None:
    """Find the root cause; exit code 1 when there is one."""
    import json

    from kitlib.cluster.connect import connect
    from kitlib.diagnosis import diagnose as find_cause

    kind, _, name = workload.rpartition("/")
    report = find_cause(connect(context, namespace=namespace), kind or "Deployment", name)
    if as_json:
        typer.echo(json.dumps(report.as_dict(), indent=2, ensure_ascii=False))
    else:
        typer.echo(report.summary)
        if report.findings:
            from rich.console import Console

            Console().print(report.findings.table())
    raise typer.Exit(1 if report.findings else 0)
