"""Widgets for notebooks: views of the library, with no logic of their own."""

from kitlib.widgets.agent_inbox import AgentInbox
from kitlib.widgets.ask_box import AskBox
from kitlib.widgets.runbook_form import RunbookForm

__all__ = ["AgentInbox", "AskBox", "RunbookForm"]
