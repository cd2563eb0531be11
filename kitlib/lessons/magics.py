"""%kubectl, %helm and %kit; see kitlib/lessons/commands.py for what they do and refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kitlib.errors import KitError
from kitlib.lessons import commands, place


def register(shell: Any) -> None:
    """Give an IPython shell the magics, and what completes them.

    Args:
        shell: an `IPython.core.interactiveshell.InteractiveShell`.
    """
    for name in commands.NAMES:
        shell.register_magic_function(_magic(name), "line", name)
        shell.set_hook("complete_command", _completer(name), str_key=f"%{name}")


def _magic(name: str) -> Callable[[str], None]:
    def magic(line: str) -> None:
        print(commands.run(name, line, place.current()))  # noqa: T201

    magic.__doc__ = f"{name} on kit's cluster, in this lesson's namespace; without a shell."
    return magic


def _completer(name: str) -> Callable[[Any, Any], list[str]]:
    def complete(_: Any, event: Any) -> list[str]:
        before = event.text_until_cursor.partition(name)[2].lstrip()
        try:
            return commands.complete(name, before, place.current())
        except KitError:
            return []  # a completion is no place to complain

    return complete
