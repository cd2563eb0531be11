"""Which of several replicas acts: the one that holds the Lease, for as long as it can be sure of it.

The rules are those of client-go's leader election. A Lease is written only in the state that it was read in,
so of two who reach for it one is refused. Nobody compares clocks: a candidate takes the Lease over when it
has seen no change of it for its whole duration, by its own monotonic clock. The holder counts from before
its last renewal was sent, and stops earlier than others may start, whether the API server answers or not.

`kubernetes.leaderelection` is not used: it counts by the wall clock, which may be set back; it never says no
by itself, but only when its loop comes round, after requests without a timeout; and it gives no Lease back.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from kitlib.agent.housekeeping import Body, Housekeeping
from kitlib.errors import ApiError, ClusterUnreachable, Conflict, NotFound


@dataclass(frozen=True)
class Timing:
    """How an election goes, in seconds.

    Args:
        lease: after so long without a change others may take the Lease.
        hold: after so long without a renewal the holder acts no more; less than `lease`, by what a request
            that is on its way may still take.
        retry: between two tries.
    """

    lease: float = 15.0
    hold: float = 10.0
    retry: float = 2.0


class Elector:
    """One candidate.

    Args:
        keeping: where the Lease is.
        identity: of this process; no other may ever have it.
        timing: see there.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        keeping: Housekeeping,
        identity: str,
        timing: Timing | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.identity = identity
        self.timing = timing or Timing()
        self.last_error = ""
        self.stepped = 0.0
        self.answered = False
        self._keeping = keeping
        self._clock = clock
        self._until = float("-inf")
        self._seen: tuple[str, float] = ("", 0.0)  # the Lease's version, and when it was first seen
        self._released = False

    def is_leader(self) -> bool:
        """Whether this process may act now; asks nobody but the clock."""
        return self._clock() < self._until

    def step(self) -> bool:
        """Try once to renew the Lease, or to take it.

        Returns:
            Whether this process may act.
        """
        begun = self._clock()
        try:
            renewed = self._try(begun)
            self.answered, self.last_error = True, ""
        except (ApiError, ClusterUnreachable) as error:
            self.answered = isinstance(error, Conflict)  # somebody wrote it meanwhile; the next try sees who
            self.last_error = error.message
            self.stepped = self._clock()
            return self.is_leader()  # as sure as before: nobody else can have it yet
        self._until = begun + self.timing.hold if renewed and not self._released else float("-inf")
        self.stepped = self._clock()
        return self.is_leader()

    def run(self, stop: threading.Event) -> None:
        """Step until told to stop, then give the Lease back."""
        while not stop.is_set():
            self.step()
            stop.wait(self.timing.retry)
        self.release()

    def release(self) -> None:
        """Act no more, and let another take the Lease at once; what can't be given back runs out."""
        self._released = True
        self._until = float("-inf")
        try:
            found = self._keeping.lease()
            if found.get("spec", {}).get("holderIdentity") == self.identity:
                spec = {**found["spec"], "holderIdentity": "", "leaseDurationSeconds": 1, "renewTime": _now()}
                self._keeping.replace_lease({**found, "spec": spec})
        except (ApiError, ClusterUnreachable) as error:
            self.last_error = error.message

    def _try(self, begun: float) -> bool:
        try:
            found = self._keeping.lease()
        except NotFound:
            self._keeping.create_lease(self._spec({}))
            return True
        spec = found.get("spec") or {}
        if spec.get("holderIdentity") not in (None, "", self.identity) and not self._ran_out(found, begun):
            return False
        self._keeping.replace_lease({**found, "spec": self._spec(spec)})
        return True

    def _ran_out(self, lease: Body, now: float) -> bool:
        """Whether another's Lease stayed unchanged for its whole duration while this process looked."""
        version = lease["metadata"]["resourceVersion"]
        if version != self._seen[0]:
            self._seen = (version, self._clock())  # not before it was read
        duration = float((lease.get("spec") or {}).get("leaseDurationSeconds") or self.timing.lease)
        return now - self._seen[1] >= duration

    def _spec(self, before: Body) -> dict[str, Any]:
        """The Lease as this process writes it; its times are for people only."""
        mine = before.get("holderIdentity") == self.identity
        changes = int(before.get("leaseTransitions") or 0) + (1 if before and not mine else 0)
        return {
            "holderIdentity": self.identity,
            "leaseDurationSeconds": max(1, round(self.timing.lease)),
            "acquireTime": before.get("acquireTime") if mine else _now(),
            "renewTime": _now(),
            "leaseTransitions": changes,
        }


def _now() -> str:
    """As a Lease has it, a MicroTime."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
