"""%kubectl, %helm, %kit and %ask; see kitlib/lessons/commands.py for what the first three do and refuse."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

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
        shell.set_hook("complete_command", _completer(name), str_key=f"%{name}")
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


def _completer(name: str) -> Callable[[Any, Any], list[str]]:
    def complete(_: Any, event: Any) -> list[str]:
        before = event.text_until_cursor.partition(name)[2].lstrip()
        try:
            return commands.complete(name, before, place.current())
        except KitError:
            return []  # a completion is no place to complain

    return complete
