"""Touches the heartbeat file for as long as the worker's event loop turns, or waits for the broker.

A timer inside the event loop says that it turns, and a thread touches the file. While the broker is away
Celery waits outside the loop, and a restart would mend nothing, so the thread goes on; it stops only when a
connected loop hangs.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

from celery import bootsteps

from worker import heartbeat

log = logging.getLogger("worker.pulse")

INTERVAL = 5.0  # seconds between two touches
HANGS_AFTER = 30.0  # seconds without a tick of a connected event loop


class Pulse(bootsteps.StartStopStep):  # type: ignore[misc]  # celery has no types
    """A step of Celery's consumer: started when the broker is connected, stopped when it is lost."""

    requires = ("celery.worker.consumer.connection:Connection",)

    def __init__(self, consumer: Any, **options: Any) -> None:
        super().__init__(consumer, **options)
        self._connected = False
        self._ticked_at = time.monotonic()
        self._timer: Any = None
        threading.Thread(target=self._beat, name="heartbeat", daemon=True).start()

    def start(self, consumer: Any) -> None:
        """The broker is connected: from now on the event loop has to turn."""
        self._tick()
        self._timer = consumer.timer.call_repeatedly(INTERVAL, self._tick)
        self._connected = True

    def stop(self, consumer: Any) -> None:
        """The broker is lost, or the worker ends."""
        self._connected = False
        if self._timer is not None:
            self._timer.cancel()

    def _tick(self) -> None:
        self._ticked_at = time.monotonic()

    def _beat(self) -> None:
        while True:
            if not self._connected or time.monotonic() - self._ticked_at < HANGS_AFTER:
                try:
                    heartbeat.path().touch()
                except OSError as error:
                    log.error("cannot touch %s: %s", heartbeat.path(), error)
            time.sleep(INTERVAL)
