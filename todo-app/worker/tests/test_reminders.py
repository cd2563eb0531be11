"""Reminders: what is due, once where all goes well, again where it did not."""

import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select

import testing_services as services
from conftest import WORKER
from worker.reminders import remind_all
from worker.table import todos

PAST = datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)


def add(engine, title="due", **fields):
    with engine.begin() as connection:
        statement = insert(todos).values(title=title, **{"due_at": PAST} | fields).returning(todos.c.id)
        return connection.execute(statement).scalar_one()


def reminded(engine, todo):
    with engine.connect() as connection:
        return connection.execute(select(todos.c.reminded_at).where(todos.c.id == todo)).scalar_one()


def test_only_what_is_due_open_and_new_is_reminded_of(engine, webhook):
    due = add(engine)
    others = [
        add(engine, due_at=datetime.now(UTC) + timedelta(days=1)),
        add(engine, due_at=None),
        add(engine, done=True),
    ]
    add(engine, reminded_at=PAST)
    assert remind_all(engine, webhook.url) == 1
    assert reminded(engine, due) is not None
    assert [reminded(engine, other) for other in others] == [None] * 3
    got = webhook.received.get_nowait()
    assert (got["todo_id"], got["title"], got["due_at"]) == (due, "due", PAST.isoformat())
    assert remind_all(engine, webhook.url) == 0
    assert webhook.received.empty()


def test_a_failed_delivery_holds_up_no_other_and_is_retried(engine, webhook):
    first, second = add(engine), add(engine, "other", due_at=PAST + timedelta(hours=1))
    webhook.statuses.put(500)
    assert remind_all(engine, webhook.url) == 1
    assert reminded(engine, first) is None
    assert reminded(engine, second) is not None
    assert remind_all(engine, webhook.url) == 1
    assert reminded(engine, first) is not None
    keys = [webhook.received.get_nowait()["key"] for _ in range(3)]
    assert keys[0] == keys[2] != keys[1]


def test_a_webhook_that_is_away_leaves_the_todo_for_later(engine):
    todo = add(engine)
    assert remind_all(engine, f"http://127.0.0.1:{services.free_port()}") == 0
    assert reminded(engine, todo) is None
    assert remind_all(engine, None) == 1


def test_a_todo_that_another_worker_holds_is_passed_over(engine):
    todo = add(engine)
    with engine.begin() as other:
        other.execute(select(todos).where(todos.c.id == todo).with_for_update())
        assert remind_all(engine, None) == 0
    assert remind_all(engine, None) == 1


def test_killed_mid_delivery_and_delivered_by_the_next(engine, webhook, start):
    todo = add(engine)
    webhook.statuses.put(None)
    first = start(REMINDER_WEBHOOK_URL=webhook.url)
    assert webhook.received.get(timeout=services.WAIT)["todo_id"] == todo
    first.kill()
    assert reminded(engine, todo) is None
    second = start(REMINDER_WEBHOOK_URL=webhook.url)
    assert webhook.received.get(timeout=services.WAIT)["todo_id"] == todo
    services.until(lambda: reminded(engine, todo), "the todo to be marked")
    services.until(lambda: second.lines("reminder"), "the reminder in the log")
    assert [line["todo_id"] for line in second.lines("reminder")] == [todo]
    assert second.lines("reminder")[0]["logger"] == "worker.reminders"


def probe(environment):
    command = [sys.executable, "-m", "worker.heartbeat"]
    return subprocess.run(command, cwd=WORKER, env=environment, capture_output=True, text=True, timeout=20)


def test_the_heartbeat_goes_on_while_the_broker_is_away(engine, servers, start):
    _, redis = servers
    worker = start()
    todo = add(engine)
    services.until(lambda: reminded(engine, todo), "the first reminder")
    redis.stop()
    try:
        services.until(lambda: "Connection refused" in worker.log.read_text(), "the worker to notice")
        worker.heartbeat.unlink()
        services.until(worker.heartbeat.exists, "the next beat")
        assert probe(worker.environment).returncode == 0
    finally:
        redis.start()
    later = add(engine)
    services.until(lambda: reminded(engine, later), "a reminder after the outage")
    worker.heartbeat.unlink()
    services.until(worker.heartbeat.exists, "a beat after the outage")


@pytest.mark.parametrize(("age", "code"), [(0, 0), (50, 0), (70, 1)])
def test_an_old_heartbeat_fails_the_probe(tmp_path, age, code):
    file = tmp_path / "heartbeat"
    file.touch()
    os.utime(file, (time.time() - age,) * 2)
    assert probe({"HEARTBEAT_FILE": str(file)}).returncode == code


def test_no_heartbeat_fails_the_probe(tmp_path):
    answer = probe({"HEARTBEAT_FILE": str(tmp_path / "none")})
    assert answer.returncode == 1
    assert "no heartbeat" in answer.stderr


def test_a_missing_variable_is_one_line(start):
    worker = start(DATABASE_URL="")
    assert worker.process.wait(services.WAIT) == 1
    output = worker.log.read_text()
    assert output.count("\n") == 1
    assert "DATABASE_URL: is required and not set" in output
