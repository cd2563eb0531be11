"""A namespace of kit's cluster for one run of one notebook."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kitlib.cluster import Cluster


@dataclass(frozen=True)
class Namespace:
    """A namespace that was made for a notebook."""

    cluster: Cluster
    name: str

    @classmethod
    def make(cls, stem: str) -> Namespace:
        """Make one, with a name that tells the notebook and is never the same twice.

        Args:
            stem: the notebook's file name without its ending.

        Raises:
            UsageError: kit knows no cluster.
            ClusterError: it does not answer, or refuses.
        """
        from kitlib.cluster.connect import connect

        words = re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-")[:40].strip("-")
        name = f"nb-{words}-{uuid.uuid4().hex[:6]}"
        cluster = connect(namespace=name)
        labels = {"app.kubernetes.io/managed-by": "kit"}
        cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
        cluster.wait("ServiceAccount", "default", until="exists")
        return cls(cluster, name)

    @property
    def environment(self) -> dict[str, str]:
        """What tells a kernel that this is its namespace."""
        return {"KIT_NAMESPACE": self.name, "KIT_LESSON_NAMESPACE": self.name}

    def gone(self) -> bool:
        """Whether somebody deleted it."""
        from kitlib.errors import ClusterError

        try:
            found = self.cluster.find("Namespace", self.name)
        except ClusterError:
            return False  # nothing is known of it
        return found is None or bool(found["metadata"].get("deletionTimestamp"))

    def remove(self) -> None:
        """Delete it, in the background."""
        self.cluster.delete("Namespace", self.name, missing_ok=True, wait_seconds=0)
