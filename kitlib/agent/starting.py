"""An agent from its files or its custom resource."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from kitlib.agent import operations
from kitlib.agent.agent import Agent
from kitlib.agent.events import Listener
from kitlib.agent.notify import SlackListener, urls_of
from kitlib.agent.operations import OperationsPolicy
from kitlib.agent.state import state_of
from kitlib.cluster import Cluster
from kitlib.errors import SettingsError
from kitlib.findings import fix_text
from kitlib.settings import get_settings
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


def slack(config: AgentConfig) -> SlackListener:
    """Who tells people: the webhooks of the settings, with this machine's outbox; none set: nobody."""
    settings = get_settings()
    folder = settings.state_dir / "agents" / config.metadata.name / "outbox"
    return SlackListener(config.spec.notifications.slack, urls_of(settings), folder)


def make(
    config: AgentConfig,
    cluster: Cluster,
    policy: OperationsPolicy,
    *,
    listener: Listener,
    may_act: Callable[[], bool] = lambda: True,
    before_change: Callable[[], None] = lambda: None,
    clock: Callable[[], datetime] = now,
) -> Agent:
    """An agent with this machine's memory of it; the rest as for `Agent`.

    Raises:
        SettingsError: a condition or a resource of the scope means nothing.
    """
    return Agent(
        config,
        cluster,
        rules=policy,
        state=state_of(config.metadata.name),
        listener=listener,
        clock=clock,
        may_act=may_act,
        before_change=before_change,
    )
