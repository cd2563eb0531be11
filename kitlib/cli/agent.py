"""`kit agent`: the agent that watches, proposes, and acts within its limits."""

from __future__ import annotations

from pathlib import Path

import typer

from kitlib.cli import agent_remote
from kitlib.cli.agent_remote import CONTEXT, IN_CLUSTER, audit_of, states

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
def status(agent: str = _NAME, config: str = IN_CLUSTER, context: str | None = CONTEXT) -> None:
    """How much an agent did and may still do in this hour, and what waits."""
    with states(agent, config, context) as shown:
        for state in shown:
            found = state.proposals()
            waiting = [item for item in found if item.waits]
            settled = {
                end: sum(item.state == end for item in found)
                for end in ("done", "refused", "failed", "unknown")
            }
            counts = ", ".join(f"{count} {end}" for end, count in settled.items())
            typer.echo(f"{state.name}: {len(waiting)} waiting, {counts} in the last week")


@app.command()
def pending(agent: str = _NAME, config: str = IN_CLUSTER, context: str | None = CONTEXT) -> None:
    """The proposals that wait for a person, each with its evidence and what would change."""
    _show(agent, config, context)


@app.command()
def approve(
    id: str = typer.Argument(help="The proposal's id."),
    hash: str = typer.Option("", "--hash", help="Its plan's hash, to be sure that it is the one you saw."),
    minutes: int = typer.Option(15, "--minutes", min=1, max=1440, help="How long the approval holds."),
    config: str = IN_CLUSTER,
    context: str | None = CONTEXT,
) -> None:
    """Say yes to exactly what a proposal shows; void when the object changes before it is carried out."""
    import getpass
    from datetime import timedelta

    from kitlib.agent import annotating, answering, memory
    from kitlib.cluster.connect import connect

    if config:
        namespace, name = memory.place_of(config)
        by = annotating.approve(connect(context), name, namespace, id)
        typer.echo(f"proposal {id} is approved by {by}; the agent looks within 15 s")
        return
    state, _ = answering.find(id)
    given = answering.approve(state, id, getpass.getuser(), hash=hash, life=timedelta(minutes=minutes))
    typer.echo(f"{given.title}: approved by {given.by} for {minutes} min; {state.name} carries it out")


@app.command()
def deny(
    id: str = typer.Argument(help="The proposal's id."),
    reason: str = typer.Option("", "--reason", help="Why; it stays in the history."),
    config: str = IN_CLUSTER,
    context: str | None = CONTEXT,
) -> None:
    """Say no to a proposal."""
    import getpass

    from kitlib.agent import annotating, answering, memory
    from kitlib.cluster.connect import connect

    if config:
        namespace, name = memory.place_of(config)
        by = annotating.deny(connect(context), name, namespace, id, reason)
        typer.echo(f"proposal {id} is denied by {by}; the agent looks within 15 s")
        return
    state, _ = answering.find(id)
    given = answering.deny(state, id, getpass.getuser(), reason)
    typer.echo(f"{given.title}: {given.reason}; quiet for {given.cooldown_minutes} min")


@app.command()
def history(
    agent: str = _NAME,
    limit: int = typer.Option(30, "--limit", min=1, help="How many decisions; newest last."),
    config: str = IN_CLUSTER,
    context: str | None = CONTEXT,
) -> None:
    """What agents decided, and why, from the audit."""
    from kitlib.agent.history import decisions

    with audit_of(config, context) as audit:
        found = list(decisions(audit.read(), agent))[-limit:]
    for item in found:
        told = f"{item.at[:19]}Z {item.agent} {item.what:<10} {item.proposal:<8} {item.text}"
        typer.echo(told + (f" ({item.reason})" if item.reason else ""))


def _show(agent: str, config: str = "", context: str | None = None) -> None:
    from kitlib.agent.desk import told

    with states(agent, config, context) as known:
        shown = [item for state in known for item in state.proposals() if item.waits]
    for item in shown:
        typer.echo(f"{item.id} {item.title} ({item.state})")
        typer.echo("\n".join(f"  {line}" for line in told(item).splitlines()))
    if not shown:
        typer.echo("nothing waits for a person")
