"""A rule: what wordings say one kind of thing, and which parts of them are its fields."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from kitlib.diagnosis.logs.said import Kind


@dataclass(frozen=True)
class Rule:
    """What says one kind of thing.

    Args:
        kind: what it says.
        words: in lower case; a text without any of them is not looked at further, which keeps it fast.
        wordings: regular expressions, the most telling first. Their named groups are fields of Said
            (`detail2` is another place of `detail`), `variables` a list of names, `status` and `url` those of
            an answer; a group in capitals is itself the variable's name. Case matters only if `exact`.
        exact: case matters.
        traced: only what an exception says counts; in an ordinary line the wording is harmless.
    """

    kind: Kind
    words: tuple[str, ...]
    wordings: tuple[str, ...]
    exact: bool = False
    traced: bool = False

    @cached_property
    def patterns(self) -> tuple[re.Pattern[str], ...]:
        """The wordings, compiled when the first text needs them."""
        return tuple(re.compile(wording, 0 if self.exact else re.IGNORECASE) for wording in self.wordings)

    @cached_property
    def triggers(self) -> frozenset[str]:
        """The words, to be met with those of a text."""
        return frozenset(self.words)

    def match(self, text: str) -> re.Match[str] | None:
        """The first wording that a text contains."""
        return next((found for pattern in self.patterns if (found := pattern.search(text))), None)
