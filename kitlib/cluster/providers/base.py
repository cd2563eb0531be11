"""What a provider of clusters promises, and the record of the clusters that kit made."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from kitlib.cluster.cluster import Cluster
from kitlib.errors import UsageError
from kitlib.settings import ProviderName, get_settings

State = Literal["absent", "stopped", "broken", "running"]


@dataclass(frozen=True)
class ClusterRecord:
    """A cluster that kit made or was told to use; kept in the state folder, one JSON file each.

    Args:
        name: the cluster's name.
        provider: who made it.
        kubeconfig: the file that holds its context.
        context: the context in that file.
        owned: what marks it as ours: container ids, process ids; a cluster without its mark is not touched.
    """

    name: str
    provider: ProviderName
    kubeconfig: Path
    context: str
    owned: tuple[str, ...] = ()

    def connect(self, namespace: str = "default") -> Cluster:
        """A Cluster bound to this record's context."""
        return Cluster.from_kubeconfig(self.kubeconfig, context=self.context, namespace=namespace)


@dataclass(frozen=True)
class ClusterStatus:
    """How a cluster is.

    Args:
        state: absent, stopped (can be started again), broken (half made or not answering), running.
        detail: one sentence for a person.
        nodes: name → whether it is Ready.
    """

    name: str
    provider: ProviderName
    state: State
    detail: str = ""
    nodes: dict[str, bool] = field(default_factory=dict)


@dataclass(frozen=True)
class UpOptions:
    """What `kit cluster up` can be asked for.

    Args:
        nodes: how many nodes, the control plane among them.
        api_port: the API server's port on this machine; 0: a free one.
        context: a context of the user's kubeconfig, for the provider `current`; none: the current one.
    """

    nodes: int = 1
    api_port: int = 0
    context: str | None = None


class Provider(Protocol):
    """Makes, inspects and removes clusters of one sort; every verb may be repeated safely."""

    name: ProviderName

    def up(self, name: str, options: UpOptions) -> ClusterRecord:
        """Make the cluster, start a stopped one, repair a half-made one; return its saved record.

        Raises:
            MachineError: the machine lacks something; nothing was changed.
            NotOurs: a cluster of that name exists that kit did not make.
        """

    def down(self, name: str) -> bool:
        """Remove the cluster and all that belongs to it; False when there was none.

        Raises:
            NotOurs: kit did not make it.
        """

    def status(self, name: str) -> ClusterStatus:
        """How the cluster is; never raises for a broken one."""

    def load(self, name: str, images: list[str]) -> None:
        """Bring local images into the cluster's nodes.

        Raises:
            UsageError: an image does not exist here, or this sort of cluster runs no containers.
        """


def clusters_dir() -> Path:
    """Where the records are; made if absent, readable by this user alone: kubeconfigs hold keys."""
    folder = get_settings().state_dir / "clusters"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def cluster_dir(name: str) -> Path:
    """The folder of one cluster's files: kubeconfig, keys, logs."""
    folder = clusters_dir() / name
    folder.mkdir(exist_ok=True, mode=0o700)
    return folder


def save(record: ClusterRecord) -> ClusterRecord:
    """Write a record, whole or not at all."""
    path = clusters_dir() / f"{record.name}.json"
    text = json.dumps(asdict(record), default=str, indent=2)
    temporary = path.with_suffix(".tmp")
    temporary.write_text(text)
    os.replace(temporary, path)
    return record


def load_record(name: str) -> ClusterRecord | None:
    """The record of a cluster, or None when kit knows none of that name.

    Raises:
        UsageError: the record's file cannot be understood.
    """
    path = clusters_dir() / f"{name}.json"
    try:
        found = json.loads(path.read_text())
        return ClusterRecord(
            found["name"],
            found["provider"],
            Path(found["kubeconfig"]),
            found["context"],
            tuple(found["owned"]),
        )
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path} is damaged: {error}", fix=f"remove {path}, then kit cluster up") from None


def forget(name: str) -> None:
    """Remove a cluster's record and files."""
    import shutil

    shutil.rmtree(clusters_dir() / name, ignore_errors=True)
    (clusters_dir() / f"{name}.json").unlink(missing_ok=True)
