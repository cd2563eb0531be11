"""Choosing a provider and driving it: what `kit cluster` does."""

from __future__ import annotations

from kitlib import docker
from kitlib.cluster.providers import ClusterRecord, ClusterStatus, UpOptions, load_record, provider
from kitlib.errors import ClusterError, UsageError
from kitlib.progress import say
from kitlib.settings import get_settings


def up(
    name: str | None = None,
    provider_name: str | None = None,
    *,
    nodes: int = 1,
    api_port: int = 0,
    context: str | None = None,
) -> ClusterRecord:
    """Make, start or repair a cluster; see `kit cluster up`.

    Raises:
        UsageError: an unknown provider, or the cluster exists with another one.
        MachineError, NotOurs: see kitlib.cluster.providers.base.Provider.
    """
    name = name or get_settings().cluster
    record = load_record(name)
    chosen = provider(provider_name or (record.provider if record else _choose()))
    if record and record.provider != chosen.name:
        raise UsageError(
            f"cluster {name!r} exists with provider {record.provider}, not {chosen.name}",
            fix=f"kit cluster down --name {name}, or another --name",
        )
    return chosen.up(name, UpOptions(nodes=nodes, api_port=api_port, context=context))


def down(name: str | None = None) -> bool:
    """Remove a cluster; False when kit knows none of that name and no provider has it."""
    name = name or get_settings().cluster
    record = load_record(name)
    return provider(record.provider if record else _choose()).down(name)


def status(name: str | None = None) -> ClusterStatus:
    """How a cluster is."""
    name = name or get_settings().cluster
    record = load_record(name)
    return provider(record.provider if record else _choose()).status(name)


def load(name: str | None, images: list[str]) -> None:
    """Bring local images into a cluster's nodes."""
    record = known(name)
    provider(record.provider).load(record.name, images)


def reset(name: str | None = None) -> ClusterRecord:
    """Remove a cluster and make it anew, with as many nodes as it had."""
    record = known(name)
    if record.provider == "current":
        raise ClusterError(f"cluster {record.name!r} is a context of yours; kit does not reset it")
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


def _choose() -> str:
    """The settings' provider; else kind where Docker answers, and the embedded control plane elsewhere."""
    chosen = get_settings().provider
    if chosen:
        return chosen
    if docker.why_unusable() is None:
        return "kind"
    say("Docker does not answer: taking the embedded control plane, which runs no containers")
    return "embedded"
