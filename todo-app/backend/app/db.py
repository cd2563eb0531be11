"""PostgreSQL: the engine, and failures put into words that hold no secret."""

from __future__ import annotations

from sqlalchemy import URL, Engine, Pool, create_engine
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

# What SQLAlchemy raises when the server is away, refuses, or does not answer in time.
UNAVAILABLE = (OperationalError, InterfaceError, PoolTimeout)


def make_engine(url: URL, *, poolclass: type[Pool] | None = None, statement_timeout: float = 10) -> Engine:
    """An engine that notices dead connections and never waits long.

    Args:
        url: where the database is.
        poolclass: NullPool for checks that must open a connection each time; else the usual pool.
        statement_timeout: seconds after which the server cancels a statement.
    """
    connect_args: dict[str, object] = {"connect_timeout": 2}  # the least that libpq accepts
    if "options" not in url.query:
        connect_args["options"] = f"-c statement_timeout={int(statement_timeout * 1000)}"
    if poolclass is not None:
        return create_engine(url, poolclass=poolclass, connect_args=connect_args)
    return create_engine(url, pool_pre_ping=True, pool_timeout=5, connect_args=connect_args)


def address(url: URL) -> str:
    """`host:port` of a database URL."""
    return f"{url.host}:{url.port or 5432}"


def explain(error: BaseException, url: URL) -> str:
    """One line that says why the database did not answer, without the password.

    psycopg's own text is kept: it names the host and, for a wrong name, the resolver's error.
    """
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    text = " ".join(str(cause).split()) or type(cause).__name__
    return text.replace(url.password, "***") if url.password else text
