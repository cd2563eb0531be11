"""Ports of this machine: a free one, or who holds one."""

from __future__ import annotations

import socket
from contextlib import suppress

import psutil

from kitlib.errors import MachineError


def free_port() -> int:
    """A port on 127.0.0.1 that is free now; another process may still take it before it is used."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_free(port: int) -> bool:
    """Whether this user can listen on 127.0.0.1 at that port."""
    return _refusal(port) is None


def require_free(port: int) -> None:
    """Refuse a port that cannot be listened on.

    Raises:
        MachineError: names the port, and the process that holds it where this user may know it.
    """
    refusal = _refusal(port)
    if refusal is not None:
        why = f"may not be used: {refusal.strerror}" if isinstance(refusal, PermissionError) else "is taken"
        raise MachineError(
            f"port {port} {why}{holder(port)}", fix="choose another --api-port, or 0 for a free one"
        )


def holder(port: int) -> str:
    """` by NAME (pid N)` for the process that listens on a port, else empty: other users' are hidden."""
    with suppress(psutil.Error):
        for connection in psutil.net_connections("tcp"):
            address = connection.laddr
            if (
                connection.status == psutil.CONN_LISTEN
                and address
                and address.port == port
                and connection.pid
            ):
                return f" by {psutil.Process(connection.pid).name()} (pid {connection.pid})"
    return ""


def _refusal(port: int) -> OSError | None:
    with socket.socket() as probe:
        # As Go's listeners do: a port whose last connections are still closing counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            return error
    return None
