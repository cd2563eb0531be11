"""What Kubernetes' probes ask."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from redis import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app import cache, db, schema
from app.services import Services, get_services

log = logging.getLogger(__name__)
router = APIRouter(prefix="/health", tags=["health"])

DEADLINE = 3.0  # seconds for one answer: libpq's shortest connect timeout is 2, and probes wait 5
# Threads of their own: requests that all wait for the database must not keep a probe from saying so. A check
# that hangs (in the resolver, say) holds one of them, and the next probe then reports the deadline.
_threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="health")


@router.get("/live")
async def live() -> dict[str, str]:
    """The process serves requests. Asks nothing else: a restart mends no backing service."""
    return {"status": "ok"}


@router.get("/ready")
async def ready(services: Services = Depends(get_services)) -> JSONResponse:  # noqa: B008
    """PostgreSQL and Redis both answer now, and the API is not shutting down."""
    if services.draining:
        return JSONResponse({"status": "shutting down"}, 503)
    postgresql, redis = await asyncio.gather(
        _check(db.address(services.settings.database), partial(_ask_postgresql, services)),
        _check(_redis_address(services), partial(_ask_redis, services)),
    )
    return _answer({"postgresql": postgresql, "redis": redis})


@router.get("/startup")
async def startup(services: Services = Depends(get_services)) -> JSONResponse:  # noqa: B008
    """The database's schema is the one that this code needs."""
    check = partial(_ask_schema, services)
    return _answer({"schema": await _check(db.address(services.settings.database), check)})


def _answer(checks: dict[str, dict[str, Any]]) -> JSONResponse:
    failed = {name: check for name, check in checks.items() if not check["ok"]}
    for name, check in failed.items():
        log.warning(
            "%s at %s: %s",
            name,
            check["host"],
            check["error"],
            extra={"service": name, "host": check["host"]},
        )
    status = "unavailable" if failed else "ok"
    return JSONResponse({"status": status, "checks": checks}, 503 if failed else 200)


async def _check(host: str, ask: Callable[[], str | None]) -> dict[str, Any]:
    """Run a blocking check that returns what is wrong, or None."""
    try:
        future = asyncio.get_running_loop().run_in_executor(_threads, ask)
        error = await asyncio.wait_for(future, DEADLINE)
    except TimeoutError:
        error = f"no answer within {DEADLINE:g} s"
    return {"ok": error is None, "host": host} | ({"error": error} if error else {})


def _ask_postgresql(services: Services) -> str | None:
    try:
        with services.probe_engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except SQLAlchemyError as error:
        return db.explain(error, services.settings.database)
    return None


def _ask_redis(services: Services) -> str | None:
    url = services.settings.redis_url.get_secret_value()
    try:
        with cache.connect(url, timeout=2) as client:
            client.ping()
    except RedisError as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        password = urlsplit(url).password
        return reason.replace(password, "***") if password else reason
    return None


def _ask_schema(services: Services) -> str | None:
    try:
        with services.probe_engine.connect() as connection:
            return schema.problem(connection)
    except SQLAlchemyError as error:
        return db.explain(error, services.settings.database)


def _redis_address(services: Services) -> str:
    parts = urlsplit(services.settings.redis_url.get_secret_value())
    return f"{parts.hostname or 'localhost'}:{parts.port or 6379}"
