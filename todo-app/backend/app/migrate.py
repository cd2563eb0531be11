"""Bring the database's schema up to date: `python -m app.migrate`, before each release starts.

Safe to run several times at once, as the init containers of several pods do: see migrations/env.py.
"""

from __future__ import annotations

import logging
import socket
import sys
import time

from alembic import command
from sqlalchemy import URL, Connection, Engine, NullPool
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from app import db, logs, schema
from app.config import ConfigError, Settings, load_settings

log = logging.getLogger("app.migrate")

RESOLVE_SECONDS = 5  # a name of a Service made a moment ago is known by then


def main() -> int:
    """Wait for the database, migrate it, and return the exit code."""
    logs.configure()
    try:
        settings = load_settings()
    except ConfigError as error:
        log.critical("bad configuration: %s", error)
        return 1
    logs.configure(settings.log_level)
    engine = db.make_engine(settings.database, poolclass=NullPool, statement_timeout=0)
    try:
        connection = wait_for(engine, settings)
    except OperationalError:
        return 1
    try:
        with connection:
            upgrade(connection)
    except SQLAlchemyError as error:
        log.critical("migration failed: %s", db.explain(error, settings.database), exc_info=True)
        return 1
    return 0


def wait_for(engine: Engine, settings: Settings) -> Connection:
    """A connection, made as soon as the database accepts one.

    Raises:
        OperationalError: it did not within MIGRATE_WAIT_SECONDS, or within RESOLVE_SECONDS if its host's name
            does not resolve: such a name is mostly wrong, not late. The log says where and why.
    """
    started = time.monotonic()
    pause = 0.5
    while True:
        try:
            return engine.connect()
        except OperationalError as error:
            wait = settings.migrate_wait_seconds
            left = started + (wait if _resolves(settings.database) else min(wait, RESOLVE_SECONDS))
            left -= time.monotonic()
            _report(error, settings.database, logging.DEBUG if left > 0 else logging.CRITICAL)
            if left <= 0:
                raise
            time.sleep(min(pause, left))
            pause = min(pause * 2, 5)


def _resolves(url: URL) -> bool:
    try:
        socket.getaddrinfo(url.host, url.port or 5432)
    except OSError:
        return False
    return True


def _report(error: OperationalError, url: URL, level: int) -> None:
    reason = db.explain(error, url)
    place = {"host": url.host, "port": url.port or 5432}
    log.log(
        level, "database unreachable at %s: %s", db.address(url), reason, extra={**place, "error": reason}
    )


def upgrade(connection: Connection) -> None:
    """Migrate to the newest revision; a database that a newer release migrated is left as it is."""
    before = schema.current(connection)
    connection.rollback()  # ends the transaction that the look began, so that env.py's sees what is new
    if schema.is_newer(before):
        log.warning("schema is at %s, newer than this release's %s: left as it is", before, schema.head())
        return
    command.upgrade(schema.alembic_config(connection), "head")
    log.info("schema is at %s", schema.head(), extra={"before": before})


if __name__ == "__main__":
    sys.exit(main())
