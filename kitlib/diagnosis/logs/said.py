"""What a log can say went wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# Some kinds are wider than their names:
# command-missing: also a file that can't be executed on this machine (its detail: exec format error);
# usage: also a shell script that can't be parsed; config-invalid: also a setting that is not known;
# relation-missing: also a column; too-many-connections: also a client's pool that is used up;
# out-of-memory: also "Killed", which a shell says of SIGKILL; connection-timeout: also no route to the host;
# connection-refused: also a connection that failed for a reason that is not told.
Kind = Literal[
    "variable-unset",
    "variable-invalid",
    "host-unresolved",
    "connection-refused",
    "connection-timeout",
    "connection-reset",
    "auth-failed",
    "database-missing",
    "role-missing",
    "relation-missing",
    "permission-denied",
    "read-only-file-system",
    "file-missing",
    "command-missing",
    "module-missing",
    "port-in-use",
    "port-privileged",
    "certificate-expired",
    "certificate-untrusted",
    "certificate-name",
    "tls-mismatch",
    "out-of-memory",
    "disk-full",
    "forbidden",
    "unauthorized",
    "config-invalid",
    "usage",
    "arithmetic",
    "uncaught",
    "startup-waiting",
    "redis-misconf",
    "too-many-connections",
    "deadlock",
    "lock-timeout",
    "http-status",
]


@dataclass(frozen=True)
class Said:
    """What a place of a log says went wrong.

    Args:
        kind: one of Kind.
        text: the decisive line, as read, cut to 300 characters around the match.
        line: its number in the given text, from 1.
        variable: an environment variable; of a settings class: its field, in capitals.
        host: a host's name or address.
        port: its port, or the one to listen on.
        file: a path in the container.
        user: a database's or broker's user.
        database: a database's name.
        exception: a class name, without its package.
        where: `app.py:12 in divide`: the deepest frame of the program's own code, not of a library.
        verb: what RBAC forbids.
        resource: on what; `pods/log` for a subresource, a path for what is no resource.
        group: its API group; empty: the core group.
        namespace: in which namespace; empty: in the whole cluster.
        subject: to whom, as the API server names it.
        detail: whatever else names the cause: module, command, option, the names in a certificate, status.
    """

    kind: Kind
    text: str
    line: int
    variable: str = ""
    host: str = ""
    port: int | None = None
    file: str = ""
    user: str = ""
    database: str = ""
    exception: str = ""
    where: str = ""
    verb: str = ""
    resource: str = ""
    group: str = ""
    namespace: str = ""
    subject: str = ""
    detail: str = ""
