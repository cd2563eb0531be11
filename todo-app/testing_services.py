"""Real PostgreSQL and Redis for the tests of both parts: private instances, in directories of their own.

Needs Debian's packages postgresql and redis-server, or the same programs on PATH.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import redis

WAIT = 30.0  # seconds within which whatever is waited for has to happen
PASSWORD = "s3cret-of-the-tests"


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def until(condition: Callable[[], object], what: str) -> None:
    """Ask until it is true.

    Raises:
        TimeoutError: it was not, for WAIT seconds.
    """
    deadline = time.monotonic() + WAIT
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {WAIT:g} s for {what}")
        time.sleep(0.05)


def stop(process: subprocess.Popen[bytes], how: signal.Signals = signal.SIGTERM) -> int:
    """Signal a process, wait for its end and return its exit code."""
    if process.poll() is None:
        process.send_signal(how)
    return process.wait(WAIT)


class Service:
    """A server that can be stopped and started again with its data, at the same port."""

    command: list[str]

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, cwd=self.folder)
        until(self.answers, f"{self.command} to answer; see {self.folder}/log")

    def stop(self) -> None:
        """Stop it, if it runs."""
        if self.process:
            stop(self.process, signal.SIGINT)
        self.process = None

    def answers(self) -> bool:
        """Whether a client can connect."""
        raise NotImplementedError


class Redis(Service):
    """Redis, with nothing on disk."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def client(self) -> redis.Redis:
        """A new client."""
        return redis.Redis.from_url(self.url)

    def answers(self) -> bool:
        with contextlib.suppress(redis.RedisError), self.client() as client:
            return bool(client.ping())
        return False


class PostgreSQL(Service):
    """PostgreSQL 15, as the user postgres where root runs the tests: it refuses to run as root."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        programs = _programs()
        as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        password = folder / "password"
        password.write_text(PASSWORD)
        if as_user:
            shutil.chown(folder, "postgres")
            shutil.chown(password, "postgres")
        data = str(folder / "data")
        initdb = [str(programs / "initdb"), "-D", data, "-U", "test", "--auth=scram-sha-256"]
        initdb += [f"--pwfile={password}", "--no-sync", "--encoding=UTF8", "--locale=C"]
        subprocess.run([*as_user, *initdb], check=True, capture_output=True, cwd=folder)
        server = ["-D", data, "-p", str(self.port), "-h", "127.0.0.1", "-k", str(folder), "-F"]
        # setpriv becomes the server where runuser would stay its parent: the pid is the server's.
        as_server = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if as_user else []
        self.command = [*as_server, str(programs / "postgres"), *server]
        self.start()

    def url(self, database: str = "postgres") -> str:
        """The URL of a database."""
        return f"postgresql://test:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Run one statement outside a transaction and return its rows."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def answers(self) -> bool:
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(self.url(), connect_timeout=2).close()
            return True
        return False


def _programs() -> Path:
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if debian:
        return debian[-1]
    found = shutil.which("initdb")
    assert found, "install PostgreSQL (Debian: postgresql)"
    return Path(found).parent


@contextlib.contextmanager
def running() -> Iterator[tuple[PostgreSQL, Redis]]:
    """Both servers, stopped and removed at the end."""
    # Not pytest's tmp_path: that one no other user may enter.
    with tempfile.TemporaryDirectory(prefix="todo-tests-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        for part in ("postgresql", "redis"):
            (folder / part).mkdir()
        services: list[Service] = []
        try:
            services.append(PostgreSQL(folder / "postgresql"))
            services.append(Redis(folder / "redis"))
            yield services[0], services[1]  # type: ignore[misc]
        finally:
            for service in services:
                service.stop()
