"""Widgets for notebooks: views of the library, with no logic of their own."""

from kitlib.widgets.runbook_form import RunbookForm

__all__ = ["RunbookForm"]
