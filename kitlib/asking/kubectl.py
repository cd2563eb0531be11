"""A kubectl command line, typed or proposed, becomes requests. It is read, and never run.

No shell and no kubectl process sees it: the words are split, held against a strict table, and what they ask
for becomes the same structured requests that plain language becomes. What is not known is refused.
"""

from __future__ import annotations

import re
import shlex

from pydantic import ValidationError

from kitlib.ai.folding import folded
from kitlib.asking.commands import requests
from kitlib.asking.flags import split
from kitlib.asking.made import Request, said
from kitlib.asking.refusal import Refusal, Refused

LONGEST = 2000  # characters of a line
_SHELL = {
    ";": "a second command",
    "|": "a pipe",
    "&": "a second command",
    "$": "a variable or a command's output",
    "`": "a command's output",
    "<": "a redirection",
    ">": "a redirection",
    "\\": "an escape",
    "\n": "a second line",
}
_PROGRAMS = r"(?:sudo|doas|bash|sh|zsh|eval|xargs|nohup|helm|docker|kustomize|curl|ssh)"
_COMMAND = re.compile(
    rf"(?:^|[\s'\"/;|&(`=])kubectl(?:\.exe)?(?:$|[\s'\";|&)`])|^\s*{_PROGRAMS}\s|^\s*\w+=\S"
)


def looks_like_a_command(text: str) -> bool:
    """Whether a text is a command line, by what it looks like to a reader, and not plain language."""
    return bool(_COMMAND.search(folded(text)[0]))


def parse(line: str) -> list[Request] | Refusal:
    """The requests that a kubectl command line stands for, or why it is refused."""
    try:
        return requests(*split(_tokens(line)))
    except Refused as error:
        return error.refusal
    except ValidationError as error:
        return said(error)


def _tokens(line: str) -> list[str]:
    if len(line) > LONGEST:
        raise Refused(f"the line has more than {LONGEST} characters")
    stripped = line.strip()
    if not stripped.isascii() or not stripped.replace("\n", " ").isprintable():
        odd = next((c for c in stripped if not c.isascii() or not c.isprintable()), "")
        raise Refused(
            f"it holds a character that a reader may take for another, or not see: U+{ord(odd):04X}"
        )
    for mark, meaning in _SHELL.items():
        if mark in stripped:
            raise Refused(f"it holds {mark!r}, to a shell {meaning}; no shell is used here")
    try:
        tokens = shlex.split(stripped)
    except ValueError as error:
        raise Refused(f"its quotes don't match: {error}") from None
    if not tokens or tokens[0] != "kubectl":
        first = tokens[0] if tokens else ""
        raise Refused(f"it begins with {first!r}; only kubectl's own command lines are read here")
    return tokens[1:]
