"""One line for a person about what a log says."""

from __future__ import annotations

from kitlib.diagnosis.logs import Said
from kitlib.diagnosis.scan import Log


def title(log: Log, said: Said) -> str:
    """What a container's statement means."""
    who = f"container {log.container}"
    target = said.host + (f":{said.port}" if said.port else "")
    titles = {
        "variable-unset": f"{who} needs variable {said.variable}, which is not set",
        "variable-invalid": f"{who} can't use the value of variable {said.variable}",
        "host-unresolved": f"{who} calls a host that does not resolve: {said.host}",
        "connection-refused": f"{who} gets no connection: {target or 'refused'}",
        "connection-timeout": f"{who} gets no answer from {target or 'another service'}",
        "connection-reset": f"{who} loses its connection to {target or 'another service'}",
        "startup-waiting": f"{who} waits for {target or 'something that does not come'}",
        "auth-failed": f"{who} is not let in: wrong password{f' of user {said.user}' if said.user else ''}",
        "database-missing": f"database {said.database} does not exist",
        "role-missing": f"database user {said.user} does not exist",
        "relation-missing": f"{who} misses a table: {said.detail}; were the migrations run?",
        "permission-denied": f"{who} may not use {said.file or 'a file'}",
        "read-only-file-system": f"{who} writes to {said.file or 'a file'} on a read-only file system",
        "file-missing": f"{who} misses the file {said.file}",
        "module-missing": f"{who} misses a module: {said.detail}",
        "command-missing": f"{who} runs a program that the image does not have: {said.detail}",
        "port-in-use": f"{who} can't listen: port {said.port or ''} is in use",
        "certificate-expired": f"{who} meets a certificate that has expired",
        "certificate-untrusted": f"{who} does not trust a certificate",
        "certificate-name": f"{who} meets a certificate for another name",
        "tls-mismatch": f"{who} speaks the wrong protocol (TLS or plain) to {target or 'a service'}",
        "config-invalid": f"{who} can't read its configuration{f' {said.file}' if said.file else ''}",
        "usage": f"{who} is started with arguments that it does not know",
        "disk-full": f"{who} has no space left{f' for {said.file}' if said.file else ''}",
        "out-of-memory": f"{who} runs out of memory by its own account",
    }
    failed = f"{who} fails: {said.exception or said.detail or said.kind}"
    return titles.get(said.kind, failed) + (
        f" at {said.where}" if said.kind in ("uncaught", "arithmetic") and said.where else ""
    )
