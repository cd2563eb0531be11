"""Prometheus metrics, served on a port of their own that no Ingress exposes."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram, PlatformCollector, ProcessCollector

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


class Metrics:
    """The API's metrics. Routes are templates and methods a fixed set: clients can't add time series."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self.requests = Counter(
            "todo_http_requests", "Requests answered.", ["method", "route", "status"], registry=self.registry
        )
        self.latency = Histogram(
            "todo_http_request_duration_seconds",
            "Time from a request's arrival to the end of its answer.",
            ["method", "route"],
            registry=self.registry,
        )
        self.cache_hits = Counter("todo_cache_hits", "Reads that Redis answered.", registry=self.registry)
        self.cache_misses = Counter(
            "todo_cache_misses", "Reads that Redis had no answer to.", registry=self.registry
        )
        self.cache_errors = Counter(
            "todo_cache_errors",
            "Cache operations done without Redis, because it was away.",
            ["operation"],
            registry=self.registry,
        )
        self.db_errors = Counter(
            "todo_db_errors", "Requests that failed because of PostgreSQL.", registry=self.registry
        )
        for operation in ("get", "set", "invalidate"):
            self.cache_errors.labels(operation)

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        method = method if method in METHODS else "other"
        self.requests.labels(method, route, str(status)).inc()
        self.latency.labels(method, route).observe(seconds)
