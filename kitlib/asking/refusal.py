"""Why a text leads to no request."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Refusal:
    """A text that is not carried out, and why.

    Args:
        reason: in one sentence.
        fix: what to do instead; empty: nothing is known.
    """

    reason: str
    fix: str = ""

    def __str__(self) -> str:
        return self.reason + (f"\n  fix: {self.fix}" if self.fix else "")


class Refused(Exception):
    """Ends the reading of a text, inside this package; `refusal` is what callers get."""

    def __init__(self, reason: str, fix: str = "") -> None:
        super().__init__(reason)
        self.refusal = Refusal(reason, fix)
