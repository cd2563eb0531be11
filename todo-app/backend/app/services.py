"""What one running API holds: its settings, pools and metrics."""

from __future__ import annotations

from dataclasses import dataclass, field

from fastapi import Request
from sqlalchemy import Engine, NullPool
from sqlalchemy.orm import Session, sessionmaker

from app import cache, db
from app.cache import Cache
from app.config import Settings
from app.metrics import Metrics


@dataclass
class Services:
    """The attached resources; `draining` is true from the first SIGTERM on."""

    settings: Settings
    engine: Engine
    probe_engine: Engine
    sessions: sessionmaker[Session]
    cache: Cache
    metrics: Metrics
    draining: bool = field(default=False)

    @classmethod
    def connect(cls, settings: Settings) -> Services:
        """Make the pools; nothing is contacted yet."""
        metrics = Metrics()
        engine = db.make_engine(settings.database)
        return cls(
            settings=settings,
            engine=engine,
            # A pooled connection says nothing of whether a new one could be made, so probes open their own.
            probe_engine=db.make_engine(settings.database, poolclass=NullPool, statement_timeout=2),
            sessions=sessionmaker(engine, expire_on_commit=False),
            cache=Cache(cache.connect(settings.redis_url.get_secret_value()), metrics),
            metrics=metrics,
        )

    def close(self) -> None:
        """Close the pools."""
        self.engine.dispose()
        self.cache.close()


def get_services(request: Request) -> Services:
    """The running API's services, for FastAPI's `Depends`."""
    services: Services = request.app.state.services
    return services
