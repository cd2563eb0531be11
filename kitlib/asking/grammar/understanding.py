"""From a text to requests: the whole of it is understood, or nothing of it is."""

from __future__ import annotations

import re

from pydantic import ValidationError

from kitlib.asking.grammar.forms import nearest
from kitlib.asking.grammar.reading import read
from kitlib.asking.grammar.words import Place, bare, placed
from kitlib.asking.grammar.writing import write
from kitlib.asking.made import Request, said
from kitlib.asking.refusal import Refusal

LONGEST, MOST = 500, 8  # characters of a text, and requests in it
_JOINTS = re.compile(r",? (?:and )?then |; | and |, and ", re.IGNORECASE)


def understand(text: str, namespace: str = "") -> list[Request] | Refusal:
    """The requests that a text in plain language stands for.

    Args:
        text: what a person says.
        namespace: where it is about when it does not say; empty: questions look everywhere.

    Returns:
        All of its requests; or why none: with the form that is nearest to it.
    """
    if len(text) > LONGEST:
        return Refusal(f"the text has more than {LONGEST} characters")
    try:
        found = _understood(bare(text), Place(namespace))
    except ValidationError as error:
        return said(error)
    if found is None or len(found) > MOST:
        known = nearest(text)
        return Refusal(f"kit does not understand {_short(text)!r}", f"such as: {known}  (kit ask --grammar)")
    return found


def _understood(text: str, default: Place) -> list[Request] | None:
    """A text as one request, or as several that all are understood."""
    rest, place = placed(text)
    whole = _one(rest, place if place.said else default)
    if whole is not None:
        return whole
    parts = _JOINTS.split(text)
    if len(parts) == 1:
        return None
    found: list[Request] = []
    for part in parts:
        own, where = placed(bare(part))
        one = _one(own, next((item for item in (where, place, default) if item.said), default))
        if one is None:
            return None
        found += one
    return found


def _one(text: str, place: Place) -> list[Request] | None:
    return write(text, place) or read(text, place)


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= 80 else flat[:80] + "…"
