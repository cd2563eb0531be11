"""Widgets for notebooks: views of the library, with no logic of their own."""

from kitlib.widgets.agent_inbox import AgentInbox
from kitlib.widgets.ask_box import AskBox
from kitlib.widgets.dashboard import Dashboard
from kitlib.widgets.live import stop_all
from kitlib.widgets.owner_tree import OwnerTree
from kitlib.widgets.pod_view import PodView
from kitlib.widgets.rollout_view import RolloutView
from kitlib.widgets.runbook_form import RunbookForm

__all__ = [
    "AgentInbox",
    "AskBox",
    "Dashboard",
    "OwnerTree",
    "PodView",
    "RolloutView",
    "RunbookForm",
    "stop_all",
]
