"""Names that people write, matched with the names that a specification has; small slips are recognised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

SURE = 0.75
"""From this likeness on, an unknown name is read as the known one, and reported all the same."""

LIKE = 0.5
_MOST = 50  # unknown names that are compared with the known ones; a document with more is not a specification


@dataclass(frozen=True)
class Slip:
    """A name that is not right.

    Args:
        index: which of the names found.
        sort: unknown, or duplicate.
        nearest: the known name that is most like it.
    """

    index: int
    sort: Literal["unknown", "duplicate"]
    nearest: str | None


def match(found: Sequence[str], known: Sequence[str]) -> tuple[dict[str, int], list[Slip]]:
    """Which known name stands where, and what is wrong with the names found.

    Args:
        found: the names in their order in the document.
        known: the names that there are.
    """
    plain = {normal(name): name for name in known}
    places: dict[str, int] = {}
    slips: list[Slip] = []
    unknown: list[int] = []
    for index, name in enumerate(found):
        right = plain.get(normal(name))
        if right is None:
            unknown.append(index)
        elif right in places:
            slips.append(Slip(index, "duplicate", right))
        else:
            places[right] = index
    slips += [Slip(index, "unknown", None) for index in unknown[_MOST:]]
    for index in unknown[:_MOST]:
        open_names = [name for name in known if name not in places]
        meant, likeness = closest(found[index], open_names)
        if meant is not None and likeness >= SURE:
            places[meant] = index
        elif likeness < LIKE:
            meant, likeness = closest(found[index], known)
        slips.append(Slip(index, "unknown", meant if likeness >= LIKE else None))
    return places, slips


def closest(name: str, known: Sequence[str]) -> tuple[str | None, float]:
    """The known name that is most like a name, and how much, from 0 to 1."""
    wanted = normal(name)[:100]
    rated = [(SequenceMatcher(None, wanted, normal(other)).ratio(), other) for other in known]
    likeness, best = max(rated, default=(0.0, None))
    return best, likeness


def normal(name: str) -> str:
    """A name without differences that mean nothing: case, blanks, hyphens, a colon behind it."""
    return " ".join(name.lower().replace("-", " ").replace("_", " ").strip(" :").split())
