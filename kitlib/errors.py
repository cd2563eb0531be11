"""Everything kitlib raises on purpose.

    KitError
    ├── UsageError              the caller asked for something that does not exist or cannot be
    ├── SettingsError           a setting has a value that cannot be used
    ├── ToolError
    │   ├── ToolNotFound        an executable is missing and could not be provided
    │   ├── CommandFailed       an executable ended with a non-zero code
    │   └── CommandTimeout      an executable did not end in time
    ├── MachineError            the machine lacks disk, a port, Docker or a right
    ├── RunbookError            a runbook cannot go on
    │   ├── PrecheckFailed      what it needs is not there; nothing was started
    │   ├── NotApproved         it would change something that nobody approved
    │   ├── StepTimeout         a step did not end in its time
    │   └── AlreadyRunning      another run of it holds the same target
    └── ClusterError
        ├── ClusterUnreachable  the API server does not answer
        ├── ContextChanged      the kubeconfig no longer says what the Cluster was bound to
        ├── NotOurs             a cluster of that name exists and kit did not make it
        ├── WaitTimeout         a condition did not come true in time
        └── ApiError            the API server refused a request
            ├── NotFound
            ├── Conflict
            ├── Forbidden
            └── Invalid

Every error is one sentence for a person, and `fix`, where there is one, is the next command to type.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

__all__ = [
    "AlreadyRunning",
    "ApiError",
    "ClusterError",
    "ClusterUnreachable",
    "CommandFailed",
    "CommandTimeout",
    "Conflict",
    "ContextChanged",
    "Forbidden",
    "Invalid",
    "KitError",
    "MachineError",
    "NotApproved",
    "NotFound",
    "NotOurs",
    "PrecheckFailed",
    "RunbookError",
    "SettingsError",
    "StepTimeout",
    "ToolError",
    "ToolNotFound",
    "UsageError",
    "WaitTimeout",
]


class KitError(Exception):
    """A failure that a person can act on.

    Args:
        message: what happened, in one sentence.
        fix: what to do next, usually a command; empty when only the message can help.
        exit_code: the process exit code when the error ends a command.
    """

    exit_code = 1

    def __init__(self, message: str, *, fix: str = "", exit_code: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix
        if exit_code is not None:
            self.exit_code = exit_code

    def __str__(self) -> str:
        return f"{self.message}\n  fix: {self.fix}" if self.fix else self.message

    def _brief(self) -> list[str]:
        """What IPython shows in place of a traceback, which would tell a person nothing."""
        return [f"✗ {self.message}" + (f"\n  try: {self.fix}" if self.fix else "")]


class UsageError(KitError):
    """The caller named something that does not exist or cannot be; exit code 2, as for a bad option."""

    exit_code = 2
    _render_traceback_ = KitError._brief


class SettingsError(UsageError):
    """A setting, from kit.toml, the environment or an option, has a value that cannot be used."""


class ToolError(KitError):
    """An external executable could not do its work."""


class ToolNotFound(ToolError):
    """An executable is neither on PATH nor in a wheel, and could not be built or installed."""


class CommandFailed(ToolError):
    """An executable ended with a non-zero code; shows the command, the code and its last lines."""

    def __init__(self, command: Sequence[str], returncode: int, output: str, *, fix: str = "") -> None:
        self.command = tuple(command)
        self.returncode = returncode
        self.output = output
        super().__init__(
            f"{shlex.join(command)} ended with exit code {returncode}{_last_lines(output)}", fix=fix
        )


class CommandTimeout(ToolError):
    """An executable was stopped because it did not end in time."""

    def __init__(self, command: Sequence[str], seconds: float, output: str) -> None:
        self.command = tuple(command)
        self.seconds = seconds
        self.output = output
        super().__init__(f"{shlex.join(command)} did not end within {seconds:g} s{_last_lines(output)}")


class MachineError(KitError):
    """The machine lacks something: disk space, a free port, a running Docker, a right."""


class RunbookError(KitError):
    """A runbook cannot go on."""


class PrecheckFailed(RunbookError):
    """What a runbook needs is not there: an object, a permission, a context in its scope."""

    exit_code = 3


class NotApproved(RunbookError):
    """A runbook would change something that nobody approved, or that changed since it was approved."""

    exit_code = 4


class StepTimeout(RunbookError):
    """A step of a runbook did not end in the time it was given."""

    exit_code = 5


class AlreadyRunning(RunbookError):
    """Another run of the same runbook works on the same target."""

    exit_code = 9


class ClusterError(KitError):
    """A cluster is not as the request needs it."""


class ClusterUnreachable(ClusterError):
    """No API server answers at the address that the context names."""

    exit_code = 8
    _render_traceback_ = KitError._brief


class ContextChanged(ClusterError):
    """The kubeconfig was switched or edited after the Cluster was bound to it."""

    exit_code = 8


class NotOurs(ClusterError):
    """A cluster of that name exists and was not made by kit, which therefore does not touch it."""


class WaitTimeout(ClusterError):
    """A condition did not come true in time; the message says what was last seen."""

    exit_code = 5


class ApiError(ClusterError):
    """The API server refused a request.

    Args:
        message: the server's own message, with the object it speaks of.
        status: the HTTP status code.
        reason: the server's machine-readable reason, such as `AlreadyExists`.
        causes: its reasons in detail, such as `NamespaceTerminating`.
    """

    def __init__(
        self, message: str, *, status: int = 0, reason: str = "", causes: tuple[str, ...] = (), fix: str = ""
    ) -> None:
        self.status = status
        self.reason = reason
        self.causes = causes
        super().__init__(message, fix=fix)


class NotFound(ApiError):
    """The object, or its kind, does not exist (404)."""


class Conflict(ApiError):
    """The object changed meanwhile, exists already, or another field manager owns the field (409)."""

    _render_traceback_ = KitError._brief


class Forbidden(ApiError):
    """The user may not do that, or admission refused it (401, 403)."""


class Invalid(ApiError):
    """The object is not valid (400, 422)."""


def _last_lines(output: str, count: int = 12) -> str:
    lines = [line.rstrip() for line in output.strip().splitlines()][-count:]
    return ":\n" + "\n".join(f"    {line}" for line in lines) if lines else " and printed nothing"
