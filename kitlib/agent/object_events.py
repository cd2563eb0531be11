"""What the agent tells, as Kubernetes Events on its AgentConfig, where `kubectl describe` shows it."""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from kitlib.agent.events import Listener, Notice
from kitlib.redaction import redact


class ObjectEvents:
    """Notices as Kubernetes Events on the object; kopf posts them from its own loop, so nobody waits."""

    def __init__(
        self, body: Mapping[str, Any], context: contextvars.Context, note: Callable[[Notice], None]
    ) -> None:
        self._body = body
        self._context = context
        self._note = note

    def notify(self, notice: Notice) -> None:
        """Take one; those for persons are in the channel's, too."""
        self._note(notice)
        bad = notice.event in ("action-failed", "action-denied", "action-escalated")
        reason = "".join(part.capitalize() for part in notice.event.split("-"))
        self.say("Warning" if bad else "Normal", reason, f"{notice.title}\n{notice.text}")

    def say(self, type: str, reason: str, message: str) -> None:
        """Post one event."""
        import kopf

        with suppress(RuntimeError):  # kopf's loop has ended, and with it this replica's turn
            self._context.copy().run(
                kopf.event,
                self._body,  # type: ignore[arg-type]  # a plain mapping does
                type=type,
                reason=reason,
                message=redact(message),
            )


class Both:
    """Two listeners as one."""

    def __init__(self, one: Listener, other: Listener) -> None:
        self._all = (one, other)

    def notify(self, notice: Notice) -> None:
        """Tell both."""
        for listener in self._all:
            listener.notify(notice)
