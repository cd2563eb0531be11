"""A view that keeps looking: in the background, until it is stopped, or its cell is run again."""

from __future__ import annotations

import html
import threading
from typing import Any, ClassVar

import ipywidgets

from kitlib.cluster import Cluster
from kitlib.cluster.connect import connect
from kitlib.errors import KitError

SECONDS = 2.0
PATIENCE = 5.0
_LOOK = (
    "<style>.kit-table {margin: .4em 0; overflow-x: auto} .kit-table table {margin-left: 0}"
    " .kit-table table :is(td, th) {text-align: left}</style>"
)
LONGEST = 1800.0  # a notebook that was left open does not ask the API server for ever


class Live(ipywidgets.VBox):  # type: ignore[misc]
    """What is seen now, looked at again every two seconds for half an hour.

    The first look is made while the cell runs, so that a notebook that is executed without a browser shows
    it. A newer view of the same thing stops the older one.

    Args:
        cluster: where; none: as `kitlib.connect`.
        subject: what is looked at, to tell views of one class apart.
    """

    # What a view takes from the start: growing, it would push away what one types beneath it. It does not
    # scroll instead, as JupyterLab takes the keys for that.
    height: ClassVar[str | None] = None

    _open: ClassVar[dict[tuple[str, str, str, str], Live]] = {}

    def __init__(self, cluster: Cluster | None, subject: str = "") -> None:
        self.cluster = cluster or connect()
        self.status = ipywidgets.HTML()
        self.pause = ipywidgets.ToggleButton(description="Pause", tooltip="stop looking, or go on")
        below = ipywidgets.VBox(self.parts(), layout={"min_height": self.height})
        super().__init__([ipywidgets.HBox([self.pause, self.status]), below])
        self._ended = threading.Event()
        self._looking = threading.Lock()
        key = (type(self).__name__, self.cluster.context, self.cluster.namespace, subject)
        if older := self._open.pop(key, None):
            older.stop()
        self._open[key] = self
        self.look()
        self._thread = threading.Thread(target=self._keep_looking, daemon=True)
        self._thread.start()

    def parts(self) -> list[Any]:
        """The widgets below the head; made once."""
        raise NotImplementedError

    def refresh(self) -> str:
        """Look once, fill the parts, and say in a line what is seen.

        Raises:
            KitError: it could not be looked at.
        """
        raise NotImplementedError

    def look(self) -> None:
        """Look once, now; that the cluster does not answer is shown."""
        with self._looking:
            try:
                said = self.refresh()
            except KitError as error:
                said = f"✗ {error.message}"
        self.status.value = f"<span role='status'>{html.escape(said)}</span>"
        self._said = said

    def stop(self) -> None:
        """Stop looking; what was seen last stays, and a look on its way is waited for."""
        self._ended.set()
        self.pause.disabled = True
        if self._thread is not threading.current_thread():
            self._thread.join(PATIENCE)

    @property
    def looking(self) -> bool:
        """Whether it is still looking."""
        return not self._ended.is_set() and not self.pause.value

    def _keep_looking(self) -> None:
        for _ in range(int(LONGEST / SECONDS)):
            if self._ended.wait(SECONDS):
                return
            if not self.pause.value:
                self.look()
        self.stop()

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self._said}>"


def stop_all() -> None:
    """Stop every view of this notebook; what each saw last stays."""
    for view in Live._open.values():
        view.stop()
    Live._open.clear()


def table(caption: str, rows: str) -> str:
    """A table as HTML, in the notebook's own style, under a caption that a screen reader announces."""
    name = html.escape(caption)
    return (
        f"<figure class='jp-RenderedHTMLCommon kit-table' aria-label='{name}'>{_LOOK}"
        f"<div><b>{name}</b></div>{rows}</figure>"
    )
