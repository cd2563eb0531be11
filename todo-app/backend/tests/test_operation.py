"""What an operator sees: probes, migrations, metrics, bad configuration, the end by SIGTERM."""

import importlib.util
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import psycopg
import pytest
import sqlalchemy

import testing_services as services
from conftest import BACKEND, name_of, run

WORKER_TABLE = Path(__file__).parents[2] / "worker/worker/table.py"


def ready(api):
    answer = api.http.get("/health/ready")
    return answer.status_code, answer.json()


@pytest.mark.parametrize("which", ["postgresql", "redis"])
def test_ready_names_what_is_away_and_recovers(api, servers, which):
    server = servers[which == "redis"]
    assert ready(api)[0] == 200
    server.stop()
    try:
        code, body = ready(api)
        assert api.http.get("/health/live").status_code == 200
        if which == "postgresql":
            assert api.http.get("/todos").status_code == 503
    finally:
        server.start()
    assert code == 503
    failed = body["checks"].pop(which)
    assert (failed["ok"], failed["host"]) == (False, f"127.0.0.1:{server.port}")
    assert "refused" in failed["error"].lower()
    assert services.PASSWORD not in failed["error"]
    assert all(check["ok"] for check in body["checks"].values())
    assert ready(api)[0] == 200
    assert api.http.post("/todos", json={"title": "after"}).status_code == 201


def test_startup_waits_for_the_migration(start, empty):
    api = start(empty)
    answer = api.http.get("/health/startup")
    assert answer.status_code == 503
    assert "app.migrate" in answer.json()["checks"]["schema"]["error"]
    assert run("app.migrate", empty)[0] == 0
    assert api.http.get("/health/startup").status_code == 200


def test_migrations_at_once(empty, servers):
    command = [sys.executable, "-m", "app.migrate"]
    both = [
        subprocess.Popen(command, cwd=BACKEND, env=empty, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    outputs = [process.communicate(timeout=services.WAIT)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    assert servers[0].execute("SELECT count(*) FROM alembic_version", name_of(empty)) == [(1,)]


def test_the_tables_of_models_worker_and_migrations_agree(template):
    engine = sqlalchemy.create_engine(
        template["DATABASE_URL"].replace("://", "+psycopg://"), poolclass=sqlalchemy.NullPool
    )
    spec = importlib.util.spec_from_file_location("table", WORKER_TABLE)
    table = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(table)
    from app.models import Todo

    stored = {c["name"]: c for c in sqlalchemy.inspect(engine).get_columns("todos")}
    for known in (table.todos, Todo.__table__):
        assert {c.name: (str(c.type.compile(engine.dialect)), c.nullable) for c in known.columns} == {
            name: (str(c["type"].compile(engine.dialect)), c["nullable"]) for name, c in stored.items()
        }


@pytest.mark.parametrize("module", ["app.main", "app.migrate"])
@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({}, "DATABASE_URL: is required"),
        ({"DATABASE_URL": ""}, "DATABASE_URL: is required"),
        ({"DATABASE_URL": "mysql://u:hidden@h/d"}, "DATABASE_URL: must start with postgresql://"),
    ],
)
def test_bad_configuration_is_one_line(module, variables, named):
    code, lines, output = run(module, variables)
    assert (code, len(lines)) == (1, 1)
    assert lines[0]["level"] == "CRITICAL"
    assert named in lines[0]["message"]
    assert "hidden" not in output


def test_a_wrong_host_is_told_without_the_password():
    url = f"postgresql://todo:{services.PASSWORD}@no-such-host.invalid:6543/todo"
    code, lines, output = run("app.migrate", {"DATABASE_URL": url, "MIGRATE_WAIT_SECONDS": "600"})
    assert (code, len(lines)) == (1, 1)
    assert (lines[0]["host"], lines[0]["port"]) == ("no-such-host.invalid", 6543)
    assert "no-such-host.invalid" in lines[0]["error"]
    assert services.PASSWORD not in output


def test_a_refused_connection_is_told_after_the_wait():
    url = f"postgresql://todo:{services.PASSWORD}@127.0.0.1:{services.free_port()}/todo"
    code, lines, output = run("app.migrate", {"DATABASE_URL": url, "MIGRATE_WAIT_SECONDS": "1"})
    assert (code, len(lines)) == (1, 1)
    assert "refused" in lines[0]["error"]
    assert services.PASSWORD not in output


def test_metrics_count_by_route(api):
    def count():
        text = httpx.get(f"http://127.0.0.1:{api.metrics_port}/metrics").text
        sample = 'todo_http_requests_total{method="GET",route="/todos/{todo_id}",status="404"} '
        found = [line for line in text.splitlines() if line.startswith(sample)]
        return float(found[0].removeprefix(sample)) if found else 0.0

    before = count()
    assert api.http.get("/todos/4711").status_code == 404
    services.until(lambda: count() == before + 1, "the request to be counted")
    assert api.http.get("/metrics").status_code == 404


def test_sigterm_answers_what_is_in_flight_and_keeps_it(start, migrated, servers):
    """The request waits for a table's lock while SIGTERM arrives; no sleep decides who is first."""
    postgresql, _ = servers
    api = start(migrated)
    answers = []
    client = threading.Thread(target=lambda: answers.append(api.http.post("/todos", json={"title": "late"})))
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    waiting += " AND datname = current_database()"
    with psycopg.connect(migrated["DATABASE_URL"]) as lock:
        lock.execute("LOCK TABLE todos")
        client.start()
        services.until(
            lambda: postgresql.execute(waiting, name_of(migrated)) == [(1,)],
            "the request to wait for the lock",
        )
        api.process.terminate()
        services.until(lambda: "SIGTERM" in api.log.read_text(), "the API to see SIGTERM")
        assert not answers
    client.join(services.WAIT)
    assert [answer.status_code for answer in answers] == [201]
    assert api.process.wait(services.WAIT) == 0
    assert postgresql.execute("SELECT title FROM todos", name_of(migrated)) == [("late",)]
    assert api.lines()[-1]["message"].startswith("stopped")
