"""Choosing a provider and driving it: what `kit cluster` does."""

from __future__ import annotations

from kitlib.cluster.providers import ClusterRecord, ClusterStatus, UpOptions, load_record, provider
from kitlib.errors import UsageError
from kitlib.settings import get_settings


def up(
    name: str | None = None,
    provider_name: str | None = None,
    *,
    nodes: int = 1,
    api_port: int = 0,
) -> ClusterRecord:
    """Make, start or repair a cluster; see `kit cluster up`.

    Raises:
        UsageError: an unknown provider.
        MachineError, NotOurs: see kitlib.cluster.providers.base.Provider.
    """
    name = name or get_settings().cluster
    record = load_record(name)
    wanted = provider_name or (record.provider if record else get_settings().provider)
    chosen = provider(wanted)
    return chosen.up(name, UpOptions(nodes=nodes, api_port=api_port))


def down(name: str | None = None) -> bool:
    """Remove a cluster; False when kit knows none of that name and no provider has it."""
    name = name or get_settings().cluster
    record = load_record(name)
    return provider(record.provider if record else get_settings().provider).down(name)


def status(name: str | None = None) -> ClusterStatus:
    """How a cluster is."""
    name = name or get_settings().cluster
    record = load_record(name)
    return provider(record.provider if record else get_settings().provider).status(name)


def load(name: str | None, images: list[str]) -> None:
    """Bring local images into a cluster's nodes."""
    record = known(name)
    provider(record.provider).load(record.name, images)


def reset(name: str | None = None) -> ClusterRecord:
    """Remove a cluster and make it anew, with as many nodes as it had."""
    record = known(name)
    maker = provider(record.provider)
    nodes = max(1, len(maker.status(record.name).nodes))
    maker.down(record.name)
    return maker.up(record.name, UpOptions(nodes=nodes))


def known(name: str | None = None) -> ClusterRecord:
    """The record of a cluster.

    Raises:
        UsageError: kit knows none of that name.
    """
    name = name or get_settings().cluster
    record = load_record(name)
    if record is None:
        raise UsageError(f"kit knows no cluster named {name!r}", fix="kit cluster up")
    return record
