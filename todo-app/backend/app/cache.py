"""The cache in Redis, which the application can do without.

Every key holds the number of the current generation, and every write starts a new one. A reader asks for the
generation before it reads the database, so what it stores late, under an old generation, nobody finds. When
Redis cannot be told of a write, this process tells it before it next uses the cache; another process may
then serve what it had cached for at most `TTL` seconds.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar, cast

from pydantic import BaseModel
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from app.metrics import Metrics

log = logging.getLogger(__name__)
T = TypeVar("T", bound=BaseModel)
R = TypeVar("R")

TTL = 30  # seconds
PAUSE = 1.0  # seconds without asking Redis after a failure, so that an outage does not slow every request
GENERATION = "todos:generation"


def connect(url: str, *, timeout: float = 0.5) -> Redis:
    """A Redis client that gives up after `timeout` seconds; one retry finds a connection that died idle."""
    return Redis.from_url(
        url, socket_timeout=timeout, socket_connect_timeout=timeout, retry=Retry(NoBackoff(), 1)
    )


class Cache:
    """Answers of the database, by name; Redis away is a miss, a line in the log and a count.

    Args:
        redis: a connected client; see `connect`.
        metrics: where hits, misses and errors are counted.
    """

    def __init__(self, redis: Redis, metrics: Metrics) -> None:
        self._redis = redis
        self._metrics = metrics
        self._lock = threading.Lock()
        self._resume_at = 0.0
        self._write_untold = False

    def read(self, name: str, model: type[T], load: Callable[[], T]) -> T:
        """The cached answer of that name, or what `load` returns, which is then cached."""
        key = self._try("get", lambda: f"todos:{self._generation()}:{name}")
        found = self._try("get", lambda: cast("bytes | None", self._redis.get(key))) if key else None
        if found is not None:
            self._metrics.cache_hits.inc()
            return model.model_validate_json(found)
        if key:
            self._metrics.cache_misses.inc()
        value = load()
        if key:
            self._try("set", lambda: self._redis.set(key, value.model_dump_json(), ex=TTL))
        return value

    def invalidate(self) -> None:
        """Forget every answer; call it after the commit and before the client is answered."""
        if self._try("invalidate", lambda: self._redis.incr(GENERATION)) is None:
            self._write_untold = True

    def close(self) -> None:
        """Close the connections."""
        self._redis.close()

    def _generation(self) -> int:
        if self._write_untold:
            generation = cast("int", self._redis.incr(GENERATION))
            self._write_untold = False
            return generation
        return int(cast("bytes | None", self._redis.get(GENERATION)) or 0)

    def _try(self, operation: str, ask: Callable[[], R]) -> R | None:
        """Ask Redis, unless it failed just now; None when there is no answer."""
        if time.monotonic() < self._resume_at:
            self._metrics.cache_errors.labels(operation).inc()
            return None
        try:
            return ask()
        except RedisError as error:
            self._metrics.cache_errors.labels(operation).inc()
            with self._lock:
                self._resume_at = time.monotonic() + PAUSE
            reason = " ".join(str(error).split()) or type(error).__name__
            log.warning("redis does not answer, going on without the cache: %s", reason)
            return None
