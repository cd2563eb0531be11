"""The worker as its image runs it, on real PostgreSQL and Redis, and a webhook that answers as told."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import sqlalchemy

import testing_services as services
from worker.table import metadata

WORKER = Path(__file__).parents[1]
OPTIONS = ["--concurrency", "1", "--without-gossip", "--without-mingle"]


class Webhook:
    """Receives reminders. Each is answered with the next of `statuses`, by default 204; None hangs."""

    def __init__(self):
        self.received = queue.Queue()
        self.statuses = queue.Queue()
        self.released = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                try:
                    status = outer.statuses.get_nowait()
                except queue.Empty:
                    status = 204
                outer.received.put(body | {"key": self.headers["Idempotency-Key"]})
                if status is None:
                    outer.released.wait(services.WAIT)
                    return
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def close(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class Worker:
    """`celery … worker --beat` in a process group of its own, with its output in a file."""

    def __init__(self, folder, environment):
        self.log = folder / "worker.log"
        self.heartbeat = folder / "heartbeat"
        self.environment = environment | {"HEARTBEAT_FILE": str(self.heartbeat)}
        celery = [sys.executable, "-m", "celery", "--app", "worker.app", "worker", "--beat"]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*celery, "--schedule", str(folder / "schedule"), *OPTIONS],
                cwd=WORKER,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def lines(self, event):
        """The log's lines of an event; celery's banner is no JSON."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if line.get("event") == event]

    def kill(self):
        """Kill it and its children at once, as the kernel does when memory runs out."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(services.WAIT)

    def stop(self):
        code = services.stop(self.process)
        assert code == 0, self.log.read_text()


@pytest.fixture(scope="session")
def servers():
    with services.running() as both:
        yield both


@pytest.fixture
def engine(servers):
    """An empty table, as the API's migrations make it: the API's tests hold the two together."""
    postgresql, redis = servers
    url = postgresql.url().replace("://", "+psycopg://")
    made = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
    metadata.drop_all(made)
    metadata.create_all(made)
    with redis.client() as client:
        client.flushall()
    return made


@pytest.fixture
def webhook():
    hook = Webhook()
    yield hook
    hook.close()


@pytest.fixture
def environment(servers, engine):
    postgresql, redis = servers
    urls = {"DATABASE_URL": postgresql.url(), "REDIS_URL": redis.url}
    return {"PATH": os.environ["PATH"], "REMINDER_INTERVAL_SECONDS": "1", **urls}


@pytest.fixture
def start(tmp_path_factory, environment):
    running = []

    def begin(**more):
        running.append(Worker(tmp_path_factory.mktemp("worker"), environment | more))
        return running[-1]

    yield begin
    for worker in running:
        if worker.process.poll() is None:
            worker.stop()
