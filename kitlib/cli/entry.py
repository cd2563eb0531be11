"""Where the `kit` command starts: the version at once, everything else through the command tree."""

from __future__ import annotations

import sys

from kitlib import __version__


def main() -> None:
    """Run `kit`; a failure that a person can act on ends in one message, never in a traceback."""
    if sys.argv[1:] == ["--version"]:  # answered before typer is imported, in a third of the time
        sys.stdout.write(f"kit {__version__}\n")
        return
    from kitlib.cli.app import app
    from kitlib.errors import KitError
    from kitlib.progress import say

    try:
        app()
    except KitError as error:
        say(f"error: {error.message}" + (f"\n  fix: {error.fix}" if error.fix else ""))
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        say("interrupted")
        sys.exit(130)
