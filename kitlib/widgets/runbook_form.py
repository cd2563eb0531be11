"""A runbook as a form: fill in, look at the plan, approve exactly that, watch it being carried out."""

from __future__ import annotations

import getpass
import html
from collections.abc import Callable
from typing import Any, ClassVar

import ipywidgets

from kitlib.runbooks import catalogue, engine
from kitlib.runbooks.catalogue import APPROVE
from kitlib.widgets import fields
from kitlib.widgets.background import Background, lines


class RunbookForm(ipywidgets.VBox):  # type: ignore[misc]
    """The form of one runbook. It works in the background, so that the notebook stays usable.

    Args:
        name: the runbook's.
        context: a context of your own kubeconfig; none: as `kitlib.connect`.

    Nothing is carried out that was not shown: a change of any input takes the plan off the form.

    Raises:
        UsageError: there is no such runbook.
    """

    _open: ClassVar[dict[tuple[str, str | None], RunbookForm]] = {}

    def __init__(self, name: str, *, context: str | None = None) -> None:
        self.runbook = catalogue.find(name)
        self.context = context
        properties = self.runbook.parameters.schema().get("properties", {})
        self.schemas = {key: item for key, item in properties.items() if key != APPROVE}
        self.inputs = {key: fields.field(key, item) for key, item in self.schemas.items()}
        self.go = ipywidgets.Button(
            description="Show the plan" if self.runbook.takes_approval else "Run", button_style="primary"
        )
        self.approve = ipywidgets.Button(
            description="Carry it out", button_style="danger", disabled=True, tooltip="exactly the plan shown"
        )
        self.shown = ipywidgets.HTML()
        self.hash = ""
        self._work = Background(self._show, self._settle)
        self._listen()
        head = ipywidgets.HTML(f"<h4>{html.escape(self.runbook.title)}</h4>{lines(self.runbook.description)}")
        buttons = [self.go, *([self.approve] if self.runbook.takes_approval else [])]
        super().__init__([head, *self.inputs.values(), ipywidgets.HBox(buttons), self.shown])
        self._replace_older()

    @property
    def given(self) -> dict[str, Any]:
        """The parameters as the form has them now."""
        found: dict[str, Any] = {}
        for name, schema in self.schemas.items():
            found |= fields.given(name, schema, self.inputs[name].value)
        return found

    def wait(self, timeout: float = 300.0) -> None:
        """Wait until what was started has ended; for tests and for notebooks that run unattended."""
        self._work.wait(timeout)

    def _listen(self) -> None:
        self.go.on_click(
            lambda _button: self._start(self._plan if self.runbook.takes_approval else self._run)
        )
        self.approve.on_click(lambda _button: self._start(self._run))
        for one in self.inputs.values():
            one.observe(lambda _change: self._forget(), names="value")

    def _replace_older(self) -> None:
        """A cell that is run again makes a new form; the old one must not go on taking approvals."""
        older = self._open.pop((self.runbook.name, self.context), None)
        if older is not None:
            older._forget()
            older.go.disabled = True
        self._open[(self.runbook.name, self.context)] = self

    def _forget(self) -> None:
        self.hash, self.approve.disabled, self.shown.value = "", True, ""

    def _start(self, work: Callable[[], None]) -> None:
        if not self._work.busy:
            self.go.disabled = self.approve.disabled = True
            self._work.start(work)

    def _show(self, text: str) -> None:
        self.shown.value = text

    def _settle(self) -> None:
        self.go.disabled = self._open.get((self.runbook.name, self.context)) is not self

    def _plan(self) -> None:
        result = engine.make_plan(self.runbook.name_or_path, self.given, context=self.context, quiet=True)
        plan = result.record["plan"] or {}
        text = lines(result.record["message"])
        if result.exit_code or not plan.get("actions"):
            self.shown.value = f"<p>{text}</p>" + (
                "" if result.exit_code else "<p>Nothing would be changed.</p>"
            )
            return
        explained = (result.record["change"] or {}).get("diff", "")
        explained += "\n\n" if explained else ""
        self.hash = plan["hash"]
        diff = html.escape(explained + plan["diff"])
        self.shown.value = f"<p>{text}</p><pre>{diff}</pre><p>plan <code>{self.hash}</code></p>"
        self.approve.disabled = False

    def _run(self) -> None:
        result = engine.run(
            self.runbook.name_or_path,
            self.given,
            approve=lambda change: False,
            approver=f"{getpass.getuser()}, in the form",
            approved=self.hash,
            context=self.context,
            quiet=True,
        )
        self.hash = ""
        mark = "✓" if result.exit_code == 0 else "✗"
        self.shown.value = (
            f"<p>{mark} {html.escape(result.record['status'])}: {lines(result.record['message'])}</p>"
            f"<p>report: <code>{html.escape(str(result.report))}</code></p>"
        )
