"""The images that stand in for Docker Hub's, run by Docker alone."""

from __future__ import annotations

import time
import uuid

import pytest

from kitlib import docker, standins, tools
from kitlib.errors import UsageError

DATA = "/var/lib/postgresql/data"
SETTINGS = {"POSTGRES_USER": "todoapp", "POSTGRES_PASSWORD": "s3cret '%", "POSTGRES_DB": "my-todos"}
DEADLINE = 60.0


def run(*arguments, check=True):
    return tools.run(["docker", *arguments], check=check)


def until(condition):
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"


@pytest.fixture
def container():
    """Starts containers, with one volume for all of them, and removes both."""
    name = f"kit-test-{uuid.uuid4().hex[:8]}"
    volume = f"{name}-data"

    def start(image, *options, command=()):
        run("rm", "-f", name, check=False)
        run("run", "-d", "--name", name, *options, standins.image(image), *command)
        return name

    start.volume = volume
    yield start
    run("rm", "-f", name, check=False)
    run("volume", "rm", volume, check=False)


def postgres(container):
    variables = [part for key, value in SETTINGS.items() for part in ("-e", f"{key}={value}")]
    return container("postgres", "-v", f"{container.volume}:{DATA}", *variables)


def psql(name, statement, password=SETTINGS["POSTGRES_PASSWORD"]):
    command = ["psql", "-h", "127.0.0.1", "-U", SETTINGS["POSTGRES_USER"], "-d", SETTINGS["POSTGRES_DB"]]
    return run("exec", "-e", f"PGPASSWORD={password}", name, *command, "-Atc", statement, check=False)


def serves(name):
    return psql(name, "SELECT 1").returncode == 0


def test_a_stand_in_is_built_once_and_an_unknown_one_is_refused():
    name = standins.image("redis")
    first = docker.image_id(name)
    assert standins.image("redis") == name
    assert docker.image_id(name) == first
    with pytest.raises(UsageError, match="no stand-in 'mysql'; there are python, node, postgres, redis"):
        standins.image("mysql")


def test_python_is_the_version_it_stands_for_and_makes_environments_with_pip():
    script = (
        "python -m venv /tmp/v && /tmp/v/bin/python -m pip --version && python --version && pip --version"
    )
    said = run("run", "--rm", standins.image("python"), "sh", "-c", script).stdout
    assert "Python 3.11." in said
    assert "from /tmp/v/lib/python3.11/site-packages/pip" in said
    assert "from /usr/lib/python3/dist-packages/pip" in said


def test_node_is_the_version_it_stands_for_with_npm_and_its_user():
    script = "node --version && npm --version && npx --version && id node && stat -c %U /home/node"
    said = run("run", "--rm", standins.image("node"), "sh", "-c", script).stdout
    version, *npm, user, home = said.splitlines()
    assert version.startswith("v20.")
    assert tuple(map(int, version[1:].split("."))) >= (20, 9)  # what Next.js asks for
    assert npm == [npm[0]] * 2
    assert user == "uid=1000(node) gid=1000(node) groups=1000(node)"
    assert home == "node"


def test_npm_in_node_reaches_its_registry_as_an_ordinary_user():
    command = ["npm", "view", "next@16.4.6", "engines.node"]
    done = run("run", "--rm", "--network", "host", "--user", "1000:1000", standins.image("node"), *command)
    assert done.stdout.strip() == ">=20.9.0"


def test_postgres_makes_the_database_asks_for_the_password_and_syncs(container):
    name = postgres(container)
    until(lambda: serves(name))
    assert psql(name, "SELECT current_user, current_database()").stdout.strip() == "todoapp|my-todos"
    assert psql(name, "SHOW fsync").stdout.strip() == "on"
    refused = psql(name, "SELECT 1", password="wrong")
    assert refused.returncode != 0
    assert "password authentication failed" in refused.stderr


def test_postgres_runs_as_user_999_and_ends_by_itself_when_stopped(container):
    name = postgres(container)
    until(lambda: serves(name))
    assert run("exec", name, "stat", "-c", "%u", "/proc/1").stdout.strip() == "999"
    run("stop", "--time", "30", name)
    assert run("inspect", "-f", "{{.State.ExitCode}}", name).stdout.strip() == "0"


def test_postgres_killed_while_it_makes_its_database_makes_it_anew(container):
    name = postgres(container)
    until(
        lambda: run("exec", name, "test", "-e", f"{DATA}/pgdata.new/PG_VERSION", check=False).returncode == 0
    )
    run("kill", name)
    name = postgres(container)
    until(lambda: serves(name))
    assert psql(name, "SELECT current_database()").stdout.strip() == "my-todos"


def test_postgres_killed_later_keeps_what_it_stored(container):
    name = postgres(container)
    until(lambda: serves(name))
    assert psql(name, "CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)").returncode == 0
    run("kill", name)
    name = postgres(container)
    until(lambda: serves(name))
    assert psql(name, "SELECT n FROM kept").stdout.strip() == "7"


def test_postgres_without_a_password_says_so(container):
    name = container("postgres")
    assert run("wait", name).stdout.strip() != "0"
    assert "POSTGRES_PASSWORD" in run("logs", name).stderr


def test_redis_runs_as_user_999_answers_other_hosts_and_ends_when_stopped(container):
    name = container("redis")
    address = run("exec", name, "hostname", "-i").stdout.split()[0]
    until(lambda: run("exec", name, "redis-cli", "-e", "-h", address, "ping", check=False).returncode == 0)
    assert run("exec", name, "stat", "-c", "%u", "/proc/1").stdout.strip() == "999"
    run("stop", "--time", "30", name)
    assert run("inspect", "-f", "{{.State.ExitCode}}", name).stdout.strip() == "0"
