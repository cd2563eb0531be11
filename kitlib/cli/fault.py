"""`kit fault`: break a workload on purpose, see it, mend it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from kitlib.cluster import Cluster
    from kitlib.faults import Fault

app = typer.Typer(help="Faults to break a cluster with, on purpose.", no_args_is_help=True)

ID = typer.Argument(help="A fault's id: see kit fault list.", metavar="ID")
NAMESPACE = typer.Option(None, "--namespace", "-n", help="Default: fault-ID, made by inject.")
CONTEXT = typer.Option(None, "--context", help="A context of your own kubeconfig.")


@app.command("list")
def list_(
    family: str | None = typer.Option(None, "--family", help="Only this family."),
    format: str = typer.Option("table", "--format", "-f", help="table or json."),
) -> None:
    """What there is, the healthy controls at the end."""
    from kitlib.errors import UsageError
    from kitlib.faults import load

    if format not in ("table", "json"):
        raise UsageError(f"there is no format {format!r}", fix="--format table or json")
    found = load()
    if family is not None:
        families = {fault.family for fault in found}
        if family not in families:
            raise UsageError(f"there is no family {family!r}", fix=f"one of {', '.join(sorted(families))}")
        found = [fault for fault in found if fault.family == family]
    found.sort(key=lambda fault: fault.healthy)
    if format == "json":
        import json

        typer.echo(json.dumps([_plain(fault) for fault in found], indent=2, ensure_ascii=False))
        return
    _print_table(found)


@app.command()
def show(id: str = ID) -> None:
    """A fault in full, as its file says it."""
    import yaml

    from kitlib.faults import find

    typer.echo(yaml.safe_dump(_plain(find(id)), sort_keys=False, allow_unicode=True, width=110), nl=False)


@app.command()
def inject(id: str = ID, namespace: str | None = NAMESPACE, context: str | None = CONTEXT) -> None:
    """Make the healthy workload, break it, and wait until the fault shows."""
    from kitlib import faults
    from kitlib.progress import stage

    fault = faults.find(id)
    cluster = _cluster(id, namespace, context)
    with stage(f"inject {id} into {cluster.namespace}"):
        faults.inject(cluster, fault)
    typer.echo(f"{fault.title}: it shows in namespace {cluster.namespace}")


@app.command()
def fix(
    id: str = ID,
    namespace: str | None = NAMESPACE,
    context: str | None = CONTEXT,
    clean: bool = typer.Option(
        False, "--clean", help="Then remove all of it, the namespace too if inject made it."
    ),
) -> None:
    """Heal the fault and wait until all is well again."""
    from kitlib import faults
    from kitlib.progress import stage

    fault = faults.find(id)
    cluster = _cluster(id, namespace, context)
    with stage(f"heal {id} in {cluster.namespace}"):
        faults.fix(cluster, fault)
        faults.healed(cluster, fault)
    if clean:
        faults.clean(cluster, fault)
    typer.echo("healed" + (" and removed" if clean else ""))


@app.command()
def verify(
    ids: list[str] = typer.Argument(help="Faults' ids.", metavar="ID…"), context: str | None = CONTEXT
) -> None:
    """Inject each, see that it shows, heal it, see that it is well, remove it; exit code 1 when one fails."""
    from kitlib import faults
    from kitlib.errors import KitError
    from kitlib.progress import say, stage

    failed = 0
    for fault in [faults.find(id) for id in ids]:
        cluster = _cluster(fault.id, None, context)
        try:
            with stage(f"verify {fault.id}"):
                faults.inject(cluster, fault)
                if not fault.healthy:
                    faults.fix(cluster, fault)
                    faults.healed(cluster, fault)
        except KitError as error:
            failed += 1
            say(f"{fault.id}: {error.message}")
        finally:
            faults.clean(cluster, fault)
    typer.echo(f"{len(ids) - failed} of {len(ids)} are as the catalogue says")
    raise typer.Exit(1 if failed else 0)


def _cluster(id: str, namespace: str | None, context: str | None) -> Cluster:
    from kitlib.cluster.connect import connect

    return connect(context, namespace=namespace or f"fault-{id}")


def _plain(fault: Fault) -> dict[str, object]:
    return fault.model_dump(mode="json", by_alias=True, exclude_unset=True)


def _print_table(found: list[Fault]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table()
    for title in ("id", "family", "needs", "what"):
        table.add_column(title, no_wrap=title != "what")
    for fault in found:
        needs = [fault.cluster, *([f"{fault.nodes} nodes"] if fault.nodes > 1 else []), *fault.needs]
        table.add_row(fault.id, fault.family, ", ".join(needs), fault.title)
    Console().print(table)
