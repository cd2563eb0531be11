"""One agent at work in a thread of its own, while its AgentConfig is there and this replica leads."""

from __future__ import annotations

import logging
import threading
from typing import Protocol

from kitlib.agent.status import AgentStatus
from kitlib.errors import KitError
from kitlib.redaction import redact

RETRY_SECONDS = 30.0
STOP_SECONDS = 30.0  # for an agent to end what it does: a dry run and a change
_log = logging.getLogger("kitlib.agent.running")


class Worker(Protocol):
    """What runs for one AgentConfig."""

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop."""

    def status(self) -> AgentStatus:
        """How it is; never raises."""


class Running:
    """One agent at work, in its own thread; what ends it is tried again."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.trouble = ""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="agent", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether it works; False only after `end`, or a fault of kit's own."""
        return self._thread.is_alive()

    def end(self) -> bool:
        """Tell it to stop and wait; whether it did."""
        self._stop.set()
        self._thread.join(STOP_SECONDS)
        return not self.alive

    def _work(self) -> None:
        while not self._stop.is_set():
            try:
                self.worker.run(self._stop)
                self.trouble = ""
            except KitError as error:
                self.trouble = redact(error.message)
                _log.warning("the agent stopped, and is started again: %s", self.trouble)
                self._stop.wait(RETRY_SECONDS)
