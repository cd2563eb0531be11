"""Each request: its id, its line in the log, its share of the metrics, and an answer if the code fails."""

from __future__ import annotations

import logging
import re
import time
import uuid

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import db, logs
from app.services import Services

log = logging.getLogger("app.requests")


class Observe:
    """ASGI middleware around everything else.

    Args:
        app: what it wraps.
        services: whose metrics count, and whose database a failure speaks of.
    """

    def __init__(self, app: ASGIApp, services: Services) -> None:
        self._app = app
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        identity = _request_id(scope)
        token = logs.request_id.set(identity)
        status: int | None = None

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", identity.encode())]
            await send(message)

        try:
            try:
                await self._app(scope, receive, send_on)
            except Exception as error:  # noqa: BLE001  # the last place that can answer; it logs each one
                answer = self._failure(error)
                if status is None:
                    await answer(scope, receive, send_on)
        finally:
            self._record(scope, status or 500, time.perf_counter() - started)
            logs.request_id.reset(token)

    def _failure(self, error: Exception) -> JSONResponse:
        if isinstance(error, db.UNAVAILABLE):
            self._services.metrics.db_errors.inc()
            url = self._services.settings.database
            log.error("database unreachable at %s: %s", db.address(url), db.explain(error, url))
            return JSONResponse({"detail": "the database does not answer"}, 503, {"Retry-After": "5"})
        log.error("request failed: %s", type(error).__name__, exc_info=error)
        return JSONResponse({"detail": "internal error", "request_id": logs.request_id.get()}, 500)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        template = getattr(scope.get("route"), "path", "unmatched")
        self._services.metrics.observe(scope["method"], template, status, seconds)
        quiet = template.startswith("/health/") and status < 400  # probes ask every few seconds
        log.log(
            logging.DEBUG if quiet else logging.INFO,
            "%s %s %d",
            scope["method"],
            scope["path"],
            status,
            extra={
                "method": scope["method"],
                "path": scope["path"],
                "route": template,
                "status": status,
                "duration_ms": round(seconds * 1000, 1),
                "client": scope["client"][0] if scope.get("client") else None,
            },
        )


def _request_id(scope: Scope) -> str:
    """The caller's X-Request-ID where it is harmless, else a new one."""
    given = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")
    return given if re.fullmatch(r"[A-Za-z0-9._-]{1,64}", given) else uuid.uuid4().hex
