"""Logs of programs that are well: nothing may be understood from them.

Files named `*healthy*` in `logs/` came from running programs; the texts here are written after what programs log
when all is well, or when a failure was handled.
"""

# ruff: noqa: E501 -- lines of logs are as long as they are
from __future__ import annotations

from pathlib import Path

import pytest

from kitlib.diagnosis.logs import understand

LOGS = Path(__file__).parent / "logs"

HEALTHY = {
    "empty": "",
    "blank": "\n\n  \n",
    "counters": "INFO done: error=0 errors: 0 failures=0 timeouts=0 refused=0",
    "counters-plain": "processed 120 tasks, 0 errors, 0 failed",
    "metrics": 'http_requests_total{code="500"} 0\nconnection_refused_total 0\nerrors_total 0',
    "json-counters": '{"level":"info","msg":"cycle complete","errors":0,"error":null,"failed":0}',
    "json-null-error": '{"level":"info","msg":"request","err":null,"status":200}',
    "slog-nil": 'time=2026-11-26T18:00:00Z level=INFO msg="closed" err=<nil>',
    "retry-succeeded": "INFO retry succeeded after ConnectionRefusedError",
    "no-errors": "Compiled successfully, no errors",
    "debug-trace": 'DEBUG:root:handled\nTraceback (most recent call last):\n  File "/app/a.py", line 5, in f\n    1/0\n'
    "ZeroDivisionError: division by zero\nINFO:root:going on",
    "json-debug-trace": '{"level":"debug","message":"cache miss","exception":"Traceback (most recent call last):\\n  File '
    '\\"/app/a.py\\", line 5, in f\\n    d[k]\\nKeyError: \'USER_NAME\'"}',
    "access-404": '10.244.0.1 - - [26/Nov/2026:18:00:00 +0000] "GET /error HTTP/1.1" 404 153 "-" "curl/8.0"',
    "access-500-path": '10.244.0.1 - - [26/Nov/2026:18:00:00 +0000] "GET /docs/connection-refused HTTP/1.1" 200 153',
    "access-uvicorn": 'INFO:     10.244.0.1:40000 - "GET /health/ready HTTP/1.1" 200 OK',
    "access-status-json": '{"level":"info","msg":"request","method":"GET","path":"/orders","status":404}',
    "deprecated": "WARNING: option --foo is deprecated, use --bar",
    "deprecation-node": "(node:1) [DEP0005] DeprecationWarning: Buffer() is deprecated due to security and usability issues.",
    "npm-deprecated": "npm warn deprecated inflight@1.0.6: This module is not supported, and leaks memory.",
    "default-used": "WARN LOG_LEVEL is not set, using INFO",
    "default-falling-back": "DATABASE_POOL not set, falling back to 5",
    "default-redis": "1:C 26 Nov 2026 18:00:00.000 # Warning: no config file specified, using the default config. In order to "
    "specify a config file use redis-server /path/to/redis.conf",
    "compose-default": 'time="2026-11-26T18:00:00Z" level=warning msg="The \\"TAG\\" variable is not set. Defaulting to a blank string."',
    "redis-overcommit": "1:C 26 Nov 2026 18:00:00.000 # WARNING Memory overcommit must be enabled! Without it, a background save or "
    "replication may fail under low memory condition. To fix this issue add 'vm.overcommit_memory = 1' to /etc/sysctl.conf",
    "redis-ready": "1:M 26 Nov 2026 18:00:00.000 * Ready to accept connections tcp",
    "redis-save": "1:M 26 Nov 2026 18:00:00.000 * 100 changes in 300 seconds. Saving...\n1:M 26 Nov 2026 18:00:00.000 * Background saving "
    "started by pid 22\n22:C 26 Nov 2026 18:00:00.000 * DB saved on disk",
    "postgres-restart": "2026-11-26 18:00:00.000 UTC [1] LOG:  database system was interrupted; last known up at 2026-11-26 17:59:00 UTC\n"
    "2026-11-26 18:00:00.000 UTC [1] LOG:  database system was not properly shut down; automatic recovery in progress\n"
    "2026-11-26 18:00:01.000 UTC [1] LOG:  database system is ready to accept connections",
    "postgres-starting": "2026-11-26 18:00:00.000 UTC [40] FATAL:  the database system is starting up",
    "postgres-client-gone": "2026-11-26 18:00:00.000 UTC [40] LOG:  could not receive data from client: Connection reset by peer",
    "postgres-shutdown": "2026-11-26 18:00:00.000 UTC [40] FATAL:  terminating connection due to administrator command",
    "postgres-duplicate": '2026-11-26 18:00:00.000 UTC [40] ERROR:  duplicate key value violates unique constraint "tasks_pkey"',
    "retry-then-connected": "WARN attempt 1/5: dial tcp 10.96.0.7:5432: connect: connection refused, retrying in 1s\n"
    "WARN attempt 2/5: dial tcp 10.96.0.7:5432: connect: connection refused, retrying in 2s\nINFO connected to postgres\n",
    "retry-then-listening": "could not connect to database, retrying: connect ECONNREFUSED 10.96.0.7:5432\nserver listening on port 8080\n",
    "error-then-connected": "[2026-11-26 18:00:00,000: ERROR/MainProcess] consumer: Cannot connect to redis://redis:6379/0: Error 111 "
    "connecting to redis:6379. Connection refused..\nTrying again in 2.00 seconds... (1/100)\n\n"
    "[2026-11-26 18:00:02,000: INFO/MainProcess] Connected to redis://redis:6379/0\n[2026-11-26 18:00:03,000: INFO/MainProcess] "
    "celery@worker-1 ready.",
    "waited-and-found": "waiting for todo-db:5432...\nwaiting for todo-db:5432...\ntodo-db:5432 is available after 3 seconds\nstarting\n"
    "migrations applied\nlistening on :8000",
    "waiting-for-work": "INFO listening\nWaiting for messages. To exit press CTRL+C",
    "waiting-for-requests": "INFO ready\nINFO waiting for connections on port 27017",
    "waiting-for-shutdown": "INFO:     Waiting for application shutdown.",
    "waiting-for-leader": "I1126 18:00:00.000000       1 leaderelection.go:250] attempting to acquire leader lease shop/agent...",
    "waiting-for-caches": "I1126 18:00:00.000000       1 shared_informer.go:313] Waiting for caches to sync for node",
    "klog-info": "I1126 18:00:00.000000       1 reflector.go:351] Caches populated for *v1.Pod from reflector.go:229",
    "spring": "2026-11-26T18:00:00.000Z  INFO 1 --- [main] com.acme.Shop : Started Shop in 3.2 seconds (process running for 3.9)\n"
    "2026-11-26T18:00:00.000Z  INFO 1 --- [main] o.s.b.a.e.web.EndpointLinksResolver : Exposing 1 endpoint(s) beneath base path '/actuator'",
    "hikari": "2026-11-26T18:00:00.000Z  INFO 1 --- [main] com.zaxxer.hikari.HikariDataSource : HikariPool-1 - Start completed.",
    "nginx": "/docker-entrypoint.sh: Configuration complete; ready for start up\n2026/11/26 18:00:00 [notice] 1#1: nginx/1.25.5\n"
    "2026/11/26 18:00:00 [notice] 1#1: start worker process 29",
    "nginx-readonly-info": "10-listen-on-ipv6-by-default.sh: info: can not modify /etc/nginx/conf.d/default.conf (read-only file system?)",
    "tls-probe": "2026/11/26 18:00:00 http: TLS handshake error from 10.244.0.1:40000: EOF",
    "tests": "tests/test_net.py::test_connection_refused PASSED\ntests/test_zero.py::test_division_by_zero PASSED",
    "sentence": "Tip: if you see connection problems, check that the password is right and that the file exists.",
    "help": "usage: worker [-h] [--queue QUEUE]\n\noptions:\n  -h, --help     show this help message and exit\n  --queue QUEUE  queue to read",
    "url-with-words": "INFO GET https://errors.example/not-found?error=permission+denied 200",
    "next": "   ▲ Next.js 15.1.0\n   - Local:        http://localhost:3000\n\n ✓ Starting...\n ✓ Ready in 310ms",
    "ignored": "ERROR exception ignored: BrokenPipeError: [Errno 32] Broken pipe",
    "skipped-optional": "optional file /etc/app/local.yaml not found, skipping",
    "disabled": "SENTRY_DSN not set, error reporting disabled",
    "variables-listed": "Environment: DATABASE_URL is set, REDIS_URL is set",
    "variable-ok": "INFO DATABASE_URL is configured",
    "expired-cache": "session expired for user 42; 17 entries expired",
    "certificate-info": "INFO certificate renewed, expires in 89 days; old certificate expired entries removed: 0",
    "memory-info": "INFO memory: 120 MiB used, out of memory events: 0",
    "batch": "\n".join(
        f"2026-11-26T18:00:{i % 60:02}Z INFO served request {i} in {i % 9} ms" for i in range(400)
    ),
}

# Lines that hold the words of an error and tell of none.
HARMLESS = [
    "set LOG_LEVEL=DEBUG to see more",
    "no TLS_CERT given, serving plain HTTP",
    "export PYTHONUNBUFFERED=1",
    "MAX_RETRIES set to 5",
    "Using DATABASE_URL from environment",
    "Loaded 12 settings; SECRET_KEY is required and present",
    "connected to redis:6379",
    "Connecting to database at todo-db:5432",
    'time=2026 level=info msg="health check" status=200 error=""',
    "0 killed, 5 running",
    "process 12 killed by request of user",
    "Shutdown: worker killed gracefully",
    "Could not find platform independent libraries <prefix>",
    "[warn] worker_connections exceed open file resource limit",
    "WARN  cache miss ratio high: timeout 30s",
    "INFO scheduler: next run in 30 s (timeout=300)",
    "2026-11-26 18:00:00 INFO Retrying failed tasks: none",
    "info: Microsoft.Hosting.Lifetime[14]\n      Now listening on: http://[::]:8080",
    "warn: Microsoft.AspNetCore.DataProtection.Repositories.FileSystemXmlRepository[60]\n      Storing keys in a directory '/root/.aspnet' that may not be persisted",
    "WARNING: This is a development server. Do not use it in a production deployment.",
    "Compiling errors.go ... ok",
    "Serving HTTP on 0.0.0.0 port 8000 (http://0.0.0.0:8000/) ...",
    '10.244.0.1 - - [26/Nov/2026 18:00:00] code 404, message File not found\n10.244.0.1 - - [26/Nov/2026 18:00:00] "GET /x HTTP/1.1" 404 -',
    "migration 0003_add_unknown_option applied",
    "Traceback viewer enabled",
    'level=info msg="user login failed attempts reset"',
    "Watching for file changes with StatReloader",
    "I/O timeout set to 30s",
    "connection timeout: 30s",
    "read timeout 5s, connect timeout 5s",
    "config: connect_timeout=10 deadlock_timeout=1s",
    "TLS: certificate verify enabled, CA bundle /etc/ssl/ca.pem",
    "listening on 0.0.0.0:80; already in use: 0 connections",
    "[Warning] [MY-013360] Plugin mysql_native_password reported: ''mysql_native_password' is deprecated",
    "2026-11-26 18:00:00+00:00 [Note] [Entrypoint]: GENERATED ROOT PASSWORD: x",
    "2026-11-26 [Warning] [MY-010068] [Server] CA certificate ca.pem is self signed.",
    "rabbit: 2026-11-26 18:00:00.0 [warning] <0.1.0> closing AMQP connection <0.2.0> (client unexpectedly closed TCP connection)",
    "[ERROR] none",
    "Error count: 0",
    "AH00558: httpd: Could not reliably determine the server's fully qualified domain name, using 10.0.0.1",
    "npm notice New major version of npm available!",
    "Prisma schema loaded from prisma/schema.prisma\nEnvironment variables loaded from .env",
    'ts=2026 caller=main.go level=info msg="Completed loading of configuration file" filename=/etc/p.yml',
    "postgres: LOG:  could not open usermap file: No such file",
]


@pytest.mark.parametrize("text", HARMLESS)
def test_a_harmless_line_says_nothing(text: str):
    assert understand(text) == []


@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_text_says_nothing(name: str):
    assert understand(HEALTHY[name]) == []


@pytest.mark.parametrize("path", sorted(LOGS.glob("*healthy*.txt")), ids=lambda path: path.stem)
def test_the_log_of_a_healthy_program_says_nothing(path: Path):
    assert understand(path.read_text()) == []


def test_there_are_enough_healthy_logs():
    assert len(HEALTHY) + len(list(LOGS.glob("*healthy*.txt"))) >= 40


def test_a_failure_after_the_connection_stands():
    text = HEALTHY["retry-then-connected"] + "ERROR dial tcp 10.96.0.7:5432: connect: connection refused\n"
    assert [said.kind for said in understand(text)] == ["connection-refused"]


def test_a_connection_to_another_program_heals_nothing():
    text = "ERROR cannot reach redis:6379: connection refused, retrying\nINFO connected to postgres at todo-db:5432\n"
    assert [(said.kind, said.host) for said in understand(text)] == [("connection-refused", "redis")]


def test_a_debug_trace_that_ends_the_log_is_a_crash():
    text = HEALTHY["debug-trace"].removesuffix("\nINFO:root:going on")
    assert [said.kind for said in understand(text)] == ["arithmetic"]
