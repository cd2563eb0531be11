"""Alembic runs this for each command: all migrations in one transaction, one command at a time."""

from alembic import context
from sqlalchemy import Connection, text

from app.models import Base

LOCK = 0x746F646F  # an advisory lock's key is any number that no other program takes: "todo"

connection: Connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata)
with context.begin_transaction():
    # Whoever comes second waits here, then reads the version that the first one committed. The lock ends with
    # the transaction, also when the process is killed. Neither it nor a table's lock is waited for long.
    connection.execute(text("SET LOCAL lock_timeout = '60s'"))
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
    context.run_migrations()
