"""Reminding of what is due, at least once.

A todo is marked in the transaction that its delivery happens in, and after it. A worker that dies between the
two leaves the todo unmarked, and the next run delivers it again; so a reminder may come twice and is never
lost. The key sent along lets a receiver drop the second one.
"""

from __future__ import annotations

import json
import logging
import time
import urllib.request
from http.client import HTTPException
from typing import Any

from sqlalchemy import Connection, Engine, NullPool, RowMapping, create_engine, func, select, update

from worker.config import Settings
from worker.table import todos

log = logging.getLogger("worker.reminders")

WEBHOOK_TIMEOUT = 5  # seconds; the todo's row stays locked meanwhile, and the API gives a statement 10
RUN_SECONDS = 30  # a run takes no new todo after this; the next one goes on


def make_engine(settings: Settings) -> Engine:
    """An engine without a pool: a run every few seconds does not pay for connections kept open, or forked."""
    return create_engine(settings.database, poolclass=NullPool, connect_args={"connect_timeout": 5})


def remind_all(engine: Engine, webhook: str | None) -> int:
    """Remind of every todo that is due; one that can't be delivered waits for the next run.

    Args:
        engine: the database.
        webhook: where to POST each reminder; None: the log is the delivery.

    Returns:
        How many were delivered.

    Raises:
        SQLAlchemyError: the database failed; what was delivered until then stays marked.
    """
    deadline = time.monotonic() + RUN_SECONDS
    failed: list[int] = []
    delivered = 0
    with engine.connect() as connection:
        while time.monotonic() < deadline and (todo := _claim(connection, failed)):
            if _deliver(todo, webhook):
                marked = update(todos).where(todos.c.id == todo["id"]).values(reminded_at=func.now())
                connection.execute(marked)
                connection.commit()
                delivered += 1
            else:
                connection.rollback()
                failed.append(todo["id"])
    return delivered


def _claim(connection: Connection, failed: list[int]) -> RowMapping | None:
    """Lock the todo that has been due longest; other workers pass over it until the transaction ends."""
    due = (
        select(todos.c.id, todos.c.title, todos.c.due_at)
        .where(todos.c.reminded_at.is_(None), ~todos.c.done, todos.c.due_at <= func.now())
        .where(todos.c.id.not_in(failed))
        .order_by(todos.c.due_at, todos.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return connection.execute(due).mappings().first()


def _deliver(todo: RowMapping, webhook: str | None) -> bool:
    reminder = {"todo_id": todo["id"], "title": todo["title"], "due_at": todo["due_at"].isoformat()}
    if webhook and (problem := _post(webhook, reminder)):
        log.warning("reminder not delivered: %s", problem, extra={"event": "reminder_failed"} | reminder)
        return False
    log.info("reminder", extra={"event": "reminder"} | reminder)
    return True


def _post(webhook: str, reminder: dict[str, Any]) -> str | None:
    """POST a reminder as JSON and return what went wrong, or None."""
    headers = {
        "Content-Type": "application/json",
        "Idempotency-Key": f"todo-{reminder['todo_id']}-{reminder['due_at']}",
    }
    request = urllib.request.Request(webhook, json.dumps(reminder).encode(), headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=WEBHOOK_TIMEOUT):
            return None
    except (OSError, HTTPException) as error:  # HTTPError and TimeoutError are OSErrors
        return " ".join(str(error).split()) or type(error).__name__
