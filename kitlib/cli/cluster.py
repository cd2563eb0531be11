"""`kit cluster`: make, inspect, fill and remove the cluster that everything else works on."""

from __future__ import annotations

import typer

app = typer.Typer(help="The cluster that everything else works on.", no_args_is_help=True)

addons_app = typer.Typer(invoke_without_command=True)
app.add_typer(addons_app, name="addons")

NAME = typer.Option(None, "--name", help="The cluster's name; default: the settings' one, kit.")
PROVIDER = typer.Option(None, "--provider", help="Who makes it: kind, embedded, current or minikube.")
ADDONS = typer.Argument(help="ingress, network-policy or metrics-server.", metavar="NAME…")


@app.command()
def up(
    name: str | None = NAME,
    provider: str | None = PROVIDER,
    nodes: int = typer.Option(1, "--nodes", min=1, max=20, help="Nodes, the control plane among them."),
    api_port: int = typer.Option(
        0, "--api-port", min=0, max=65535, help="The API server's port; 0: a free one."
    ),
    context: str | None = typer.Option(None, "--context", help="With --provider current: which context."),
) -> None:
    """Make the cluster, start a stopped one, repair a half-made one. May be repeated."""
    from kitlib.cluster import manage

    record = manage.up(name, provider, nodes=nodes, api_port=api_port, context=context)
    typer.echo(f"cluster {record.name} ({record.provider}) is up; for kubectl:")
    typer.echo(f"  export KUBECONFIG={record.kubeconfig}; kubectl config use-context {record.context}")


@app.command()
def down(name: str | None = NAME) -> None:
    """Remove the cluster; one that kit did not make is never touched."""
    from kitlib.cluster import manage

    typer.echo("removed" if manage.down(name) else "there was none")


@app.command()
def status(name: str | None = NAME) -> None:
    """How the cluster is; exit code 0 only when it runs."""
    from kitlib.cluster import manage

    found = manage.status(name)
    typer.echo(f"{found.name} ({found.provider}): {found.state}. {found.detail}")
    for node, ready in found.nodes.items():
        typer.echo(f"  node {node}: {'Ready' if ready else 'not Ready'}")
    raise typer.Exit(0 if found.state == "running" else 1)


@app.command()
def load(images: list[str] = typer.Argument(help="Local images."), name: str | None = NAME) -> None:
    """Bring local images into the cluster's nodes."""
    from kitlib.cluster import manage

    manage.load(name, images)


@app.command()
def reset(name: str | None = NAME) -> None:
    """Remove the cluster and make it anew, with as many nodes as it had."""
    from kitlib.cluster import manage

    record = manage.reset(name)
    typer.echo(f"cluster {record.name} is new")


@app.command()
def kubeconfig(name: str | None = NAME) -> None:
    """The path of the cluster's kubeconfig: export KUBECONFIG=$(kit cluster kubeconfig)."""
    from kitlib.cluster import manage

    typer.echo(manage.known(name).kubeconfig)


@addons_app.callback()
def addons(context: typer.Context, name: str | None = NAME) -> None:
    """Add-ons; alone: what there is, and how it is in the cluster.

    ingress: an Ingress controller for class nginx on the node's ports 80 and 443 (Traefik).
    network-policy: NetworkPolicies are enforced (kube-router).
    metrics-server: kubectl top and autoscaling; always on with kind.

    Where no registry answers, the first two are compiled, once; what that costs is said before it starts.
    """
    if context.invoked_subcommand:
        return
    from kitlib.cluster import addons as found

    for item in found.overview(name):
        typer.echo(f"{item.addon.name} ({item.state}): {item.addon.title}")
        if item.detail:
            typer.echo(f"  {item.detail}")


@addons_app.command()
def enable(names: list[str] = ADDONS, name: str | None = NAME) -> None:
    """Give the cluster add-ons and wait until they work. May be repeated."""
    from kitlib.cluster import addons as found

    found.enable(name, names)
    typer.echo(f"enabled: {', '.join(names)}")


@addons_app.command()
def disable(names: list[str] = ADDONS, name: str | None = NAME) -> None:
    """Take add-ons away, with all they did to the nodes. May be repeated."""
    from kitlib.cluster import addons as found

    removed = found.disable(name, names)
    typer.echo(f"disabled: {', '.join(removed)}" if removed else "there was none of them")
