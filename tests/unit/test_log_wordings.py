"""What programs say, one wording a case, with the fields that must be understood.

The texts of files in `logs/` came from running programs; those here are written after the programs' sources and
manuals, for what this project's test machines can't run: Spring Boot 3 (failure analyzers), HikariCP, Jedis and
Lettuce, Flyway, Kafka clients, nginx 1.25 (error_log), MySQL 8 and MariaDB (and the entrypoints of their images),
the PostgreSQL image's entrypoint, RabbitMQ 3, MongoDB drivers, runc and containerd, BusyBox, musl, .NET 8, Ruby
3.3, PHP 8.3, Rust 1.79, client-go (klog), kubectl, clap, cobra, viper, envconfig, envalid, zod, django-environ.
"""

# ruff: noqa: E501 -- lines of logs are as long as they are
from __future__ import annotations

from dataclasses import asdict

import pytest

from kitlib.diagnosis.logs import Kind, Said, understand

UNSET, UNRESOLVED, REFUSED, TIMEOUT = (
    "variable-unset",
    "host-unresolved",
    "connection-refused",
    "connection-timeout",
)

WORDINGS: list[tuple[str, Kind, dict[str, object]]] = [
    # variables
    ("Missing required environment variable: API_KEY", UNSET, {"variable": "API_KEY"}),
    ("missing required env var DATABASE_URL", UNSET, {"variable": "DATABASE_URL"}),
    ("FOO is not set", UNSET, {"variable": "FOO"}),
    ("Error: FOO_BAR must be set", UNSET, {"variable": "FOO_BAR"}),
    ("environment variable 'FOO' not found", UNSET, {"variable": "FOO"}),
    ("fatal: environment variable \"PGHOST\" is required but was not provided", UNSET, {"variable": "PGHOST"}),
    ("panic: FOO_TOKEN required\n\ngoroutine 1 [running]:\nmain.main()\n\t/app/main.go:9 +0x1d\n", UNSET,
     {"variable": "FOO_TOKEN", "where": "main.go:9 in main"}),
    ("2026/11/26 18:19:56 required key REDIS_ADDR missing value", UNSET, {"variable": "REDIS_ADDR"}),
    ("decouple.UndefinedValueError: SECRET_KEY not found. Declare it as envvar or define a default value.", UNSET,
     {"variable": "SECRET_KEY"}),
    ("django.core.exceptions.ImproperlyConfigured: Set the DATABASE_URL environment variable", UNSET,
     {"variable": "DATABASE_URL"}),
    ("django.core.exceptions.ImproperlyConfigured: The SECRET_KEY setting must not be empty.", UNSET,
     {"variable": "SECRET_KEY"}),
    ("Error: The MAIL_FROM environment variable is missing", UNSET, {"variable": "MAIL_FROM"}),
    ("ERROR: env: required environment variable \"QUEUE_URL\" is not set", UNSET, {"variable": "QUEUE_URL"}),
    ("main.rb:3:in `fetch': key not found: \"STRIPE_KEY\" (KeyError)\n\tfrom main.rb:3:in `<main>'", UNSET,
     {"variable": "STRIPE_KEY", "where": "main.rb:3 in fetch"}),
    ("Error: Database is uninitialized and superuser password is not specified.\n       You must specify "
     "POSTGRES_PASSWORD to a non-empty value for the\n       superuser.", UNSET, {"variable": "POSTGRES_PASSWORD"}),
    ("2026-11-26 18:00:00+00:00 [ERROR] [Entrypoint]: Database is uninitialized and password option is not specified\n"
     "    You need to specify one of the following as an environment variable:\n    - MYSQL_ROOT_PASSWORD", UNSET,
     {"variable": "MYSQL_ROOT_PASSWORD"}),
    ("Missing environment variables:\n  - SMTP_HOST\n  - SMTP_PORT\n", UNSET, {"variable": "SMTP_HOST"}),
    ("Invalid environment variables: {\n  DATABASE_URL: [ 'Required' ]\n}", "variable-invalid",
     {"variable": "DATABASE_URL"}),
    ("Caused by: java.lang.IllegalArgumentException: Could not resolve placeholder 'PAYMENT_URL' in value "
     "\"${PAYMENT_URL}\"\n\tat org.springframework.util.PropertyPlaceholderHelper.parse(PropertyPlaceholderHelper.java:180)",
     UNSET, {"variable": "PAYMENT_URL", "exception": "IllegalArgumentException"}),
    ("thread 'main' panicked at src/main.rs:12:45:\nDATABASE_URL must be set: NotPresent\nnote: run with "
     "`RUST_BACKTRACE=1` environment variable to display a backtrace", UNSET,
     {"variable": "DATABASE_URL", "exception": "panic", "where": "main.rs:12"}),
    ("{\"level\":60,\"time\":1764180000000,\"pid\":1,\"hostname\":\"api-1\",\"msg\":\"JWT_SECRET is not defined\"}", UNSET,
     {"variable": "JWT_SECRET"}),
    ("ValueError: LOG_LEVEL must be one of DEBUG, INFO", "variable-invalid", {"variable": "LOG_LEVEL"}),
    ("envconfig.Process: assigning PORT to Port: converting 'eighty' to type int. details: strconv.ParseInt", "variable-invalid",
     {"variable": "PORT"}),
    ("Error: invalid value for MAX_CONNS: \"ten\"", "variable-invalid", {"variable": "MAX_CONNS"}),
    ('Traceback (most recent call last):\n  File "/app/settings.py", line 4, in load\n    port = int(os.environ["APP_PORT"])\n'
     "           ^^^^^^^^^^^^^^^^^^^^^^^^^^^\nValueError: invalid literal for int() with base 10: '80a'", "variable-invalid",
     {"variable": "APP_PORT", "where": "settings.py:4 in load"}),
    # names and connections
    ("nc: bad address 'todo-db'", UNRESOLVED, {"host": "todo-db"}),
    ("wget: bad address 'todo-api:8000'", UNRESOLVED, {"host": "todo-api"}),
    ("ping: unknown: getaddrinfo ENOTFOUND cache.prod.svc", UNRESOLVED, {"host": "cache.prod.svc"}),
    ("2026/11/26 18:00:00 [emerg] 1#1: host not found in upstream \"todo-bakend:8000\" in /etc/nginx/conf.d/default.conf:3",
     UNRESOLVED, {"host": "todo-bakend", "port": 8000}),
    ("2026/11/26 18:00:00 [error] 29#29: *1 todo-bakend could not be resolved (3: Host not found), client: 10.0.0.1", UNRESOLVED,
     {"host": "todo-bakend"}),
    ("ERROR 2005 (HY000): Unknown MySQL server host 'mysq' (-2)", UNRESOLVED, {"host": "mysq"}),
    ("dial tcp: lookup kafka.messaging.svc.cluster.local on 10.96.0.10:53: read udp 10.244.0.9:40112->10.96.0.10:53: i/o timeout",
     UNRESOLVED, {"host": "kafka.messaging.svc.cluster.local", "detail": "10.96.0.10:53"}),
    ("PHP Warning:  PDO::__construct(): php_network_getaddresses: getaddrinfo for mysql-db failed: Name or service not known",
     UNRESOLVED, {"host": "mysql-db"}),
    ("Unhandled exception. System.Net.Http.HttpRequestException: Name or service not known (orders:8080)\n"
     " ---> System.Net.Sockets.SocketException (0xFFFDFFFF): Name or service not known\n"
     "   at System.Net.Sockets.Socket.AwaitableSocketAsyncEventArgs.ThrowException(SocketError error)\n"
     "   --- End of inner exception stack trace ---\n   at Program.<Main>$(String[] args) in /src/Program.cs:line 7",
     UNRESOLVED, {"host": "orders", "port": 8080, "exception": "SocketException"}),
    ("error trying to connect: dns error: failed to lookup address information: Name does not resolve", UNRESOLVED, {}),
    ("org.postgresql.util.PSQLException: Connection to todo-db:5432 refused. Check that the hostname and port are correct and "
     "that the postmaster is accepting TCP/IP connections.\n\tat org.postgresql.core.v3.ConnectionFactoryImpl.openConnectionImpl"
     "(ConnectionFactoryImpl.java:342)\n\tat com.acme.Db.open(Db.java:21)", REFUSED,
     {"host": "todo-db", "port": 5432, "exception": "PSQLException", "where": "Db.java:21 in open"}),
    ("io.lettuce.core.RedisConnectionException: Unable to connect to cache/<unresolved>:6379\n"
     "\tat io.lettuce.core.RedisConnectionException.create(RedisConnectionException.java:78)\n"
     "Caused by: io.netty.channel.AbstractChannel$AnnotatedConnectException: Connection refused: cache/10.96.3.4:6379\n"
     "Caused by: java.net.ConnectException: Connection refused\n\tat java.base/sun.nio.ch.Net.pollConnect(Native Method)",
     REFUSED, {"host": "cache", "port": 6379}),
    ("2026/11/26 18:00:00 [error] 29#29: *1 connect() failed (111: Connection refused) while connecting to upstream, client: "
     "10.244.0.1, server: , request: \"GET / HTTP/1.1\", upstream: \"http://10.96.1.2:8000/\", host: \"todo\"", REFUSED,
     {"host": "10.96.1.2", "port": 8000}),
    ("[2026-11-26 18:00:00] WARN [Producer clientId=producer-1] Connection to node -1 (kafka/10.96.4.4:9092) could not be "
     "established. Broker may not be available.", REFUSED, {"host": "kafka", "port": 9092}),
    ("time=\"2026-11-26T18:00:00Z\" level=fatal msg=\"cannot start\" error=\"dial tcp 10.96.0.7:4222: connect: connection refused\"",
     REFUSED, {"host": "10.96.0.7", "port": 4222}),
    ("E1126 18:20:31.853149       1 leaderelection.go:330] error retrieving resource lock: Get \"https://10.96.0.1:443/apis\": "
     "dial tcp 10.96.0.1:443: i/o timeout", TIMEOUT, {"host": "10.96.0.1", "port": 443}),
    ("Get \"http://orders.shop:8080/v1\": dial tcp 10.96.1.9:8080: connect: connection refused", REFUSED,
     {"host": "orders.shop", "port": 8080}),
    ("requests.exceptions.ConnectTimeout: HTTPConnectionPool(host='billing', port=80): Max retries exceeded with url: / (Caused by "
     "ConnectTimeoutError(<urllib3.connection.HTTPConnection object at 0x7f>, 'Connection to billing timed out. (connect timeout=3)'))",
     TIMEOUT, {"host": "billing", "port": 80}),
    ("Error: connect ETIMEDOUT 10.96.7.7:5432\n    at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1611:16)", TIMEOUT,
     {"host": "10.96.7.7", "port": 5432}),
    ("2026/11/26 18:00:00 [error] 7#7: *9 upstream timed out (110: Connection timed out) while reading response header from "
     "upstream, upstream: \"http://api.shop:8000/slow\"", TIMEOUT, {"host": "api.shop", "port": 8000}),
    ("com.zaxxer.hikari.pool.HikariPool - HikariPool-1 - Connection is not available, request timed out after 30000ms.", TIMEOUT, {}),
    ("dial tcp 10.96.0.8:6379: connect: no route to host", TIMEOUT, {"host": "10.96.0.8", "port": 6379, "detail": "no route to host"}),
    ("rpc error: code = DeadlineExceeded desc = context deadline exceeded", TIMEOUT, {}),
    ("psycopg2.OperationalError: server closed the connection unexpectedly", "connection-reset", {}),
    ("httpx.RemoteProtocolError: Server disconnected without sending a response.", "connection-reset", {}),
    # databases, caches, brokers
    ("ERROR 1045 (28000): Access denied for user 'todo'@'10.244.0.7' (using password: YES)", "auth-failed", {"user": "todo"}),
    ("(1049, \"Unknown database 'tood'\")", "database-missing", {"database": "tood"}),
    ("(1146, \"Table 'todo.tasks' doesn't exist\")", "relation-missing", {"detail": "todo.tasks"}),
    ("sqlite3.OperationalError: no such table: tasks", "relation-missing", {"detail": "tasks"}),
    ("FATAL:  role \"todo\" does not exist", "role-missing", {"user": "todo"}),
    ("FATAL:  no pg_hba.conf entry for host \"10.244.0.5\", user \"todo\", database \"tasks\", no encryption", "auth-failed",
     {"user": "todo", "database": "tasks"}),
    ("redis.exceptions.ResponseError: WRONGPASS invalid username-password pair or user is disabled.", "auth-failed", {}),
    ("ReplyError: NOAUTH Authentication required.", "auth-failed", {}),
    ("amqp.exceptions.AccessRefused: (0, 0): (403) ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN. "
     "For details see the broker logfile.", "auth-failed", {}),
    ("2026-11-26 18:00:00.000000+00:00 [error] <0.712.0> PLAIN login refused: user 'celery' - invalid credentials", "auth-failed",
     {"user": "celery"}),
    ("MongoServerError: Authentication failed.\n    at Connection.onMessage (/app/node_modules/mongodb/lib/cmap/connection.js:231:30)",
     "auth-failed", {"exception": "MongoServerError"}),
    ("FATAL:  remaining connection slots are reserved for non-replication superuser connections", "too-many-connections", {}),
    ("ERROR 1040 (HY000): Too many connections", "too-many-connections", {}),
    ("ERR max number of clients reached", "too-many-connections", {}),
    ("Deadlock found when trying to get lock; try restarting transaction", "deadlock", {}),
    ("fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 [chan receive]:\nmain.main()\n\t/src/main.go:8 +0x2a",
     "deadlock", {"where": "main.go:8 in main"}),
    ("ERROR:  canceling statement due to lock timeout", "lock-timeout", {}),
    ("sqlite3.OperationalError: database is locked", "lock-timeout", {}),
    ("redis.exceptions.ResponseError: MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to "
     "disk.", "redis-misconf", {"detail": "MISCONF"}),
    ("ReplyError: OOM command not allowed when used memory > 'maxmemory'.", "redis-misconf", {"detail": "OOM"}),
    ("READONLY You can't write against a read only replica.", "redis-misconf", {"detail": "READONLY"}),
    # files, ports, commands, modules
    ("nginx: [emerg] bind() to 0.0.0.0:80 failed (13: Permission denied)", "port-privileged", {"port": 80}),
    ("nginx: [emerg] bind() to 0.0.0.0:8080 failed (98: Address already in use)", "port-in-use", {"port": 8080}),
    ("Web server failed to start. Port 8080 was already in use.", "port-in-use", {"port": 8080}),
    ("(13)Permission denied: AH00072: make_sock: could not bind to address [::]:80", "port-privileged", {"port": 80}),
    ("nginx: [emerg] cannot load certificate \"/etc/tls/tls.crt\": BIO_new_file() failed (SSL: error:80000002:system library::No such "
     "file or directory)", "file-missing", {"file": "/etc/tls/tls.crt"}),
    ("nginx: [emerg] mkdir() \"/var/cache/nginx/client_temp\" failed (30: Read-only file system)", "read-only-file-system",
     {"file": "/var/cache/nginx/client_temp"}),
    ("OSError: [Errno 30] Read-only file system: '/data/cache'", "read-only-file-system", {"file": "/data/cache"}),
    ("Error: EROFS: read-only file system, open '/app/.next/trace'\n    at Object.openSync (node:fs:573:18)", "read-only-file-system",
     {"file": "/app/.next/trace"}),
    ("touch: /data/x: Read-only file system", "read-only-file-system", {"file": "/data/x"}),
    ("sh: 1: cannot create /data/out: Read-only file system", "read-only-file-system", {"file": "/data/out"}),
    ("nginx: [emerg] unknown directive \"proxy_pas\" in /etc/nginx/conf.d/default.conf:4", "config-invalid",
     {"file": "/etc/nginx/conf.d/default.conf", "detail": "proxy_pas"}),
    ("mkdir: can't create directory '/data/db': Permission denied", "permission-denied", {"file": "/data/db"}),
    ("chown: /data: Operation not permitted", "permission-denied", {"file": "/data"}),
    ("java.nio.file.AccessDeniedException: /data/index\n\tat com.acme.Index.open(Index.java:31)", "permission-denied",
     {"file": "/data/index", "where": "Index.java:31 in open"}),
    ("System.UnauthorizedAccessException: Access to the path '/app/logs' is denied.\n   at System.IO.FileSystem.CreateDirectory"
     "(String fullPath)", "permission-denied", {"file": "/app/logs"}),
    ("ERROR:  permission denied for table tasks", "permission-denied", {"detail": "table tasks"}),
    ("ERROR:  could not resize shared memory segment \"/PostgreSQL.1234\" to 8388608 bytes: No space left on device", "disk-full",
     {"file": "/PostgreSQL.1234"}),
    ("write /data/wal/000001: no space left on device", "disk-full", {"file": "/data/wal/000001"}),
    ("exec: \"migrat\": executable file not found in $PATH: unknown", "command-missing", {"detail": "migrat"}),
    ("OCI runtime create failed: runc create failed: unable to start container process: exec: \"/app/strat.sh\": stat /app/strat.sh: "
     "no such file or directory: unknown", "command-missing", {"detail": "/app/strat.sh"}),
    ("failed to create containerd task: exec: \"/entrypoint.sh\": permission denied: unknown", "permission-denied",
     {"file": "/entrypoint.sh"}),
    ("exec /usr/local/bin/app: exec format error", "command-missing", {"file": "/usr/local/bin/app", "detail": "exec format error"}),
    ("/docker-entrypoint.sh: line 7: gosuu: not found", "command-missing", {"detail": "gosuu"}),
    ("/usr/bin/env: 'bash': No such file or directory", "command-missing", {"detail": "bash"}),
    ("Error: spawn ffmpeg ENOENT\n    at ChildProcess._handle.onexit (node:internal/child_process:284:19)", "command-missing",
     {"detail": "ffmpeg"}),
    ("Error loading shared library libssl.so.1.1: No such file or directory (needed by /app/server)", "module-missing",
     {"detail": "libssl.so.1.1"}),
    ("/app/server: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.34' not found (required by /app/server)", "module-missing",
     {"detail": "GLIBC_2.34"}),
    ("/usr/lib/ruby/3.3.0/rubygems.rb:136:in `require': cannot load such file -- pg (LoadError)\n\tfrom /app/app.rb:2:in `<main>'",
     "module-missing", {"detail": "pg", "where": "app.rb:2"}),
    ("PHP Fatal error:  Uncaught Error: Class \"Redis\" not found in /var/www/index.php:12", "module-missing",
     {"detail": "Redis", "where": "index.php:12"}),
    ("npm error Missing script: \"strat\"", "usage", {"detail": "strat"}),
    ("error: unexpected argument '--prot' found", "usage", {"detail": "--prot"}),
    ("Error: unknown flag: --replicas-count", "usage", {"detail": "--replicas-count"}),
    ("Error: required flag(s) \"config\" not set", "usage", {"detail": "config"}),
    ("error: failed to parse config file: yaml: line 3: mapping values are not allowed in this context", "config-invalid", {}),
    ("toml: line 4: expected '.' or '=', but got '\\n' instead", "config-invalid", {}),
    # certificates and protocols
    ("x509: certificate signed by unknown authority", "certificate-untrusted", {}),
    ("tls: failed to verify certificate: x509: certificate is valid for a.shop, b.shop, not c.shop", "certificate-name",
     {"host": "c.shop", "detail": "a.shop, b.shop"}),
    ("ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: Hostname mismatch, certificate is "
     "not valid for 'db.shop'. (_ssl.c:1006)", "certificate-name", {"host": "db.shop"}),
    ("java.security.cert.CertificateExpiredException: NotAfter: Wed Nov 25 18:12:37 UTC 2026\n"
     "\tat java.base/sun.security.x509.CertificateValidity.valid(CertificateValidity.java:277)", "certificate-expired", {}),
    ("http: server gave HTTP response to HTTPS client", "tls-mismatch", {}),
    ("2026/11/26 18:00:00 [error] client sent plain HTTP request: 400 The plain HTTP request was sent to HTTPS port", "tls-mismatch", {}),
    ("http2: frame too large", "tls-mismatch", {}),
    ("rpc error: code = Unavailable desc = connection error: desc = \"error reading server preface: http2: frame too large\"",
     "tls-mismatch", {}),
    # memory, arithmetic, the rest
    ("[2026-11-26 18:00:00 +0000] [1] [ERROR] Worker (pid:9) was sent SIGKILL! Perhaps out of memory?", "out-of-memory", {}),
    ("terminate called after throwing an instance of 'std::bad_alloc'", "out-of-memory", {}),
    ("PHP Fatal error:  Allowed memory size of 134217728 bytes exhausted (tried to allocate 65536 bytes) in /var/www/a.php on line 3",
     "out-of-memory", {"where": "a.php:3"}),
    ("java.lang.OutOfMemoryError: GC overhead limit exceeded", "out-of-memory", {}),
    ("app.rb:4:in `/': divided by 0 (ZeroDivisionError)\n\tfrom app.rb:4:in `share'\n\tfrom app.rb:7:in `<main>'", "arithmetic",
     {"exception": "ZeroDivisionError", "where": "app.rb:4 in /"}),
    ("PHP Fatal error:  Uncaught DivisionByZeroError: Division by zero in /var/www/index.php:4\nStack trace:\n#0 {main}", "arithmetic",
     {"exception": "DivisionByZeroError", "where": "index.php:4"}),
    ("fail: Shop.Worker[0]\n      Task failed\n      System.DivideByZeroException: Attempted to divide by zero.\n"
     "         at Shop.Math.Share(Int32 a, Int32 b) in /src/Math.cs:line 5", "arithmetic",
     {"exception": "DivideByZeroException", "where": "Math.cs:5 in Share"}),
    ("thread 'main' panicked at src/main.rs:4:5:\nattempt to divide by zero", "arithmetic", {"where": "main.rs:4"}),
    ("Segmentation fault (core dumped)", "uncaught", {"detail": "Segmentation fault"}),
    ("[2026-11-26 18:00:00 +0000] [1] [CRITICAL] WORKER TIMEOUT (pid:8)", "uncaught", {"detail": "WORKER TIMEOUT"}),
    ("***************************\nAPPLICATION FAILED TO START\n***************************\n\nDescription:\n\nParameter 0 of "
     "constructor in com.acme.Shop required a bean of type 'com.acme.Bank' that could not be found.\n\nAction:\n", "uncaught",
     {"detail": "Parameter 0 of constructor in com.acme.Shop required a bean of type 'com.acme.Bank' that could not be found."}),
    ("***************************\nAPPLICATION FAILED TO START\n***************************\n\nDescription:\n\nFailed to configure a "
     "DataSource: 'url' attribute is not specified and no embedded datasource could be configured.", "config-invalid", {}),
    # Kubernetes
    ("E1126 18:20:31.853149       1 reflector.go:147] pkg/mod/k8s.io/client-go@v0.29/tools/cache/reflector.go:229: Failed to watch "
     "*v1.Pod: failed to list *v1.Pod: pods is forbidden: User \"system:serviceaccount:shop:agent\" cannot list resource \"pods\" in "
     "API group \"\" at the cluster scope", "forbidden",
     {"verb": "list", "resource": "pods", "group": "", "namespace": "", "subject": "system:serviceaccount:shop:agent"}),
    ("Error from server (Forbidden): deployments.apps \"api\" is forbidden: User \"system:serviceaccount:shop:ci\" cannot patch "
     "resource \"deployments\" in API group \"apps\" in the namespace \"shop\"", "forbidden",
     {"verb": "patch", "resource": "deployments", "group": "apps", "namespace": "shop"}),
    ("{\"level\":\"error\",\"ts\":1764180000.1,\"msg\":\"Reconciler error\",\"error\":\"secrets \\\"x\\\" is forbidden: User "
     "\\\"system:serviceaccount:a:b\\\" cannot get resource \\\"secrets\\\" in API group \\\"\\\" in the namespace \\\"a\\\"\","
     "\"stacktrace\":\"sigs.k8s.io/controller-runtime/pkg/internal/controller.go:329\"}", "forbidden",
     {"verb": "get", "resource": "secrets", "namespace": "a", "subject": "system:serviceaccount:a:b"}),
    ("User \"system:anonymous\" cannot get path \"/metrics\"", "forbidden", {"verb": "get", "resource": "/metrics"}),
    ("error: You must be logged in to the server (Unauthorized)", "unauthorized", {}),
    # waiting and answers
    ("wait-for-it.sh: waiting 15 seconds for todo-db:5432", "startup-waiting", {"host": "todo-db", "port": 5432}),
    ("Postgres is unavailable - sleeping\nPostgres is unavailable - sleeping", "startup-waiting", {"detail": "Postgres"}),
    ("INFO waiting for redis to be ready\nINFO waiting for redis to be ready", "startup-waiting", {"detail": "redis"}),
    ("waiting for todo-app-db", "startup-waiting", {"host": "todo-app-db"}),
    ("ERROR upstream http://orders:8080/v1/list returned 502 Bad Gateway", "http-status",
     {"host": "orders", "port": 8080, "detail": "502 http://orders:8080/v1/list"}),
    ("AxiosError: Request failed with status code 503\n    at settle (/app/node_modules/axios/dist/node/axios.cjs:2019:12)",
     "http-status", {"detail": "503"}),
    # the same senses in other words; a third of them was not understood when first tried
    ("KeyError: 'APP_SECRET'", 'variable-unset', {'variable': 'APP_SECRET'}),
    ('config error: DB_PASSWORD env variable not set, exiting', 'variable-unset', {'variable': 'DB_PASSWORD'}),
    ('ERROR: Required variable $DB_HOST is empty', 'variable-unset', {'variable': 'DB_HOST'}),
    ('FATAL: REDIS_URL environment variable not defined', 'variable-unset', {'variable': 'REDIS_URL'}),
    ('Please set the environment variable AWS_REGION', 'variable-unset', {'variable': 'AWS_REGION'}),
    ('You must set DATABASE_URL before starting', 'variable-unset', {'variable': 'DATABASE_URL'}),
    ('Error: Expected environment variable STRIPE_SECRET to be defined', 'variable-unset', {'variable': 'STRIPE_SECRET'}),
    ('FATAL missing env: MODE', 'variable-unset', {'variable': 'MODE'}),
    ('fatal: APP_MODE unset', 'variable-unset', {'variable': 'APP_MODE'}),
    ('required env APP_GREETING missing', 'variable-unset', {'variable': 'APP_GREETING'}),
    ('ERROR: missing configuration value: API_URL', 'variable-unset', {'variable': 'API_URL'}),
    ('RuntimeError: GREETING is required', 'variable-unset', {'variable': 'GREETING'}),
    ('AssertionError: DATABASE_URL not provided', 'variable-unset', {'variable': 'DATABASE_URL'}),
    ('No DATABASE_URL configured', 'variable-unset', {'variable': 'DATABASE_URL'}),
    ('error: the environment variable `PORT` could not be found', 'variable-unset', {'variable': 'PORT'}),
    ('Environment variable not found: DATABASE_URL.', 'variable-unset', {'variable': 'DATABASE_URL'}),
    ('error: Environment variable not found: DATABASE_URL.\n  -->  schema.prisma:7', 'variable-unset', {'variable': 'DATABASE_URL'}),
    ('level=fatal msg="config: missing DATABASE_URL"', 'variable-unset', {'variable': 'DATABASE_URL'}),
    ('SystemExit: set API_KEY', 'variable-unset', {'variable': 'API_KEY'}),
    ("ValueError: PORT must be an integer, got 'abc'", 'variable-invalid', {'variable': 'PORT'}),
    ('invalid PORT: strconv.Atoi: parsing "http": invalid syntax', 'variable-invalid', {'variable': 'PORT'}),
    ('Error: environment variable TIMEOUT has invalid value "x"', 'variable-invalid', {'variable': 'TIMEOUT'}),
    ('could not connect to redis at todo-redis:6379: getaddrinfo EAI_AGAIN todo-redis', 'host-unresolved', {'host': 'todo-redis'}),
    ('ERROR [api] db check failed: could not resolve hostname "db-main": no such host', 'host-unresolved', {'host': 'db-main'}),
    ('redis: cannot connect: lookup redis-master: no such host', 'host-unresolved', {'host': 'redis-master'}),
    ('java.net.UnknownHostException: orders-db: Name or service not known', 'host-unresolved', {'host': 'orders-db'}),
    ('OSError: [Errno -3] Temporary failure in name resolution', 'host-unresolved', {}),
    ('ERROR: Could not connect to backend-svc:8080 (Connection refused)', 'connection-refused', {'host': 'backend-svc', 'port': 8080}),
    ('failed to connect to all addresses; last error: UNKNOWN: ipv4:10.96.4.2:50051: Failed to connect to remote host: Connection refused', 'connection-refused', {'host': '10.96.4.2', 'port': 50051}),
    ('pymongo.errors.ServerSelectionTimeoutError: mongo:27017: [Errno 111] Connection refused', 'connection-refused', {'host': 'mongo', 'port': 27017}),
    ('Error: Redis connection to cache:6379 failed - connect ECONNREFUSED 10.96.0.3:6379', 'connection-refused', {'host': 'cache', 'port': 6379}),
    ('redis.clients.jedis.exceptions.JedisConnectionException: Failed to connect to any host resolved for DNS name.', 'connection-refused', {}),
    ('org.springframework.amqp.AmqpConnectException: java.net.ConnectException: Connection refused', 'connection-refused', {}),
    ('SQLSTATE[HY000] [2002] Connection refused', 'connection-refused', {}),
    ("SQLSTATE[HY000] [1045] Access denied for user 'app'@'10.0.0.2' (using password: YES)", 'auth-failed', {'user': 'app'}),
    ('asyncpg.exceptions.InvalidAuthorizationSpecificationError: no pg_hba.conf entry for host', 'auth-failed', {}),
    ('kombu.exceptions.OperationalError: [Errno 110] Connection timed out', 'connection-timeout', {}),
    ('httpx.ConnectTimeout: timed out', 'connection-timeout', {}),
    ('httpx.ReadTimeout', 'connection-timeout', {}),
    ('TimeoutError: [Errno 110] Connection timed out', 'connection-timeout', {}),
    ('upstream connect error or disconnect/reset before headers. reset reason: connection timeout', 'connection-timeout', {}),
    ('django.db.utils.OperationalError: FATAL:  password authentication failed for user "django"', 'auth-failed', {'user': 'django'}),
    ('django.db.utils.ProgrammingError: relation "auth_user" does not exist\nLINE 1: SELECT', 'relation-missing', {'detail': 'auth_user'}),
    ('PrismaClientKnownRequestError: The table `public.Task` does not exist in the current database.', 'relation-missing', {}),
    ("PrismaClientInitializationError: Can't reach database server at `db:5432`", 'connection-refused', {'host': 'db', 'port': 5432}),
    ('Authentication failed against database server at `db`, the provided database credentials for `app` are not valid.', 'auth-failed', {}),
    ('Database `tasks` does not exist on the database server at `db:5432`.', 'database-missing', {'database': 'tasks'}),
    ("PermissionError: [Errno 13] Permission denied: '/var/log/app.log'", 'permission-denied', {'file': '/var/log/app.log'}),
    ('open /data/app.db: permission denied', 'permission-denied', {'file': '/data/app.db'}),
    ('mkdir /data/cache: read-only file system', 'read-only-file-system', {'file': '/data/cache'}),
    ('java.io.FileNotFoundException: /etc/app/app.yml (No such file or directory)', 'file-missing', {'file': '/etc/app/app.yml'}),
    ('java.io.IOException: Read-only file system\n\tat java.base/java.io.UnixFileSystem.createFileExclusively0(Native Method)\n\tat com.acme.A.b(A.java:3)', 'read-only-file-system', {'where': 'A.java:3 in b'}),
    ("python: can't open file '/app/man.py': [Errno 2] No such file or directory", 'file-missing', {'file': '/app/man.py'}),
    ("python3: can't open file '//srv/serv.py': [Errno 2] No such file or directory", 'file-missing', {}),
    ('/bin/sh: 1: pyhton: not found', 'command-missing', {'detail': 'pyhton'}),
    ('sh: slep: not found', 'command-missing', {'detail': 'slep'}),
    ('/bin/sh: /entrypoint.sh: not found', 'command-missing', {'detail': '/entrypoint.sh'}),
    ("sh: can't open '/scripts/init.sh': No such file or directory", 'file-missing', {'file': '/scripts/init.sh'}),
    ('exec ./server: no such file or directory', 'command-missing', {'detail': './server'}),
    ('standard_init_linux.go:228: exec user process caused: exec format error', 'command-missing', {'detail': 'exec format error'}),
    ('failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: exec: "pyton": executable file not found in $PATH: unknown', 'command-missing', {'detail': 'pyton'}),
    ('usage: app.py [-h] [--port PORT]\napp.py: error: unrecognized arguments: --prot 8000', 'usage', {'detail': '--prot 8000'}),
    ('nc: unrecognized option: zz\nBusyBox v1.36 multi-call binary.', 'usage', {}),
    ("sleep: invalid time interval ‘foo’\nTry 'sleep --help' for more information.", 'usage', {}),
    ("sleep: invalid number 'foo'", 'usage', {}),
    ('error: unknown command "serv" for "app"', 'usage', {'detail': 'serv'}),
    ("Error: Cannot find module '/app/servr.js'\n    at Module._resolveFilename (node:internal/modules/cjs/loader:1207:15)", 'module-missing', {'file': '/app/servr.js'}),
    ("ImportError: cannot import name 'foo' from 'bar' (/app/bar.py)", 'module-missing', {'detail': 'foo'}),
    ('failed to listen on 0.0.0.0:8080: listen tcp 0.0.0.0:8080: bind: address already in use', 'port-in-use', {'port': 8080}),
    ("ERROR: [Errno 98] error while attempting to bind on address ('0.0.0.0', 8000): address already in use", 'port-in-use', {'port': 8000}),
    ("ERROR: [Errno 13] error while attempting to bind on address ('0.0.0.0', 80): permission denied", 'port-privileged', {'port': 80}),
    ('Error: listen EACCES: permission denied 0.0.0.0:443', 'port-privileged', {'port': 443}),
    ('listen tcp :80: bind: permission denied', 'port-privileged', {'port': 80}),
    ('ZeroDivisionError: integer division or modulo by zero', 'arithmetic', {}),
    ('RangeError: Division by zero\n    at share (/app/math.js:3:9)', 'arithmetic', {'where': 'math.js:3 in share'}),
    ('2026-11-26 18:00:00 ERROR worker: job failed: division by zero', 'arithmetic', {}),
    ('curl: (60) SSL certificate problem: certificate has expired', 'certificate-expired', {}),
    ("requests.exceptions.SSLError: HTTPSConnectionPool(host='api', port=443): Max retries exceeded with url: / (Caused by SSLError(SSLError(1, '[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)')))", 'tls-mismatch', {'host': 'api', 'port': 443}),
    ('tls: received record with version 3131 when expecting version 303', 'tls-mismatch', {}),
    ('Error: self signed certificate in certificate chain', 'certificate-untrusted', {}),
    ('javax.net.ssl.SSLHandshakeException: Remote host terminated the handshake', 'tls-mismatch', {}),
    ('net/http: HTTP/1.x transport connection broken: malformed HTTP response "\\x15\\x03\\x01"', 'tls-mismatch', {}),
    ('upstream connect error or disconnect/reset before headers. retried and the latest reset reason: connection termination, transport failure reason: TLS error: 268435703:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER', 'tls-mismatch', {}),
    ("OSError: [Errno 28] No space left on device: '/data/x'", 'disk-full', {'file': '/data/x'}),
    ('PANIC:  could not write to file "pg_wal/xlogtemp.29": No space left on device', 'disk-full', {}),
    ('Killed', 'out-of-memory', {}),
    ('signal: killed', 'out-of-memory', {}),
    ('kubernetes.client.exceptions.ApiException: (401)\nReason: Unauthorized', 'unauthorized', {}),
    ('secrets is forbidden: User "system:serviceaccount:x:default" cannot create resource "secrets" in API group "" in the namespace "x"', 'forbidden', {'verb': 'create'}),
    ('requests.exceptions.HTTPError: 502 Server Error: Bad Gateway for url: http://pay:8080/charge', 'http-status', {'host': 'pay'}),
    ('Error: getting orders: GET http://orders/api: 503 Service Unavailable', 'http-status', {'host': 'orders'}),
    ('waiting for db', 'startup-waiting', {}),
    ('Waiting for Postgres...', 'startup-waiting', {}),
    ('still waiting for todo-db:5432 (attempt 40)', 'startup-waiting', {'host': 'todo-db', 'port': 5432}),
    ('nc: connect to todo-db (10.96.3.3) port 5432 (tcp) failed: Connection refused\nwaiting for db', 'connection-refused', {'port': 5432}),
    ('todo-db:5432 - no response', 'startup-waiting', {'host': 'todo-db', 'port': 5432}),
    ('json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)', 'config-invalid', {}),
    ('Error: Invalid configuration: /etc/app/config.json: Unexpected token } in JSON at position 41', 'config-invalid', {}),
    ("configparser.MissingSectionHeaderError: File contains no section headers.\nfile: '/etc/app.ini', line: 1", 'config-invalid', {}),
    ('redis.exceptions.BusyLoadingError: Redis is loading the dataset in memory', 'redis-misconf', {}),
    ('psycopg.OperationalError: connection failed: FATAL:  sorry, too many clients already', 'too-many-connections', {}),
    ('TypeError: unsupported operand type(s)', 'uncaught', {'exception': 'TypeError'}),
    ('app.errors.PaymentError: card declined', 'uncaught', {'exception': 'PaymentError'}),
]  # fmt: skip


def identifier(case: tuple[str, Kind, dict[str, object]]) -> str:
    return f"{case[1]}-{case[0].strip()[:40]}"


def first(text: str) -> Said:
    found = understand(text)
    assert found, "nothing was understood"
    return found[0]


@pytest.mark.parametrize("case", WORDINGS, ids=identifier)
def test_a_wording_is_understood(case: tuple[str, Kind, dict[str, object]]):
    text, kind, expected = case
    said = asdict(first(text))
    assert {"kind": kind, **expected} == {key: said[key] for key in ("kind", *expected)}


@pytest.mark.parametrize("case", WORDINGS, ids=identifier)
def test_a_wording_is_understood_beneath_a_log_prefix_and_healthy_lines(
    case: tuple[str, Kind, dict[str, object]],
):
    text, kind, expected = case
    healthy = [f"2026-11-26T18:00:{i:02}Z INFO request {i} served in {i} ms" for i in range(30)]
    found = understand("\n".join([*healthy, text]))
    assert found[0].kind == kind
    assert found[0].line > 30
    assert {key: getattr(found[0], key) for key in expected} == expected
