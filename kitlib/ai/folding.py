"""Text as a reader takes it: without what can't be seen, look-alikes as what they look like."""

from __future__ import annotations

import re
import unicodedata

# Cyrillic and Greek letters that look like Latin ones: a small part of Unicode's confusables.txt (UTS 39).
_LOOKS = str.maketrans(
    "АВСЕНІЈКМОРЅТХУаеорсухіјѕԁһԛԝɡгпвтΑΒΕΖΗΙΚΜΝΟΡΤΥΧαεινορτυχγ⁄∕›‹»«",
    "ABCEHIJKMOPSTXYaeopcyxijsdhqwgrnbtABEZHIKMNOPTYXaeivoptuxy//><><",
)
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_UNSEEN = {"Cc", "Cf", "Co", "Cs", "Cn"}


def visible(text: str) -> str:
    """The text without terminal escapes, control characters and characters that nobody sees.

    Line breaks stay; tabs become spaces.
    """
    text = _ESCAPES.sub("", text)
    if text.isascii() and text.isprintable():
        return text
    kept = (" " if char == "\t" else char for char in text if char in "\n\t" or not _unseen(char))
    return "".join(kept)


def folded(text: str) -> tuple[str, list[int]]:
    """The text as it looks, in compatibility form (UAX 15, NFKC), and where each character stood."""
    hidden = {place for match in _ESCAPES.finditer(text) for place in range(*match.span())}
    characters: list[str] = []
    places: list[int] = []
    for place, char in enumerate(text):
        if place in hidden or (char not in "\n\t" and _unseen(char)):
            continue
        for part in char if char.isascii() else unicodedata.normalize("NFKC", char).translate(_LOOKS):
            characters.append(part)
            places.append(place)
    return "".join(characters), places


def _unseen(char: str) -> bool:
    # a variation selector or a filler is a mark or a letter by its category and shows nothing all the same
    return (
        unicodedata.category(char) in _UNSEEN
        or "\ufe00" <= char <= "\ufe0f"
        or char in "\u115f\u1160\u3164\u034f"
    )
