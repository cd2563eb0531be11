"""The memory of an agent that runs in the cluster, as a person reads it: from the ConfigMaps that keep it.

What is read is a copy. An answer to a proposal goes the other way, by an annotation: kitlib.agent.annotating.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from kitlib.agent.cluster_state import Keeper
from kitlib.agent.housekeeping import Housekeeping
from kitlib.agent.state import State
from kitlib.cluster import Cluster
from kitlib.errors import NotFound, UsageError
from kitlib.policy import Audit
from kitlib.policy.preimages import LIFE, Preimage


@dataclass(frozen=True)
class Memory:
    """What one agent in the cluster remembers.

    Args:
        folder: the copy of its state folder.
        name: the agent's.
    """

    folder: Path
    name: str

    @property
    def state(self) -> State:
        """Its proposals."""
        return State(self.folder / "agents" / self.name, self.name)

    @property
    def audit(self) -> Audit:
        """Its audit, with the hash that its last entry must have."""
        return Audit(self.folder / "audit.jsonl")

    def change(self, id: str) -> Preimage:
        """A change that it made, with the object before it.

        Raises:
            UsageError: it remembers none of that id, or the change is older than a day.
        """
        path = self.folder / "undo" / f"{id}.json"
        if not id.isalnum() or not path.exists():
            raise UsageError(
                f"the agent {self.name} keeps no change {id!r}; changes are kept for 24 hours",
                fix="kit audit show --in-cluster NAMESPACE/NAME",
            )
        found = Preimage(**json.loads(path.read_text()))
        if datetime.now(UTC) - datetime.fromisoformat(found.at) > LIFE:
            raise UsageError(f"the change {id} was made at {found.at}, and is kept for 24 hours only")
        return found


def place_of(where: str) -> tuple[str, str]:
    """The namespace and the name that NAMESPACE/NAME means.

    Raises:
        UsageError: it means none.
    """
    namespace, _, name = where.partition("/")
    if not namespace or not name or "/" in name:
        raise UsageError(
            f"{where!r} is no NAMESPACE/NAME of an AgentConfig", fix="kubectl get agentconfig -A"
        )
    return namespace, name


@contextmanager
def memory_of(cluster: Cluster, where: str) -> Iterator[Memory]:
    """The memory of an agent in the cluster, as it was saved last, for as long as the body runs.

    Args:
        cluster: as somebody who may get the agent's ConfigMaps.
        where: NAMESPACE/NAME of its AgentConfig.

    Raises:
        UsageError: there is none, or `where` is no such name.
        StateLost: a part of it is missing or damaged.
        ClusterUnreachable, ApiError: see kitlib.errors.
    """
    namespace, name = place_of(where)
    with TemporaryDirectory(prefix="kit-agent-") as folder:
        try:
            Keeper(Housekeeping(cluster.within(namespace), name), "").read(Path(folder))
        except NotFound:
            raise UsageError(
                f"no agent {name} keeps a memory in namespace {namespace}: it has never led there",
                fix=f"kubectl get agentconfig,lease -n {namespace}",
            ) from None
        yield Memory(Path(folder), name)
