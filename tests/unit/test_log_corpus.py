"""Logs that programs really wrote: in `logs/`, one file a case.

Each was made by running a small program that has the fault in its name, and by keeping its output: Python 3.11
(psycopg, asyncpg, SQLAlchemy, redis-py, requests, httpx, aiohttp, Celery, uvicorn, gunicorn, pydantic-settings,
Django, pymongo, PyMySQL, pika), Node.js 20 (pg, ioredis, redis, mysql2, amqplib, axios, express, commander), Go
1.26 (lib/pq, pgx, go-redis, slog), Java 17, PostgreSQL 15, Redis 7, dash, bash, curl, wget, psql and kubectl. Only
directories were renamed. The servers listened on 127.0.0.1: PostgreSQL on port 55432, nothing on 59999.
"""

# ruff: noqa: E501 -- lines of logs are as long as they are
from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from kitlib.diagnosis.logs import Kind, Said, understand

LOGS = Path(__file__).parent / "logs"

# The first statement: its kind, and all fields that are not empty.
FIRST: dict[str, tuple[Kind, dict[str, object]]] = {
    "bash_format": ("command-missing", {"line": 1, "file": "/tmp/armbin", "detail": "Exec format error"}),
    "bash_notfound": ("command-missing", {"line": 1, "detail": "migrat"}),
    "bash_unset": ("variable-unset", {"line": 1, "variable": "DATABASE_URL"}),
    "curl_fail": ("http-status", {"line": 1, "detail": "503"}),
    "curl_name": ("certificate-name", {"line": 1, "host": "localhost"}),
    "curl_nohost": ("host-unresolved", {"line": 1, "host": "todo-app-bakend"}),
    "curl_opt": ("usage", {"line": 1, "detail": "--fial"}),
    "curl_refused": ("connection-refused", {"line": 1, "host": "127.0.0.1", "port": 59999}),
    "curl_tls": ("certificate-untrusted", {"line": 1}),
    "curl_wrongtls": ("tls-mismatch", {"line": 1}),
    "go_certname": (
        "certificate-name",
        {"line": 1, "host": "localhost", "port": 58443, "detail": "other.example"},
    ),
    "go_concurrent": ("file-missing", {"line": 1, "exception": "panic", "where": "main.go:80 in main"}),
    "go_dialtimeout": ("connection-timeout", {"line": 1, "host": "127.0.0.1", "port": 58010}),
    "go_expired": ("certificate-expired", {"line": 1, "host": "127.0.0.1", "port": 58443}),
    "go_fatal_env": ("variable-unset", {"line": 1, "variable": "API_TOKEN"}),
    "go_flag": ("usage", {"line": 1, "detail": "-lisen"}),
    "go_full": ("disk-full", {"line": 1, "file": "/dev/full"}),
    "go_goredis": ("connection-refused", {"line": 1, "host": "127.0.0.1", "port": 59999}),
    "go_goredisnoauth": ("auth-failed", {"line": 1}),
    "go_goredispw": ("auth-failed", {"line": 1}),
    "go_handlerpanic": ("arithmetic", {"line": 1, "exception": "panic", "where": "main.go:25 in share"}),
    "go_http500": (
        "http-status",
        {"line": 1, "host": "127.0.0.1", "port": 58002, "detail": "503 http://127.0.0.1:58002/orders"},
    ),
    "go_index": (
        "uncaught",
        {
            "line": 1,
            "exception": "panic",
            "where": "main.go:50 in main",
            "detail": "runtime error: index out of range [7] with length 2",
        },
    ),
    "go_inuse": ("port-in-use", {"line": 1, "port": 55432}),
    "go_json": ("config-invalid", {"line": 1}),
    "go_nilmap": (
        "uncaught",
        {
            "line": 1,
            "exception": "panic",
            "where": "main.go:48 in main",
            "detail": "assignment to entry in nil map",
        },
    ),
    "go_nilptr": (
        "uncaught",
        {
            "line": 1,
            "exception": "panic",
            "where": "main.go:49 in main",
            "detail": "runtime error: invalid memory address or nil pointer dereference",
        },
    ),
    "go_nohost": ("host-unresolved", {"line": 1, "host": "todo-app-redsi"}),
    "go_panic_env": (
        "variable-unset",
        {"line": 1, "variable": "DATABASE_URL", "exception": "panic", "where": "main.go:51 in main"},
    ),
    "go_panic_err": (
        "file-missing",
        {"line": 1, "file": "/etc/todo/config.yaml", "exception": "panic", "where": "main.go:53 in main"},
    ),
    "go_pgxdb": ("database-missing", {"line": 1, "host": "127.0.0.1", "database": "todo"}),
    "go_pgxhost": ("host-unresolved", {"line": 1, "host": "todo-app-postgres"}),
    "go_pgxpw": ("auth-failed", {"line": 1, "host": "127.0.0.1", "user": "todoapp"}),
    "go_pq": ("auth-failed", {"line": 1, "user": "todoapp"}),
    "go_pqdb": ("database-missing", {"line": 1, "database": "todo"}),
    "go_pqrel": ("relation-missing", {"line": 1, "detail": "tasks"}),
    "go_pqssl": ("tls-mismatch", {"line": 1}),
    "go_priv": ("port-privileged", {"line": 1, "port": 80}),
    "go_readonly": ("file-missing", {"line": 1, "file": "/proc/data"}),
    "go_refused": ("connection-refused", {"line": 1, "host": "127.0.0.1", "port": 59999}),
    "go_slog": ("connection-refused", {"line": 2, "host": "127.0.0.1", "port": 59999}),
    "go_slogtext": ("host-unresolved", {"line": 1, "host": "todo-app-redsi"}),
    "go_timeout": ("connection-timeout", {"line": 1, "host": "127.0.0.1", "port": 58010}),
    "go_tlstohttp": ("tls-mismatch", {"line": 1, "host": "127.0.0.1", "port": 58002}),
    "go_unknownca": (
        "certificate-name",
        {"line": 1, "host": "localhost", "port": 58443, "detail": "other.example"},
    ),
    "go_zero": ("arithmetic", {"line": 1, "exception": "panic", "where": "main.go:25 in share"}),
    "java_badopt": ("usage", {"line": 1, "detail": "Invalid maximum heap size: -Xmx20x"}),
    "java_cause": (
        "host-unresolved",
        {
            "line": 5,
            "host": "todo-app-postgres",
            "exception": "UnknownHostException",
            "where": "Todo.java:12 in main",
        },
    ),
    "java_class": (
        "module-missing",
        {
            "line": 1,
            "exception": "ClassNotFoundException",
            "where": "Todo.java:15 in main",
            "detail": "org.postgresql.Driver",
        },
    ),
    "java_env": (
        "variable-unset",
        {
            "line": 1,
            "variable": "DATABASE_URL",
            "exception": "NullPointerException",
            "where": "Todo.java:21 in main",
        },
    ),
    "java_file": (
        "file-missing",
        {
            "line": 1,
            "file": "/etc/todo/app.properties",
            "exception": "NoSuchFileException",
            "where": "Todo.java:20 in main",
        },
    ),
    "java_http": (
        "connection-refused",
        {"line": 5, "exception": "ConnectException", "where": "Todo.java:13 in main"},
    ),
    "java_inuse": ("port-in-use", {"line": 1, "exception": "BindException", "where": "Todo.java:19 in main"}),
    "java_log": (
        "arithmetic",
        {"line": 5, "exception": "ArithmeticException", "where": "Todo.java:4 in share"},
    ),
    "java_nohost": (
        "host-unresolved",
        {
            "line": 1,
            "host": "todo-app-postgres",
            "exception": "UnknownHostException",
            "where": "Todo.java:11 in main",
        },
    ),
    "java_nojar": ("file-missing", {"line": 1, "file": "app.jar"}),
    "java_nomain": (
        "module-missing",
        {"line": 2, "exception": "ClassNotFoundException", "detail": "com.acme.Tood"},
    ),
    "java_npe": (
        "uncaught",
        {
            "line": 1,
            "exception": "NullPointerException",
            "where": "Todo.java:9 in main",
            "detail": 'Cannot invoke "String.length()" because "<local3>" is null',
        },
    ),
    "java_oom": (
        "out-of-memory",
        {"line": 1, "exception": "OutOfMemoryError", "where": "Todo.java:14 in main"},
    ),
    "java_plain": ("tls-mismatch", {"line": 1, "exception": "SSLException", "where": "Todo.java:17 in main"}),
    "java_refused": (
        "connection-refused",
        {"line": 1, "exception": "ConnectException", "where": "Todo.java:10 in main"},
    ),
    "java_so": ("uncaught", {"line": 1, "exception": "StackOverflowError", "where": "Todo.java:7 in main"}),
    "java_status": (
        "http-status",
        {
            "line": 1,
            "host": "127.0.0.1",
            "port": 58002,
            "exception": "IOException",
            "where": "Todo.java:18 in main",
            "detail": "503 http://127.0.0.1:58002/orders",
        },
    ),
    "java_timeout": (
        "connection-timeout",
        {"line": 1, "exception": "SocketTimeoutException", "where": "Todo.java:22 in main"},
    ),
    "java_tls": (
        "certificate-untrusted",
        {"line": 33, "exception": "SunCertPathBuilderException", "where": "Todo.java:16 in main"},
    ),
    "java_zero": (
        "arithmetic",
        {"line": 1, "exception": "ArithmeticException", "where": "Todo.java:4 in share"},
    ),
    "kubectl_refused": ("connection-refused", {"line": 1, "host": "127.0.0.1", "port": 59999}),
    "mkdir_denied": ("permission-denied", {"line": 1, "file": "/var/data"}),
    "node_amqp": (
        "connection-refused",
        {"line": 5, "host": "127.0.0.1", "port": 59999, "exception": "Error"},
    ),
    "node_axios_500": (
        "http-status",
        {"line": 1, "host": "127.0.0.1", "port": 58002, "detail": "503 http://127.0.0.1:58002/orders"},
    ),
    "node_badopt": ("usage", {"line": 1, "detail": "--max-old-space=5"}),
    "node_cause": (
        "connection-refused",
        {"line": 12, "host": "127.0.0.1", "port": 59999, "exception": "Error", "where": "app.js:1 in main"},
    ),
    "node_commander": ("usage", {"line": 1, "detail": "--prot"}),
    "node_eacces": (
        "permission-denied",
        {"line": 5, "file": "/etc/app.json", "exception": "Error", "where": "app.js:1"},
    ),
    "node_enoent": (
        "file-missing",
        {"line": 5, "file": "/etc/todo/config.json", "exception": "Error", "where": "app.js:1"},
    ),
    "node_env": (
        "variable-unset",
        {"line": 2, "variable": "DATABASE_URL", "exception": "Error", "where": "app.js:2"},
    ),
    "node_env_exit": ("variable-unset", {"line": 1, "variable": "API_KEY"}),
    "node_esm_pkg": ("module-missing", {"line": 5, "exception": "Error", "detail": "fastifyy"}),
    "node_express_error": (
        "uncaught",
        {
            "line": 2,
            "exception": "TypeError",
            "where": "app.js:2",
            "detail": "Cannot read properties of undefined (reading 'id')",
        },
    ),
    "node_fetch_refused": (
        "connection-refused",
        {"line": 9, "host": "127.0.0.1", "port": 59999, "exception": "Error", "where": "app.js:1 in main"},
    ),
    "node_fetch_unresolved": (
        "host-unresolved",
        {"line": 9, "host": "todo-app-bakend", "exception": "Error", "where": "app.js:1 in main"},
    ),
    "node_heap": ("out-of-memory", {"line": 9}),
    "node_inuse": ("port-in-use", {"line": 5, "port": 55432, "exception": "Error"}),
    "node_ioredis_noauth": ("auth-failed", {"line": 1, "exception": "ReplyError"}),
    "node_ioredis_refused": (
        "connection-refused",
        {"line": 1, "host": "127.0.0.1", "port": 59999, "exception": "Error"},
    ),
    "node_ioredis_silent": ("host-unresolved", {"line": 1, "host": "todo-app-redsi", "exception": "Error"}),
    "node_json": ("config-invalid", {"line": 5, "exception": "SyntaxError", "where": "app.js:1"}),
    "node_module": (
        "module-missing",
        {"line": 5, "exception": "Error", "where": "app.js:1", "detail": "./lib/storage"},
    ),
    "node_module_entry": ("module-missing", {"line": 5, "file": "/app/server.mjs", "exception": "Error"}),
    "node_module_pkg": (
        "module-missing",
        {"line": 5, "exception": "Error", "where": "app.js:1", "detail": "expresss"},
    ),
    "node_mysql": (
        "connection-refused",
        {"line": 5, "host": "127.0.0.1", "port": 59999, "exception": "Error"},
    ),
    "node_pg_database": ("database-missing", {"line": 5, "database": "todo", "exception": "error"}),
    "node_pg_password": ("auth-failed", {"line": 5, "user": "todoapp", "exception": "error"}),
    "node_pg_refused": (
        "connection-refused",
        {"line": 5, "host": "127.0.0.1", "port": 59999, "exception": "Error"},
    ),
    "node_pg_relation": (
        "relation-missing",
        {"line": 5, "exception": "error", "where": "app.js:2 in main", "detail": "orders"},
    ),
    "node_pg_unresolved": ("host-unresolved", {"line": 5, "host": "todo-app-postgres", "exception": "Error"}),
    "node_priv": ("port-privileged", {"line": 5, "port": 80, "exception": "Error"}),
    "node_redis_refused": (
        "connection-refused",
        {"line": 5, "host": "127.0.0.1", "port": 59999, "exception": "Error"},
    ),
    "node_reject": (
        "uncaught",
        {"line": 5, "exception": "QuotaError", "where": "app.js:2 in main", "detail": "no quota left"},
    ),
    "node_reject_string": (
        "uncaught",
        {
            "line": 5,
            "exception": "UnhandledPromiseRejection",
            "detail": 'This error originated either by throwing inside of an async function without a catch block, or by rejecting a promise which was not handled with .catch(). The promise rejected with the reason "nope".',
        },
    ),
    "node_reset": ("connection-reset", {"line": 5, "exception": "Error"}),
    "node_syntax": ("uncaught", {"line": 5, "exception": "SyntaxError", "detail": "Unexpected token ';'"}),
    "node_tls_expired": ("certificate-expired", {"line": 5, "exception": "Error"}),
    "node_tls_name": (
        "certificate-name",
        {"line": 5, "host": "localhost", "exception": "Error", "detail": "DNS:other.example"},
    ),
    "node_tls_self": ("certificate-untrusted", {"line": 5, "exception": "Error"}),
    "node_tls_wrong": ("tls-mismatch", {"line": 5, "exception": "Error"}),
    "node_typeerror": (
        "uncaught",
        {
            "line": 5,
            "exception": "TypeError",
            "where": "app.js:1 in total",
            "detail": "Cannot read properties of undefined (reading 'length')",
        },
    ),
    "pg_dirperm": ("permission-denied", {"line": 1, "file": "/var/run/postgresql/d2"}),
    "pg_owner": ("permission-denied", {"line": 1, "file": "/var/run/postgresql/d2/postgresql.conf"}),
    "pg_param": ("config-invalid", {"line": 1, "detail": "max_conections"}),
    "pg_paramvalue": ("config-invalid", {"line": 1, "detail": "max_connections"}),
    "pg_port": ("port-in-use", {"line": 3, "port": 55432}),
    "pg_root": ("permission-denied", {"line": 1, "detail": "root"}),
    "pg_server_log": ("auth-failed", {"line": 6, "user": "todoapp"}),
    "pg_ssl": ("file-missing", {"line": 1, "file": "server.crt"}),
    "pg_version": (
        "uncaught",
        {
            "line": 1,
            "detail": "database files are incompatible with server: The data directory was initialized by PostgreSQL version 13, which is not compatible with this version 15.18 (Debian 15.18-0+deb12u1).",
        },
    ),
    "pgisready": ("startup-waiting", {"line": 3, "host": "127.0.0.1", "port": 59999}),
    "psql_nohost": ("host-unresolved", {"line": 1, "host": "todo-app-postgres"}),
    "psql_pw": ("auth-failed", {"line": 1, "host": "127.0.0.1", "port": 55432, "user": "todoapp"}),
    "psql_rel": ("relation-missing", {"line": 1, "detail": "orders"}),
    "python_aiohttp_refused": (
        "connection-refused",
        {
            "line": 17,
            "host": "127.0.0.1",
            "port": 59999,
            "exception": "ConnectionRefusedError",
            "where": "app.py:4 in main",
        },
    ),
    "python_aiohttp_unresolved": (
        "host-unresolved",
        {
            "line": 58,
            "host": "orders-svc",
            "port": 8080,
            "exception": "gaierror",
            "where": "app.py:4 in main",
        },
    ),
    "python_alembic_missing_rev": (
        "connection-refused",
        {
            "line": 40,
            "host": "127.0.0.1",
            "port": 59999,
            "exception": "OperationalError",
            "where": "env.py:66 in run_migrations_online",
        },
    ),
    "python_argparse_unknown": ("usage", {"line": 2, "detail": "--threads 3"}),
    "python_asyncio_never": (
        "arithmetic",
        {"line": 7, "exception": "ZeroDivisionError", "where": "app.py:3 in bad"},
    ),
    "python_asyncpg_database": (
        "database-missing",
        {"line": 26, "database": "todo", "exception": "InvalidCatalogNameError", "where": "app.py:3 in main"},
    ),
    "python_asyncpg_password": (
        "auth-failed",
        {"line": 26, "user": "todoapp", "exception": "InvalidPasswordError", "where": "app.py:3 in main"},
    ),
    "python_asyncpg_refused": (
        "connection-refused",
        {
            "line": 44,
            "host": "127.0.0.1",
            "port": 59999,
            "exception": "ConnectionRefusedError",
            "where": "app.py:3 in main",
        },
    ),
    "python_asyncpg_unresolved": (
        "host-unresolved",
        {"line": 47, "exception": "gaierror", "where": "app.py:3 in main"},
    ),
    "python_attribute": (
        "uncaught",
        {
            "line": 7,
            "exception": "AttributeError",
            "where": "app.py:2 in total",
            "detail": "'NoneType' object has no attribute 'items'",
        },
    ),
    "python_celery_amqp_refused": ("connection-refused", {"line": 25, "host": "127.0.0.1", "port": 59999}),
    "python_celery_redis_refused": ("connection-refused", {"line": 25, "host": "127.0.0.1", "port": 59999}),
    "python_celery_redis_unresolved": (
        "host-unresolved",
        {"line": 25, "host": "todo-app-redsi", "port": 6379},
    ),
    "python_celery_task_fail": (
        "arithmetic",
        {"line": 44, "exception": "ZeroDivisionError", "where": "app.py:6 in divide"},
    ),
    "python_click_opt": ("usage", {"line": 4, "detail": "--prot"}),
    "python_custom_exception": (
        "uncaught",
        {
            "line": 6,
            "exception": "QuotaError",
            "where": "app.py:4 in charge",
            "detail": "account acme has no quota left",
        },
    ),
    "python_deadlock": (
        "deadlock",
        {"line": 11, "exception": "DeadlockDetected", "where": "app.py:8 in work"},
    ),
    "python_disk_full": ("disk-full", {"line": 1, "exception": "OSError", "where": "app.py:1"}),
    "python_django_settings": (
        "variable-unset",
        {
            "line": 8,
            "variable": "DJANGO_SETTINGS_MODULE",
            "exception": "ImproperlyConfigured",
            "where": "app.py:3",
        },
    ),
    "python_during_handling": (
        "connection-refused",
        {"line": 10, "exception": "ConnectionRefusedError", "where": "app.py:3 in connect"},
    ),
    "python_env_chained": (
        "variable-unset",
        {"line": 6, "variable": "WORKER_COUNT", "exception": "KeyError", "where": "app.py:6 in load"},
    ),
    "python_env_keyerror": (
        "variable-unset",
        {"line": 11, "variable": "DATABASE_URL", "exception": "KeyError", "where": "app.py:4 in settings"},
    ),
    "python_exception_group": (
        "uncaught",
        {"line": 22, "exception": "ValueError", "where": "app.py:3 in bad", "detail": "boom"},
    ),
    "python_file_missing": (
        "file-missing",
        {
            "line": 7,
            "file": "/etc/todo/config.json",
            "exception": "FileNotFoundError",
            "where": "app.py:3 in load",
        },
    ),
    "python_file_perm": (
        "permission-denied",
        {"line": 4, "file": "/var/lib/hidden/data.json", "exception": "PermissionError", "where": "app.py:1"},
    ),
    "python_gunicorn_boot": (
        "variable-unset",
        {"line": 39, "variable": "SECRET_KEY", "exception": "KeyError", "where": "app.py:2"},
    ),
    "python_gunicorn_module": (
        "module-missing",
        {"line": 36, "exception": "ModuleNotFoundError", "detail": "todo"},
    ),
    "python_gunicorn_port": ("port-in-use", {"line": 2, "port": 55432}),
    "python_httpx_refused": (
        "connection-refused",
        {"line": 26, "exception": "ConnectError", "where": "app.py:3 in fetch"},
    ),
    "python_httpx_status": (
        "http-status",
        {
            "line": 6,
            "host": "127.0.0.1",
            "port": 58002,
            "exception": "HTTPStatusError",
            "where": "app.py:2",
            "detail": "503 http://127.0.0.1:58002/orders",
        },
    ),
    "python_httpx_unresolved": (
        "host-unresolved",
        {"line": 26, "exception": "ConnectError", "where": "app.py:2"},
    ),
    "python_json_invalid": (
        "config-invalid",
        {"line": 13, "exception": "JSONDecodeError", "where": "app.py:2"},
    ),
    "python_json_logs": (
        "connection-refused",
        {
            "line": 2,
            "host": "127.0.0.1",
            "port": 59999,
            "exception": "ConnectionRefusedError",
            "where": "app.py:9",
        },
    ),
    "python_kube_forbidden": (
        "forbidden",
        {
            "line": 4,
            "exception": "ApiException",
            "where": "app.py:8",
            "verb": "list",
            "resource": "pods",
            "namespace": "todo-app",
            "subject": "system:serviceaccount:todo-app:reporter",
        },
    ),
    "python_logfmt": ("connection-refused", {"line": 2, "host": "127.0.0.1", "port": 59999}),
    "python_memory": ("out-of-memory", {"line": 5, "exception": "MemoryError", "where": "app.py:3"}),
    "python_mkdir_ro": (
        "permission-denied",
        {"line": 5, "file": "/sys/fs/data", "exception": "PermissionError", "where": "app.py:2"},
    ),
    "python_module_app_import": ("module-missing", {"line": 1, "detail": "main"}),
    "python_module_missing": (
        "module-missing",
        {"line": 4, "exception": "ModuleNotFoundError", "where": "app.py:2", "detail": "structlogg"},
    ),
    "python_pg_conn_timeout": (
        "connection-timeout",
        {"line": 6, "exception": "ConnectionTimeout", "where": "app.py:5"},
    ),
    "python_pg_role_missing": (
        "auth-failed",
        {"line": 6, "user": "postgres", "exception": "OperationalError", "where": "app.py:2"},
    ),
    "python_pika": ("uncaught", {"line": 9, "exception": "AMQPConnectionError", "where": "app.py:2"}),
    "python_port_inuse": ("port-in-use", {"line": 10, "exception": "OSError", "where": "app.py:2"}),
    "python_port_priv": (
        "port-privileged",
        {"line": 10, "exception": "PermissionError", "where": "app.py:2"},
    ),
    "python_psycopg2_database": (
        "database-missing",
        {
            "line": 7,
            "host": "127.0.0.1",
            "port": 55432,
            "database": "todo",
            "exception": "OperationalError",
            "where": "app.py:2",
        },
    ),
    "python_psycopg2_password": (
        "auth-failed",
        {
            "line": 7,
            "host": "127.0.0.1",
            "port": 55432,
            "user": "todoapp",
            "exception": "OperationalError",
            "where": "app.py:2",
        },
    ),
    "python_psycopg2_refused": (
        "connection-refused",
        {"line": 7, "host": "127.0.0.1", "port": 59999, "exception": "OperationalError", "where": "app.py:2"},
    ),
    "python_psycopg2_unresolved": (
        "host-unresolved",
        {"line": 7, "host": "todo-app-postgres", "exception": "OperationalError", "where": "app.py:2"},
    ),
    "python_psycopg_pool_timeout": (
        "too-many-connections",
        {"line": 25, "exception": "TimeoutError", "where": "app.py:4", "detail": "QueuePool"},
    ),
    "python_pydantic_prefix": (
        "variable-unset",
        {
            "line": 9,
            "variable": "REDIS_URL",
            "exception": "ValidationError",
            "where": "app.py:5",
            "detail": "field redis_url of Settings",
        },
    ),
    "python_pydantic_settings": (
        "variable-unset",
        {
            "line": 10,
            "variable": "DATABASE_URL",
            "exception": "ValidationError",
            "where": "app.py:7",
            "detail": "field database_url of Settings",
        },
    ),
    "python_pymongo": (
        "connection-refused",
        {
            "line": 42,
            "host": "127.0.0.1",
            "port": 59999,
            "exception": "ServerSelectionTimeoutError",
            "where": "app.py:2",
        },
    ),
    "python_pymysql": (
        "connection-refused",
        {"line": 20, "host": "127.0.0.1", "exception": "ConnectionRefusedError", "where": "app.py:2"},
    ),
    "python_recursion": (
        "uncaught",
        {
            "line": 14,
            "exception": "RecursionError",
            "where": "app.py:2 in f",
            "detail": "maximum recursion depth exceeded",
        },
    ),
    "python_redis_noauth": (
        "auth-failed",
        {"line": 41, "exception": "AuthenticationError", "where": "app.py:2"},
    ),
    "python_redis_oom": ("redis-misconf", {"line": 31, "exception": "OutOfMemoryError", "where": "app.py:3"}),
    "python_redis_readonly": (
        "redis-misconf",
        {"line": 30, "exception": "ReadOnlyError", "where": "app.py:2"},
    ),
    "python_redis_refused": (
        "connection-refused",
        {
            "line": 42,
            "host": "127.0.0.1",
            "port": 59999,
            "exception": "ConnectionRefusedError",
            "where": "app.py:2",
        },
    ),
    "python_redis_timeout": (
        "connection-timeout",
        {"line": 42, "exception": "TimeoutError", "where": "app.py:5"},
    ),
    "python_redis_unresolved": (
        "host-unresolved",
        {"line": 44, "host": "todo-app-redsi", "port": 6379, "exception": "gaierror", "where": "app.py:2"},
    ),
    "python_redis_wrongpass": (
        "auth-failed",
        {"line": 41, "exception": "AuthenticationError", "where": "app.py:2"},
    ),
    "python_relation_missing": (
        "relation-missing",
        {"line": 8, "exception": "UndefinedTable", "where": "app.py:4", "detail": "tasks"},
    ),
    "python_requests_refused": (
        "connection-refused",
        {
            "line": 32,
            "host": "127.0.0.1",
            "port": 59999,
            "exception": "ConnectionRefusedError",
            "where": "app.py:2",
        },
    ),
    "python_requests_status": (
        "http-status",
        {
            "line": 6,
            "host": "127.0.0.1",
            "port": 58002,
            "exception": "HTTPError",
            "where": "app.py:2",
            "detail": "503 http://127.0.0.1:58002/orders",
        },
    ),
    "python_requests_timeout": (
        "connection-timeout",
        {
            "line": 32,
            "host": "127.0.0.1",
            "port": 58010,
            "exception": "ConnectTimeoutError",
            "where": "app.py:5",
        },
    ),
    "python_requests_unresolved": (
        "host-unresolved",
        {"line": 34, "host": "todo-app-bakend", "port": 8000, "exception": "gaierror", "where": "app.py:2"},
    ),
    "python_reset": (
        "connection-reset",
        {"line": 22, "exception": "ConnectionResetError", "where": "app.py:2"},
    ),
    "python_sqlalchemy_psycopg_database": (
        "database-missing",
        {
            "line": 44,
            "host": "127.0.0.1",
            "port": 55432,
            "database": "todo",
            "exception": "OperationalError",
            "where": "app.py:4 in ping",
        },
    ),
    "python_sqlalchemy_psycopg_password": (
        "auth-failed",
        {
            "line": 44,
            "host": "127.0.0.1",
            "port": 55432,
            "user": "todoapp",
            "exception": "OperationalError",
            "where": "app.py:4 in ping",
        },
    ),
    "python_sqlalchemy_psycopg_refused": (
        "connection-refused",
        {
            "line": 44,
            "host": "127.0.0.1",
            "port": 59999,
            "exception": "OperationalError",
            "where": "app.py:4 in ping",
        },
    ),
    "python_sqlalchemy_psycopg_unresolved": (
        "host-unresolved",
        {
            "line": 47,
            "host": "todo-app-postgres",
            "exception": "OperationalError",
            "where": "app.py:4 in ping",
        },
    ),
    "python_structlog_json": (
        "arithmetic",
        {"line": 2, "exception": "ZeroDivisionError", "where": "app.py:6 in divide"},
    ),
    "python_syntax": (
        "uncaught",
        {"line": 4, "exception": "SyntaxError", "where": "app.py:1", "detail": "invalid syntax"},
    ),
    "python_tls_expired": (
        "certificate-expired",
        {
            "line": 49,
            "host": "127.0.0.1",
            "port": 58443,
            "exception": "SSLCertVerificationError",
            "where": "app.py:2",
        },
    ),
    "python_tls_http_to_https": (
        "connection-reset",
        {"line": 22, "exception": "ConnectionResetError", "where": "app.py:2"},
    ),
    "python_tls_name": (
        "certificate-name",
        {
            "line": 25,
            "host": "localhost",
            "port": 58443,
            "exception": "SSLCertVerificationError",
            "where": "app.py:2",
        },
    ),
    "python_tls_untrusted": (
        "certificate-untrusted",
        {"line": 26, "exception": "ConnectError", "where": "app.py:2"},
    ),
    "python_tls_wrong_version": (
        "tls-mismatch",
        {"line": 49, "host": "127.0.0.1", "port": 58002, "exception": "SSLError", "where": "app.py:2"},
    ),
    "python_toml_invalid": (
        "config-invalid",
        {"line": 15, "exception": "TOMLDecodeError", "where": "app.py:2"},
    ),
    "python_too_many": (
        "too-many-connections",
        {
            "line": 10,
            "host": "127.0.0.1",
            "port": 55432,
            "exception": "OperationalError",
            "where": "app.py:2",
        },
    ),
    "python_unix_missing": (
        "file-missing",
        {
            "line": 6,
            "file": "/var/run/postgresql/.s.PGSQL.5432",
            "exception": "OperationalError",
            "where": "app.py:2",
        },
    ),
    "python_urllib_refused": (
        "connection-refused",
        {"line": 21, "exception": "ConnectionRefusedError", "where": "app.py:2"},
    ),
    "python_uvicorn_attr": ("module-missing", {"line": 1, "detail": "app"}),
    "python_uvicorn_lifespan": (
        "connection-refused",
        {
            "line": 49,
            "host": "127.0.0.1",
            "port": 59999,
            "exception": "ConnectionRefusedError",
            "where": "app.py:7 in lifespan",
        },
    ),
    "python_uvicorn_port": ("port-in-use", {"line": 2, "port": 55432}),
    "python_yaml_invalid": (
        "config-invalid",
        {"line": 38, "file": "config.yaml", "exception": "ScannerError", "where": "app.py:2"},
    ),
    "python_zero": (
        "arithmetic",
        {"line": 12, "exception": "ZeroDivisionError", "where": "app.py:4 in average"},
    ),
    "python_zero_fastapi": (
        "arithmetic",
        {"line": 78, "exception": "ZeroDivisionError", "where": "app.py:4 in share"},
    ),
    "redis_badconf": ("config-invalid", {"line": 4, "detail": 'maxmemry "3mb"'}),
    "redis_cli": ("connection-refused", {"line": 1, "host": "127.0.0.1", "port": 59999}),
    "redis_cli_auth": ("auth-failed", {"line": 1}),
    "redis_dir": ("permission-denied", {"line": 4, "file": "/root", "detail": 'dir "/root"'}),
    "redis_port": ("port-in-use", {"line": 5, "port": 56379}),
    "redis_replica_log": ("connection-refused", {"line": 10}),
    "sh_badsub": ("usage", {"line": 1, "detail": "Bad substitution"}),
    "sh_denied": ("permission-denied", {"line": 1, "file": "/tmp/entrypoint2.sh"}),
    "sh_format": ("command-missing", {"line": 1, "file": "/tmp/armbin", "detail": "Exec format error"}),
    "sh_nofile": ("file-missing", {"line": 1, "file": "/etc/todo/config.yaml"}),
    "sh_notfound": ("command-missing", {"line": 1, "detail": "migrat"}),
    "sh_required": ("variable-unset", {"line": 1, "variable": "DATABASE_URL"}),
    "sh_ro": ("file-missing", {"line": 1, "file": "/proc/version2"}),
    "sh_script_notfound": ("command-missing", {"line": 1, "detail": "echoo"}),
    "sh_syntax": ("usage", {"line": 1, "detail": 'Syntax error: end of file unexpected (expecting "fi")'}),
    "sh_unset": ("variable-unset", {"line": 1, "variable": "DATABASE_URL"}),
    "waitfor": ("startup-waiting", {"line": 4, "host": "todo-app-db", "port": 5432}),
    "wget_nohost": ("host-unresolved", {"line": 3, "host": "todo-app-bakend"}),
    "wget_refused": ("connection-refused", {"line": 2, "host": "127.0.0.1", "port": 59999}),
    "wget_tls": ("certificate-untrusted", {"line": 4}),
}


def read(name: str) -> str:
    return (LOGS / f"{name}.txt").read_text()


def told(said: Said) -> dict[str, object]:
    fields = {key: value for key, value in asdict(said).items() if value not in ("", None)}
    return {key: value for key, value in fields.items() if key not in ("kind", "text")}


@pytest.mark.parametrize("name", FIRST)
def test_the_first_statement_names_the_cause(name: str):
    kind, fields = FIRST[name]
    found = understand(read(name))
    assert found, "nothing was understood"
    assert (found[0].kind, told(found[0])) == (kind, fields)


@pytest.mark.parametrize("name", FIRST)
def test_the_quote_stands_in_the_log_at_its_line(name: str):
    text = read(name)
    for said in understand(text):
        assert said.text in text.split("\n")[said.line - 1]
        assert 0 < len(said.text) <= 300


def test_every_log_has_an_expectation():
    unhealthy = {path.stem for path in LOGS.glob("*.txt") if "healthy" not in path.stem}
    assert unhealthy == set(FIRST)
    assert len(FIRST) >= 90


def test_each_field_of_a_settings_class_is_named():
    found = understand(read("python_pydantic_settings"))
    assert [(said.kind, said.variable) for said in found] == [
        ("variable-unset", "DATABASE_URL"),
        ("variable-invalid", "PORT"),
        ("variable-unset", "SECRET_KEY"),
    ]


def test_a_server_log_tells_each_cause_once():
    found = understand(read("pg_server_log"))
    assert [(said.kind, said.user or said.database or said.detail) for said in found] == [
        ("auth-failed", "todoapp"),
        ("database-missing", "todo"),
        ("auth-failed", "postgres"),
        ("too-many-connections", ""),
        ("relation-missing", "tasks"),
        ("deadlock", ""),
        ("relation-missing", "orders"),
    ]


def test_most_logs_have_one_cause_and_no_more():
    several = {name for name in FIRST if len(understand(read(name))) > 1}
    assert several == {
        "node_ioredis_refused",
        "pg_server_log",
        "python_pydantic_settings",
        "sh_ro",
        "wget_tls",
    }
