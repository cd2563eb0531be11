"""The tables."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, Identity, Index, String, false, func, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

TITLE_LENGTH = 200


class Base(DeclarativeBase):
    """What Alembic compares the database with."""


class Todo(Base):
    """Something to do, perhaps until a certain time.

    `reminded_at` is written by the worker; a new `due_at` clears it, so that the new time is reminded too.
    """

    __tablename__ = "todos"
    __table_args__ = (
        # What the worker looks for; it stays small however many todos are done.
        Index("ix_todos_to_remind", "due_at", postgresql_where=text("reminded_at IS NULL AND NOT done")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    title: Mapped[str] = mapped_column(String(TITLE_LENGTH))
    done: Mapped[bool] = mapped_column(server_default=false(), default=False)
    due_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    reminded_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=func.now()
    )
