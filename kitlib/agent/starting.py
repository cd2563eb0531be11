"""An agent from its files or its custom resource."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from kitlib.agent import operations
from kitlib.agent.agent import Agent
from kitlib.agent.events import Listener, Silent
from kitlib.agent.operations import OperationsPolicy
from kitlib.agent.state import state_of
from kitlib.cluster import Cluster
from kitlib.errors import SettingsError
from kitlib.findings import fix_text
from kitlib.specs import read
from kitlib.specs.models.agent import AgentConfig

OPERATIONS_FILE = "ai-operations.md"


def load_config(path: Path) -> AgentConfig:
    """Read an AgentConfig.

    Raises:
        SettingsError: it is none, or a value can't be used; names each with file and line.
    """
    reading = read(path)
    if isinstance(reading.spec, AgentConfig):
        return reading.spec
    errors = [item for item in reading.findings if item.severity == "error"]
    told = "; ".join(f"{item.object}: {item.title}: found {item.found}" for item in errors)
    fix = "; ".join(fix_text(item.fix) for item in errors)
    raise SettingsError(f"{path} is no AgentConfig to act by: {told or reading.kind}", fix=fix)


def load_policy(path: Path | None, beside: Path) -> OperationsPolicy:
    """The operations specification: the named one, or the one beside the configuration.

    Without any, every change needs a person.

    Raises:
        SettingsError: it is none to act by.
    """
    found = path or beside.parent / OPERATIONS_FILE
    return operations.load(found) if path or found.exists() else OperationsPolicy()


def now() -> datetime:
    """The time."""
    return datetime.now(UTC)


def make(
    config: AgentConfig,
    cluster: Cluster,
    policy: OperationsPolicy,
    *,
    listener: Listener | None = None,
    may_act: Callable[[], bool] = lambda: True,
) -> Agent:
    """An agent with this machine's memory of it.

    Raises:
        SettingsError: a condition or a resource of the scope means nothing.
    """
    return Agent(
        config,
        cluster,
        rules=policy,
        state=state_of(config.metadata.name),
        listener=listener or Silent(),
        clock=now,
        may_act=may_act,
    )
