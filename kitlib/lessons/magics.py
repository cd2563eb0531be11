"""%kubectl, %helm, %kit and %ask; see kitlib/lessons/commands.py for what the first three do and refuse."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from IPython.core.completer import CompletionContext, SimpleCompletion, SimpleMatcherResult, context_matcher

from kitlib.errors import KitError
from kitlib.lessons import commands, place

if TYPE_CHECKING:
    from kitlib.asking import Outcome


def register(shell: Any) -> None:
    """Give an IPython shell the magics, and what completes them.

    Args:
        shell: an `IPython.core.interactiveshell.InteractiveShell`.
    """
    for name in commands.NAMES:
        shell.register_magic_function(_magic(name), "line", name)
    matchers = shell.Completer.custom_matchers
    matchers[:] = [one for one in matchers if one.__name__ != _completed.__name__]  # of an earlier load
    matchers.append(context_matcher(priority=100)(_completed))
    shell.register_magic_function(_ask, "line_cell", "ask")


def _magic(name: str) -> Callable[[str], None]:
    def magic(line: str) -> None:
        print(commands.run(name, line, place.current()))  # noqa: T201

    magic.__doc__ = f"{name} on kit's cluster, in this lesson's namespace; without a shell."
    return magic


def _ask(line: str, cell: str | None = None) -> Outcome:
    """kit ask, in this lesson's namespace: `%ask show unhealthy pods`, or a text under %%ask.

    A change waits with its plan: `%%ask --approve HASH` over the same text carries out exactly that.
    `--mode read-only` or `suggest` as for `kit ask`.
    """
    from kitlib.asking import ask

    options = _parser()
    try:
        given, words = options.parse_known_args(line.split())
    except argparse.ArgumentError as error:
        raise commands.CommandError(str(error), fix=options.format_usage().strip()) from None
    text = " ".join([*words, *(cell or "").split()])
    if not text:
        raise commands.CommandError("nothing is asked for", fix="%ask show unhealthy pods")
    try:
        return ask(text, place.current(), mode=given.mode, approve=given.approve)
    except KitError as error:
        raise commands.CommandError(error.message, fix=error.fix) from None


def _parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser("%%ask", add_help=False, exit_on_error=False, allow_abbrev=False)
    options.add_argument("--mode", choices=("suggest", "read-only", "confirm"), default="confirm")
    options.add_argument("--approve", default="", metavar="HASH")
    return options


def _completed(context: CompletionContext) -> SimpleMatcherResult:
    """What may stand at the cursor in a line of one of the commands; there, nothing of Python's."""
    line = re.match(rf"\s*%({'|'.join(commands.NAMES)})\s+(.*)", context.text_until_cursor)
    if line is None:
        return {"completions": []}
    try:
        words = commands.complete(line[1], line[2], place.current())
    except KitError:
        words = []  # a completion is no place to complain
    found = [SimpleCompletion(word, type=line[1]) for word in words]
    return {"completions": found, "suppress": True, "ordered": True}
