"""Shell scripts, read as far as rules need it: commands with their lines, without comments and messages."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

_HEREDOC = re.compile(r"(?<!<)<<-?\s*(['\"]?)(\w+)\1")
_SEPARATORS = {";", "&&", "||", "|", "|&", "&", "(", ")", ";;", "((", "))", "&&(", ");"}
_MESSAGES = {"echo", "printf"}
_KEYWORDS = {
    "if",
    "then",
    "else",
    "elif",
    "while",
    "until",
    "do",
    "!",
    "{",
    "time",
    "sudo",
    "exec",
    "eval",
    "$",
}


@dataclass(frozen=True)
class ShellLine:
    """A logical line: continuations joined, comments gone.

    Args:
        number: the line where it begins, counted from 1.
        text: the line.
    """

    number: int
    text: str

    @property
    def commands(self) -> list[list[str]]:
        """Its simple commands as lists of words, without words like `if`, `sudo` or `eval` before them."""
        found: list[list[str]] = [[]]
        for token in _tokens(self.text):
            if token in _SEPARATORS:
                found.append([])
            elif found[-1] or token not in _KEYWORDS:
                found[-1].append(token)
        return [words for words in found if words]

    @property
    def is_message(self) -> bool:
        """Whether it only prints something: what it names is not run."""
        commands = self.commands
        return len(commands) == 1 and commands[0][0] in _MESSAGES


def lines(text: str, first: int = 1) -> Iterator[ShellLine]:
    """The logical lines of a script, without comments, empty lines and the bodies of here-documents.

    Args:
        first: the number of the text's first line in its file.
    """
    rows = text.splitlines()
    index = 0
    while index < len(rows):
        start, joined = index, _strip_comment(rows[index])
        while index + 1 < len(rows) and (joined.endswith("\\") or _open_quote(joined)):
            index += 1
            joined = (
                joined[:-1] + " " + rows[index].strip()
                if joined.endswith("\\")
                else joined + "\n" + rows[index]
            )
            joined = _strip_comment(joined)
        index += 1
        for _, word in _HEREDOC.findall(joined):
            while index < len(rows) and rows[index].strip() != word:
                index += 1
            index += 1
        if joined.strip():
            yield ShellLine(first + start, joined.strip())


def commands(text: str, first: int = 1) -> Iterator[tuple[ShellLine, list[str]]]:
    """Each simple command that a script runs, with its line; messages are left out."""
    for line in lines(text, first):
        if not line.is_message:
            yield from ((line, words) for words in line.commands)


def option(words: list[str], *names: str) -> str:
    """The value of the first of some options, as `--name value` or `--name=value`; empty without one."""
    for position, word in enumerate(words):
        name, sign, value = word.partition("=")
        if name in names:
            return value if sign else next(iter(words[position + 1 :]), "")
    return ""


def options(words: list[str], *names: str) -> list[str]:
    """All values of some options that may be given more than once."""
    found = []
    for position, word in enumerate(words):
        name, sign, value = word.partition("=")
        if name in names:
            found.append(value if sign else next(iter(words[position + 1 :]), ""))
    return found


@lru_cache(maxsize=4096)
def _tokens(text: str) -> tuple[str, ...]:
    """The words of a line; kept, as many rules ask for the same lines."""
    lexer = shlex.shlex(text, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        return tuple(lexer)
    except ValueError:
        return tuple(text.split())


def _strip_comment(row: str) -> str:
    quote = ""
    for position, sign in enumerate(row):
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"" and row[position - 1 : position] != "\\":
            quote = sign
        elif sign == "#" and (position == 0 or row[position - 1].isspace()):
            return row[:position].rstrip()
    return row.rstrip()


def _open_quote(text: str) -> bool:
    quote = ""
    for position, sign in enumerate(text):
        if quote:
            quote = "" if sign == quote and text[position - 1 : position] != "\\" else quote
        elif sign in "'\"" and text[position - 1 : position] != "\\":
            quote = sign
    return bool(quote)
