"""Who acts in this process: a person, unless something says otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from kitlib.policy.gate import Gate, person

_scoped: ContextVar[Gate | None] = ContextVar("gate", default=None)
_process: Gate | None = None


def current() -> Gate:
    """The gate that mutations pass now."""
    return _scoped.get() or _process or person()


@contextmanager
def acting(gate: Gate) -> Iterator[Gate]:
    """Let the body act through a gate; other threads and tasks are not affected."""
    token = _scoped.set(gate)
    try:
        yield gate
    finally:
        _scoped.reset(token)


def act_as(gate: Gate) -> None:
    """Let this whole process act through a gate from now on: a runbook's kernel, an agent's container.

    There is no way back, so that no cell can slip out of it by name.
    """
    global _process
    _process = gate
