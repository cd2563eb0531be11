"""The agent beyond one machine: its chart's values, and whose memory a command means."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from kitlib.agent.state import State
    from kitlib.cluster import Cluster
    from kitlib.policy import Audit
    from kitlib.policy.preimages import Preimage

CONFIG = typer.Argument(help="The AgentConfig's file.")
OPERATIONS = typer.Option(None, "--operations", help="The AI operations specification; default: none.")
IN_CLUSTER = typer.Option(
    "", "--in-cluster", help="NAMESPACE/NAME of the AgentConfig, for an agent that runs in the cluster."
)
CONTEXT = typer.Option(None, "--context", help="A context of your own kubeconfig.")


def chart(config: Path = CONFIG, operations: Path | None = OPERATIONS) -> None:
    """Print values for charts/kit-agent: the configuration, and exactly the permissions that it needs."""
    from kitlib.agent.chart import chart_values

    typer.echo(chart_values(config, operations), nl=False)


@contextmanager
def states(agent: str, where: str, context: str | None) -> Iterator[list[State]]:
    """The memories that a command is about: of the agent in the cluster, or of this machine's."""
    if where:
        from kitlib.agent.memory import memory_of
        from kitlib.cluster.connect import connect

        with memory_of(connect(context), where) as memory:
            yield [memory.state]
    else:
        from kitlib.agent.state import agents, state_of

        yield [state_of(name) for name in ([agent] if agent else agents())]


@contextmanager
def audit_of(where: str, context: str | None) -> Iterator[Audit]:
    """The audit that a command is about: of the agent in the cluster, or of this machine."""
    if where:
        from kitlib.agent.memory import memory_of
        from kitlib.cluster.connect import connect

        with memory_of(connect(context), where) as memory:
            yield memory.audit
    else:
        from kitlib.policy import current

        yield current().audit


def change_of(cluster: Cluster, id: str, where: str) -> Preimage:
    """A change that can be undone: one of the agent's in the cluster, or one made from this machine."""
    if where:
        from kitlib.agent.memory import memory_of

        with memory_of(cluster, where) as memory:
            return memory.change(id)
    from kitlib.policy.preimages import load

    return load(id)
