"""What the worker knows of the API's table; the API's tests hold it against the migrated schema."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Identity, MetaData, String, Table, false, func

metadata = MetaData()

todos = Table(
    "todos",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("title", String(200), nullable=False),
    Column("done", Boolean, nullable=False, server_default=false()),
    Column("due_at", DateTime(timezone=True)),
    Column("reminded_at", DateTime(timezone=True)),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)
