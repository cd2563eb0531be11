"""`kit ask` as a box: type what you want, look at what it comes to, say yes or no, or edit the line."""

from __future__ import annotations

from typing import Literal

import ipywidgets

from kitlib.asking import Outcome, ask
from kitlib.cluster import Cluster
from kitlib.widgets.background import Background

_WIDE = {"width": "48em"}


class AskBox(ipywidgets.VBox):  # type: ignore[misc]
    """A question, its answer, and for a change the plan with Yes, No and Edit.

    Args:
        cluster: where; none: as `kitlib.connect`.
        mode: as of `kitlib.ask`.
        model: ask the model that is set when the grammar does not understand.

    Yes carries out exactly the plan that is shown; if an object changed meanwhile it is refused.
    """

    def __init__(
        self,
        cluster: Cluster | None = None,
        *,
        mode: Literal["suggest", "read-only", "confirm"] = "confirm",
        model: bool = True,
    ) -> None:
        self._cluster, self._mode, self._model = cluster, mode, model
        self._asked = ""
        self.question = ipywidgets.Text(
            description="ask", placeholder="show unhealthy pods", continuous_update=False, layout=_WIDE
        )
        self.go = ipywidgets.Button(description="Ask", button_style="primary")
        self.yes = ipywidgets.Button(description="Yes, do it", button_style="danger")
        self.no = ipywidgets.Button(description="No")
        self.edit = ipywidgets.Text(description="edit", continuous_update=False, layout=_WIDE)
        self.shown = ipywidgets.HTML()
        self.decision = ipywidgets.VBox([ipywidgets.HBox([self.yes, self.no]), self.edit])
        self.outcome: Outcome | None = None
        self.work = Background(self._show, self._settle)
        self.go.on_click(lambda _button: self._begin(self.question.value))
        self.yes.on_click(lambda _button: self._begin(self._asked, approve=self._hash))
        self.no.on_click(lambda _button: self._decline())
        self.edit.observe(self._edited, names="value")
        super().__init__([ipywidgets.HBox([self.question, self.go]), self.shown, self.decision])
        self._settle()

    @property
    def _hash(self) -> str:
        plan = self.outcome.proposal if self.outcome and self.outcome.status == "waits" else None
        return plan.hash if plan else ""

    def _begin(self, text: str, approve: str = "") -> None:
        if not text.strip() or self.work.busy:
            return
        self._asked = text
        self.go.disabled = self.yes.disabled = self.no.disabled = True
        self.work.start(lambda: self._ask(text, approve))

    def _ask(self, text: str, approve: str) -> None:
        self.outcome = None  # what is on its way is nothing to say yes to
        found = ask(text, self._cluster, mode=self._mode, model=self._model, approve=approve)
        self.outcome = found
        self._show(found._repr_html_())

    def _edited(self, change: dict[str, str]) -> None:
        self._begin(change["new"])

    def _decline(self) -> None:
        self.outcome = None
        self._show("<p>nothing was changed</p>")
        self._settle()

    def _show(self, text: str) -> None:
        self.shown.value = text

    def _settle(self) -> None:
        """Offer Yes, No and Edit exactly while a plan waits."""
        waits = bool(self._hash)
        self.go.disabled = False
        self.yes.disabled = self.no.disabled = not waits
        self.decision.layout.display = "" if waits else "none"
        if waits and self.outcome and self.outcome.proposal:
            first = self.outcome.proposal.requests[0].lines()[0]
            self.edit.unobserve(self._edited, names="value")  # offering a line is not typing it
            self.edit.value = first
            self.edit.observe(self._edited, names="value")
