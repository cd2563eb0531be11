"""The boundary: a model gets no text of a cluster that has not passed `Boundary.outgoing`.

Each value that must not leave is replaced by a placeholder such as `<EMAIL-3fa1c09b>`. The digits are keyed
with a secret of this installation: the same value has the same placeholder in every call, and nobody else can
find the value by trying. E-mail addresses and IP addresses come back in the answer; secrets never do.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NewType
from urllib.parse import unquote

from kitlib.ai.files import keyed_hash
from kitlib.ai.folding import folded, visible
from kitlib.ai.shapes import MARKS, Sort, Span, spans
from kitlib.redaction import holds_secret, secret_spans

Clean = NewType("Clean", str)  # a text that came out of the boundary

DIGITS = 8
MARK = "(mark removed)"
# A value that was told once is looked for everywhere, even inside a word when it has CERTAIN characters; one
# that is shorter than SHORTEST can't be told from ordinary words.
SHORTEST, CERTAIN = 6, 8
LONGEST_LINE = 600
_RESTORED: tuple[Sort, ...] = ("EMAIL", "IP")
_SEEN = (*_RESTORED, "MARK")  # by themselves, wherever they are
# Where spans overlap, the whole is what the first of these says.
_GRAVITY: tuple[Sort, ...] = ("SECRET", "KEY", "TOKEN", "CREDENTIAL", "EMAIL", "IP", "MARK")
_WORDS = re.compile(r"[a-z]+(?:[-_. ][a-z]+)*|[A-Z][a-z]+|[A-Z_]+")
_PLACEHOLDER = re.compile(r"<[A-Z]+-[0-9a-f]{8,32}>")


class Boundary:
    """What one call to a model hides, and how to put it back.

    Args:
        folder: where the key of the placeholders is kept.
        ips: hide IP addresses too.
    """

    def __init__(self, folder: Path, *, ips: bool = False) -> None:
        self.folder = folder
        self.ips = ips
        self.counts: Counter[str] = Counter()
        self._values: dict[str, tuple[Sort, str]] = {}  # by placeholder
        self._hidden: set[str] = set()

    def outgoing(self, texts: Sequence[str]) -> list[Clean]:
        """The texts as a model may read them, each one line; what spans several of them is found too.

        Besides secrets and addresses, forged boundaries, chat markers and placeholders are taken out.
        """
        broken = [text.splitlines() or [""] for text in texts]
        whole = "\n".join(line for lines in broken for line in lines)
        found = _merged(self._found(whole))
        found = _merged([*found, *_again(whole, found)])
        clean = iter(self._replaced(whole, found).split("\n"))
        joined = (" ".join(visible(next(clean)).strip() for _ in lines) for lines in broken)
        return [Clean(_cut(text)) for text in joined]

    def leaks(self, texts: Iterable[str]) -> bool:
        """Whether a hidden value stands in what is about to be sent all the same: the second look."""
        text = "\n".join(_PLACEHOLDER.sub(" ", item) for item in texts)
        told = (value for value in self._hidden if len(value) >= CERTAIN and _telling(value))
        return holds_secret(text) or any(value in text for value in told)

    def restored(self, text: str) -> str:
        """A model's text for a person: addresses are back, secrets are not, nothing invisible is in it."""

        def value(match: re.Match[str]) -> str:
            sort, found = self._values.get(match.group(), ("SECRET", ""))
            return visible(found) if sort in _RESTORED else match.group()

        return _PLACEHOLDER.sub(value, visible(text))

    def _found(self, text: str) -> Iterable[Span]:
        """In the text as it is and as it looks."""
        looks, places = folded(text)
        for start, end in secret_spans(text):
            yield start, end, "SECRET"
        yield from spans(text, ips=self.ips)
        in_looks: list[Span] = [(start, end, "SECRET") for start, end in secret_spans(looks)]
        in_looks += spans(looks, ips=self.ips)
        in_looks += [(*match.span(), "MARK") for match in MARKS.finditer(looks)]
        for start, end, sort in in_looks:
            if start < end:
                yield places[start], places[end - 1] + 1, sort

    def _replaced(self, text: str, found: Sequence[Span]) -> str:
        parts: list[str] = []
        last = 0
        for start, end, sort in found:
            value = text[start:end]
            name = MARK if sort == "MARK" else self._placeholder(sort, value)
            self.counts[sort] += 1
            parts += [text[last:start], "\n".join([name] * (value.count("\n") + 1))]
            last = end
        return "".join([*parts, text[last:]])

    def _placeholder(self, sort: Sort, value: str) -> str:
        looks = folded(value)[0]
        if sort not in _RESTORED:
            self._hidden.add(value)
            value = looks = _plain(looks)
        digest = keyed_hash(self.folder, looks)
        for digits in (DIGITS, 2 * DIGITS, 4 * DIGITS):
            name = f"<{sort}-{digest[:digits]}>"
            if self._values.setdefault(name, (sort, value)) == (sort, value):
                break
        return name


def _merged(found: Iterable[Span]) -> list[Span]:
    """Spans that overlap as one, in order."""
    merged: list[Span] = []
    for start, end, sort in sorted(found):
        if start >= end:
            continue
        if merged and start < merged[-1][1]:
            first, last, other = merged[-1]
            merged[-1] = (first, max(last, end), min(sort, other, key=_GRAVITY.index))
        else:
            merged.append((start, end, sort))
    return merged


def _again(text: str, found: Sequence[Span]) -> Iterable[Span]:
    """The same values where nothing around them tells what they are."""
    values = {text[start:end]: sort for start, end, sort in found if sort not in _SEEN}
    for value, sort in values.items():
        if _telling(value):
            edge = r"\b" if len(value) < CERTAIN else ""
            for match in re.finditer(edge + re.escape(value) + edge, text):
                yield (*match.span(), sort)


def _telling(value: str) -> bool:
    """Whether a value can be told from an ordinary word or name wherever it stands."""
    return len(value) >= SHORTEST and not _WORDS.fullmatch(value)


def _plain(value: str) -> str:
    """One form for a secret, whether it stands there plain, in a URL or in base64."""
    value = unquote(value)
    try:
        inner = base64.b64decode(value + "=" * (-len(value) % 4), validate=True).decode()
    except (binascii.Error, ValueError):
        return value
    return inner if len(inner) >= SHORTEST and inner.isprintable() else value


def _cut(line: str) -> str:
    if len(line) <= LONGEST_LINE:
        return line
    end = line.rfind(" ", LONGEST_LINE // 2, LONGEST_LINE)  # not inside a placeholder
    end = LONGEST_LINE if end < 0 else end
    return f"{line[:end]} … ({len(line) - end} more characters)"
