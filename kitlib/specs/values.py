"""Values that several kinds of specification have, read as people write them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence
from difflib import get_close_matches

from kitlib.specs.markdown import plain


class BadValue(ValueError):
    """A value that cannot be read.

    Args:
        expected: what should stand there.
        nearest: the valid value that is most like it, if any is.
    """

    def __init__(self, expected: str, nearest: str | None = None) -> None:
        super().__init__(expected)
        self.expected = expected
        self.nearest = nearest


def written(value: object) -> str:
    """A plain value of YAML as text; Python refuses to print numbers of thousands of digits."""
    if isinstance(value, int) and value.bit_length() > 200:
        return "a very long number"
    return str(value)


def text(value: str) -> str:
    """Any text but an empty one."""
    if not (found := plain(value)):
        raise BadValue("a text")
    return found


def nearest(value: str, valid: Sequence[str]) -> str | None:
    """The valid value that is most like a text, whatever its case; None when none is."""
    lower = {choice.lower(): choice for choice in valid}
    found = get_close_matches(value.lower()[:200], list(lower), n=1, cutoff=0.5)
    return lower[found[0]] if found else None


def choice(*valid: str) -> Callable[[str], str]:
    """A parser of one of some texts, whatever their case; what stands in brackets behind it is left out."""

    def parse(value: str) -> str:
        found = without_brackets(value)
        for candidate in valid:
            if candidate.lower() == found.lower():
                return candidate
        raise BadValue(" or ".join(valid), nearest(found, valid))

    return parse


def without_brackets(value: str) -> str:
    """`docker (recommended)` is docker."""
    found = re.sub(r"\s*\([^()]*\)\s*$", "", plain(value))
    return text(found)


def slug(value: str) -> str:
    """A text as a DNS label: lower case, hyphens for all else."""
    return re.sub(r"[^a-z0-9]+", "-", plain(value).lower()).strip("-")


def whole(unit: str = "") -> Callable[[str], int]:
    """A parser of the whole number in front, such as `3 nodes minimum`, `15min`."""

    def parse(value: str) -> int:
        match = re.fullmatch(rf"(\d{{1,9}})\+?\s*({unit})?", plain(value), re.IGNORECASE)
        if not match:
            raise BadValue("a whole number")
        return int(match[1])

    return parse


def percent(value: str) -> float:
    """`99.9%`."""
    match = re.fullmatch(r"(\d{1,3}(?:\.\d+)?)\s*%", plain(value))
    if not match or float(match[1]) > 100:
        raise BadValue("a percentage, such as 99.9%")
    return float(match[1])


def listed(value: str) -> list[str]:
    """`api, cache` or `AWS/GCP/Azure`; `-` and `none` are an empty list."""
    if plain(value).lower() in ("", "-", "none"):
        return []
    return [part.strip() for part in re.split(r"[,;/]", plain(value)) if part.strip()]


def names(value: str) -> list[str]:
    """`Database, cache` as DNS labels."""
    return [slug(part) or part for part in listed(value)]


def yes(value: str) -> bool:
    """`Yes`, `No`, `Enabled`, `Disabled`."""
    words = {"yes": True, "no": False, "enabled": True, "disabled": False, "true": True, "false": False}
    found = without_brackets(value).lower()
    if found not in words:
        raise BadValue("Yes or No", (nearest(found, list(words)) or "").capitalize() or None)
    return words[found]


def kubernetes_version(value: str) -> str:
    """`Kubernetes 1.34+`, `v1.34+`, `1.34.2`: the minor version."""
    match = re.fullmatch(r"(?:kubernetes\s+)?v?(\d+\.\d+)(?:\.\d+)?\s*(\+|or newer)?", plain(value), re.I)
    if not match or not re.fullmatch(r"1\.\d{1,2}", match[1]):
        raise BadValue("a version of Kubernetes, such as 1.35 or v1.35+")
    return match[1]


def command(value: str) -> list[str]:
    """`` `python -m app.main` ``: its words."""
    try:
        words = shlex.split(plain(value))
    except ValueError as error:
        raise BadValue(f"a command: {str(error).lower()}") from None
    if not words:
        raise BadValue("a command, such as `python -m app.main`")
    return words
