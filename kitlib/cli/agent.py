"""`kit agent`: the agent that watches, proposes, and acts within its limits."""

from __future__ import annotations

from pathlib import Path

import typer

from kitlib.cli import agent_remote

app = typer.Typer(help="An agent that watches, proposes, and acts inside hard limits.", no_args_is_help=True)
app.command()(agent_remote.chart)
_NAME = typer.Option("", "--agent", help="The agent's name; default: all of this machine.")


@app.command()
def run(
    config: Path = typer.Argument(Path("todo-app/specs/agent.yaml"), help="Its AgentConfig."),
    operations: Path | None = typer.Option(
        None, "--operations", help="The AI operations specification; default: ai-operations.md beside it."
    ),
    context: str | None = typer.Option(None, "--context", help="A context of your own kubeconfig."),
    once: bool = typer.Option(False, "--once", help="Look once, say what is proposed, and end."),
) -> None:
    """Watch, propose and act until interrupted."""
    import signal
    import threading

    from kitlib.agent import starting
    from kitlib.cluster.connect import connect

    spec = starting.load_config(config)
    slack = starting.slack(spec)
    policy = starting.load_policy(operations, config)
    agent = starting.make(spec, connect(context), policy, listener=slack)
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    slack.start()
    try:
        if once:
            agent.look_once()
            _show(agent.desk.name)
            return
        typer.echo(f"{agent.desk.name} watches {', '.join(spec.spec.scope.namespaces)}; end it with Ctrl-C")
        agent.run(stop)
    finally:
        slack.stop()  # what was not taken yet is on disk, and sent at the next start


@app.command()
def status(agent: str = _NAME) -> None:
    """How much an agent did and may still do in this hour, and what waits."""
    from kitlib.agent.state import agents, state_of

    for name in [agent] if agent else agents():
        found = state_of(name).proposals()
        waiting = [item for item in found if item.waits]
        settled = {
            state: sum(item.state == state for item in found) for state in ("done", "refused", "failed")
        }
        counts = ", ".join(f"{count} {state}" for state, count in settled.items())
        typer.echo(f"{name}: {len(waiting)} waiting, {counts} in the last week")


@app.command()
def pending(agent: str = _NAME) -> None:
    """The proposals that wait for a person, each with its evidence and what would change."""
    _show(agent)


@app.command()
def approve(
    id: str = typer.Argument(help="The proposal's id."),
    hash: str = typer.Option("", "--hash", help="Its plan's hash, to be sure that it is the one you saw."),
    minutes: int = typer.Option(15, "--minutes", min=1, max=1440, help="How long the approval holds."),
    config: str = typer.Option(
        "", "--in-cluster", help="NAMESPACE/NAME of the AgentConfig, for an agent that runs in the cluster."
    ),
    context: str | None = typer.Option(None, "--context", help="A context of your own kubeconfig."),
) -> None:
    """Say yes to exactly what a proposal shows; void when the object changes before it is carried out."""
    import getpass
    from datetime import timedelta

    from kitlib.agent import annotating, answering
    from kitlib.cluster.connect import connect

    if config:
        namespace, _, name = config.rpartition("/")
        by = annotating.annotate(connect(context), name, namespace or "kagent-system", id)
        typer.echo(f"proposal {id} is approved by {by}; the agent looks within 15 s")
        return
    state, _ = answering.find(id)
    given = answering.approve(state, id, getpass.getuser(), hash=hash, life=timedelta(minutes=minutes))
    typer.echo(f"{given.title}: approved by {given.by} for {minutes} min; {state.name} carries it out")


@app.command()
def deny(
    id: str = typer.Argument(help="The proposal's id."),
    reason: str = typer.Option("", "--reason", help="Why; it stays in the history."),
) -> None:
    """Say no to a proposal."""
    import getpass

    from kitlib.agent import answering

    state, _ = answering.find(id)
    given = answering.deny(state, id, getpass.getuser(), reason)
    typer.echo(f"{given.title}: {given.reason}; quiet for {given.cooldown_minutes} min")


@app.command()
def history(
    agent: str = _NAME,
    limit: int = typer.Option(30, "--limit", min=1, help="How many decisions; newest last."),
) -> None:
    """What agents decided, and why, from the audit."""
    from kitlib.agent.history import decisions
    from kitlib.policy import current

    for item in list(decisions(current().audit.read(), agent))[-limit:]:
        told = f"{item.at[:19]}Z {item.agent} {item.what:<10} {item.proposal:<8} {item.text}"
        typer.echo(told + (f" ({item.reason})" if item.reason else ""))


def _show(agent: str) -> None:
    from kitlib.agent.desk import told
    from kitlib.agent.state import agents, state_of

    shown = [
        item for name in ([agent] if agent else agents()) for item in state_of(name).proposals() if item.waits
    ]
    for item in shown:
        typer.echo(f"{item.id} {item.title} ({item.state})")
        typer.echo("\n".join(f"  {line}" for line in told(item).splitlines()))
    if not shown:
        typer.echo("nothing waits for a person")
