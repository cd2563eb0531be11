"""An API in a process of its own, on real PostgreSQL and Redis."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from pathlib import Path

import httpx
import pytest

import testing_services as services

BACKEND = Path(__file__).parents[1]


class Api:
    """`python -m app.main`, with its output in a file."""

    def __init__(self, folder, environment):
        self.port, self.metrics_port = services.free_port(), services.free_port()
        self.log = folder / f"api-{self.port}.log"
        own = {"PORT": str(self.port), "METRICS_PORT": str(self.metrics_port), "SHUTDOWN_DELAY_SECONDS": "0"}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "app.main"], cwd=BACKEND, env=environment | own, stdout=log, stderr=log
            )
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=20)
        services.until(self.alive, "the API")

    def alive(self):
        assert self.process.poll() is None, self.log.read_text()
        try:
            return self.http.get("/health/live").status_code == 200
        except httpx.TransportError:
            return False

    def lines(self):
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def stop(self):
        self.http.close()
        return services.stop(self.process)


@pytest.fixture(scope="session")
def servers():
    with services.running() as both:
        yield both


def run(module, environment):
    """Run a module to its end: the exit code and its output, parsed as JSON lines."""
    command = [sys.executable, "-m", module]
    done = subprocess.run(command, cwd=BACKEND, env=environment, capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stdout


def database(servers, template="template1"):
    """The environment for a new database."""
    postgresql, redis = servers
    name = f"t{uuid.uuid4().hex[:12]}"
    postgresql.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    urls = {"DATABASE_URL": postgresql.url(name), "REDIS_URL": redis.url}
    return {"PATH": os.environ["PATH"], **urls}


def name_of(environment):
    """The name of an environment's database."""
    return environment["DATABASE_URL"].rpartition("/")[2]


@pytest.fixture(scope="session")
def template(servers):
    """A migrated database that the others are copies of."""
    environment = database(servers)
    code, _, output = run("app.migrate", environment)
    assert code == 0, output
    return environment


@pytest.fixture
def empty(servers):
    return database(servers)


@pytest.fixture
def migrated(servers, template):
    return database(servers, name_of(template))


@pytest.fixture(scope="session")
def start(tmp_path_factory):
    """Start an API with an environment; all of them end with the tests."""
    running = []

    def begin(environment):
        running.append(Api(tmp_path_factory.mktemp("api"), environment))
        return running[-1]

    yield begin
    for api in running:
        api.stop()


@pytest.fixture(scope="session")
def shared(start, servers, template):
    environment = database(servers, name_of(template))
    return start(environment), name_of(environment)


@pytest.fixture
def api(shared, servers):
    """One API for the tests that leave it running, each with no todos and nothing in the cache."""
    postgresql, redis = servers
    running, name = shared
    postgresql.execute("TRUNCATE todos", name)
    with redis.client() as client:
        client.flushall()
    return running


@pytest.fixture
def sql(shared, servers):
    """Run a statement in that API's database, behind its back."""
    return lambda statement: servers[0].execute(statement, shared[1])
