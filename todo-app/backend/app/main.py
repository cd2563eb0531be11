"""The application, and the process that serves it: `python -m app.main`."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import FrameType

import uvicorn
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from prometheus_client import start_http_server

from app import db, health, logs, routes
from app.config import ConfigError, load_settings
from app.observe import Observe
from app.services import Services

log = logging.getLogger("app.main")


def create_app(services: Services | None = None) -> FastAPI:
    """The ASGI application.

    Args:
        services: what it works with; by default made from the environment.

    Raises:
        ConfigError: the environment lacks something.
    """
    if services is None:
        settings = load_settings()
        logs.configure(settings.log_level)
        services = Services.connect(settings)
    app = FastAPI(title="todo-api", lifespan=_lifespan)
    app.state.services = services
    app.include_router(routes.router)
    app.include_router(health.router)
    if services.settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=services.settings.cors_origins,
            allow_methods=["*"],
            allow_headers=["*"],
        )
    app.add_middleware(Observe, services=services)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    services: Services = app.state.services
    metrics, thread = start_http_server(
        services.settings.metrics_port, registry=services.metrics.registry, addr="0.0.0.0"
    )
    log.info("serving, with the database at %s", db.address(services.settings.database))
    yield
    metrics.shutdown()
    metrics.server_close()
    thread.join()
    services.close()
    log.info("stopped: every request was answered and the pools are closed")


class DrainingServer(uvicorn.Server):
    """A server whose first SIGTERM only turns readiness off; it stops when clients have had time to leave.

    A second signal ends that time at once. Requests in flight are answered either way, and the process ends
    with exit code 0; uvicorn's own would be the signal's.

    Args:
        config: uvicorn's configuration.
        services: whose `draining` is set, and whose settings give the time.
    """

    def __init__(self, config: uvicorn.Config, services: Services) -> None:
        super().__init__(config)
        self._services = services
        self._loop: asyncio.AbstractEventLoop | None = None

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until a signal."""
        self._loop = asyncio.get_running_loop()
        await super().serve(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Answer SIGTERM and SIGINT."""
        if self._services.draining or self._loop is None:
            self.should_exit = True
            return
        self._services.draining = True
        self._loop.call_soon_threadsafe(self._drain, signal.Signals(sig).name)

    def _drain(self, name: str) -> None:
        delay = self._services.settings.shutdown_delay_seconds
        log.info("%s: not ready from now on, stopping in %g s", name, delay)
        asyncio.get_running_loop().call_later(delay, setattr, self, "should_exit", True)


def main() -> int:
    """Serve until SIGTERM and return the exit code."""
    logs.configure()
    try:
        settings = load_settings()
    except ConfigError as error:
        log.critical("bad configuration: %s", error)
        return 1
    logs.configure(settings.log_level)
    services = Services.connect(settings)
    config = uvicorn.Config(
        create_app(services),
        host="0.0.0.0",
        port=settings.port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=settings.shutdown_timeout_seconds,
    )
    server = DrainingServer(config, services)
    server.run()
    return 0 if server.started else 1


if __name__ == "__main__":
    sys.exit(main())
