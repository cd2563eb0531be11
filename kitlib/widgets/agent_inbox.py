"""The proposals of this machine's agents that wait for a person, each with Approve and Deny."""

from __future__ import annotations

import getpass
import html
from collections.abc import Callable

import ipywidgets

from kitlib.agent import answering
from kitlib.agent.desk import told
from kitlib.agent.proposals import Proposal
from kitlib.agent.state import State, agents, state_of
from kitlib.errors import KitError


class AgentInbox(ipywidgets.VBox):  # type: ignore[misc]
    """What waits: title, evidence, what would change.

    Args:
        agent: whose proposals; empty: every agent's of this machine.

    Approve means exactly the plan that is shown: its hash goes along, and the agent refuses it when the
    object changed since.
    """

    def __init__(self, agent: str = "") -> None:
        self._agent = agent
        self.refresh = ipywidgets.Button(description="Look again", button_style="primary")
        self.refresh.on_click(lambda _button: self.look())
        self.said = ipywidgets.HTML()
        self.cards: list[ipywidgets.VBox] = []
        super().__init__()
        self.look()

    def look(self) -> None:
        """Read what waits now."""
        names = [self._agent] if self._agent else agents()
        waiting = [item for name in names for item in state_of(name).proposals() if item.state == "open"]
        self.cards = [self._card(item) for item in waiting]
        empty = [] if waiting else [ipywidgets.HTML("<p>nothing waits for a person</p>")]
        self.children = (self.refresh, self.said, *self.cards, *empty)

    def _card(self, item: Proposal) -> ipywidgets.VBox:
        title = f"<b>{html.escape(item.title)}</b> <code>{item.id}</code>"
        text = ipywidgets.HTML(f"{title}<pre>{html.escape(told(item))}</pre>")
        yes = ipywidgets.Button(
            description=f"Approve {item.id}", button_style="danger", disabled=not item.hash
        )
        no = ipywidgets.Button(description=f"Deny {item.id}")
        me = getpass.getuser()
        yes.on_click(
            lambda _button: self._answer(
                item, lambda state: answering.approve(state, item.id, me, hash=item.hash)
            )
        )
        no.on_click(lambda _button: self._answer(item, lambda state: answering.deny(state, item.id, me)))
        return ipywidgets.VBox([text, ipywidgets.HBox([yes, no])])

    def _answer(self, item: Proposal, answer: Callable[[State], Proposal]) -> None:
        try:
            state, _ = answering.find(item.id)
            given = answer(state)
        except KitError as error:
            self.said.value = f"<p>✗ {html.escape(str(error))}</p>"
        else:
            self.said.value = f"<p>{html.escape(given.title)}: {given.state} by {html.escape(given.by)}</p>"
        self.look()
