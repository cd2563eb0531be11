"""What every sign is."""

from __future__ import annotations

from kitlib.cluster import Cluster
from kitlib.faults.strict import Strict


class Seen(Strict):
    """One sort of sign."""

    def instead(self, cluster: Cluster) -> str:
        """Empty when the sign is there; else what is."""
        raise NotImplementedError

    @property
    def ends(self) -> bool:
        """Whether it ends when the fault is healed."""
        return True


class Trace(Seen):
    """A sign that stays when the fault is healed, as events and logs do."""

    @property
    def ends(self) -> bool:
        return False
