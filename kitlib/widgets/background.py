"""Work that a widget does in the background, one piece at a time, so that the notebook stays usable."""

from __future__ import annotations

import html
import threading
from collections.abc import Callable

from kitlib.errors import KitError


class Background:
    """One thread at a time.

    Args:
        show: shows HTML in the widget.
        ended: called when a piece of work has ended, however it did.
    """

    def __init__(self, show: Callable[[str], None], ended: Callable[[], None]) -> None:
        self._show = show
        self._ended = ended
        self._thread: threading.Thread | None = None

    @property
    def busy(self) -> bool:
        """Whether something is being done."""
        return self._thread is not None and self._thread.is_alive()

    def start(self, work: Callable[[], None]) -> None:
        """Do a piece of work; what the user did wrong is shown, not raised. Nothing while it is busy."""
        if self.busy:
            return
        self._show("<p>working …</p>")
        self._thread = threading.Thread(target=self._guarded, args=(work,), daemon=True)
        self._thread.start()

    def wait(self, timeout: float = 300.0) -> None:
        """Wait until what was started has ended; for tests, and for notebooks that run unattended."""
        if self._thread:
            self._thread.join(timeout)

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except KitError as error:
            self._show(f"<p>✗ {lines(str(error))}</p>")
        finally:
            self._ended()


def lines(text: str) -> str:
    """Text as HTML, its lines kept."""
    return html.escape(text).replace("\n", "<br>")
