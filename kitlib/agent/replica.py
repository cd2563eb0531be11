"""One replica of the agent: stands for election, and while it leads runs the operator, keeps the memory."""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable, Collection
from pathlib import Path

from kitlib.agent.cluster_state import Keeper
from kitlib.agent.events import Listener
from kitlib.agent.housekeeping import Housekeeping
from kitlib.agent.leader import Elector, Timing
from kitlib.agent.names import Act
from kitlib.agent.notify import SlackListener, urls_of
from kitlib.agent.operator import Operator
from kitlib.agent.running import Worker
from kitlib.agent.serving import Health, Pulse
from kitlib.agent.state_files import StateLost
from kitlib.agent.status import AgentStatus
from kitlib.cluster import Cluster
from kitlib.errors import ApiError, ClusterUnreachable, KitError
from kitlib.settings import get_settings
from kitlib.specs.models.agent import AgentConfig

LOOK_SECONDS = 0.5
SAVE_SECONDS = 5.0
AGAIN_SECONDS = 30.0
END_SECONDS = 45.0  # for the operator and its agent; the pod has a minute
_log = logging.getLogger("kitlib.agent.replica")

MakeAgent = Callable[[AgentConfig, Listener, Callable[[], bool], Callable[[], None]], Worker]
"""Makes an agent: its configuration, its listener, whether it may act, and what runs before each change."""


class Replica:
    """One of the agent's replicas.

    Args:
        cluster: acting in the agent's namespace.
        name: of the AgentConfig.
        pod: this pod's name.
        folder: the state folder.
        make: makes the agent.
        pulse: told that the loops come round.
        timing: of the election.
        acts: what the agent may do beyond its configuration's actions.
    """

    def __init__(
        self,
        cluster: Cluster,
        name: str,
        pod: str,
        folder: Path,
        make: MakeAgent,
        pulse: Pulse,
        timing: Timing | None = None,
        acts: Collection[Act] = (),
    ) -> None:
        identity = f"{pod}_{secrets.token_hex(4)}"
        self._cluster = cluster
        self._folder = folder
        self._pod = pod
        self._make = make
        self._acts = acts
        self._keeping = Housekeeping(cluster, name)
        self._keeper = Keeper(self._keeping, identity)
        self._slack: SlackListener | None = None
        self._operator: Operator | None = None
        self._trouble = ""
        self.elector = Elector(Housekeeping(cluster, name), identity, timing)
        self.pulse = pulse
        self.health = Health(self.pulse, self.elector.is_leader, self._ready, self._status, self._waiting)

    def run(self, stop: threading.Event) -> None:
        """Stand for election, and lead whenever elected, until told to stop.

        Raises:
            KitError: a part of this process can't be stopped, or has failed.
        """
        ending = threading.Event()
        election = threading.Thread(target=self._elect, args=(ending,), name="election", daemon=True)
        election.start()
        try:
            while not stop.wait(LOOK_SECONDS):
                self.pulse.beat("main")
                if self.elector.is_leader():
                    self._lead(stop)
        finally:
            ending.set()
            election.join(END_SECONDS)

    def _elect(self, stop: threading.Event) -> None:
        while not stop.is_set():
            self.elector.step()
            self.pulse.beat("election")
            stop.wait(self.elector.timing.retry)
        self.elector.release()

    def _lead(self, stop: threading.Event) -> None:
        """One term: from the memory's arrival until the Lease is lost or the process is to end."""
        try:
            self._keeper.load(self._folder)
            self._trouble = ""
        except (StateLost, ApiError, ClusterUnreachable) as error:
            self._trouble = error.message
            _log.error("this replica leads and can't act: %s", error.message)
            stop.wait(AGAIN_SECONDS)
            return
        _log.info("%s leads", self.elector.identity)
        term, failed = threading.Event(), list[str]()
        operator = Operator(
            self._cluster,
            self._keeping,
            self._agent_of(term),
            self._listener,
            self._pod,
            self.pulse,
            self._acts,
        )
        self._operator = operator
        thread = threading.Thread(target=_run, args=(operator, term, failed), name="operator", daemon=True)
        thread.start()
        while thread.is_alive() and self.elector.is_leader() and not term.is_set():
            self.pulse.beat("main")
            if stop.wait(SAVE_SECONDS if self._save(term) else LOOK_SECONDS):
                break
        self._end_term(term, thread, failed)

    def _end_term(self, term: threading.Event, thread: threading.Thread, failed: list[str]) -> None:
        term.set()
        thread.join(END_SECONDS)
        self._operator = None
        self.pulse.end("agent")
        if self._slack:
            self._slack.stop()
            self._slack = None
        if self.elector.is_leader():
            self._save(term)
        if thread.is_alive() or failed:
            raise KitError(failed[0] if failed else "the operator did not end in time")

    def _agent_of(self, term: threading.Event) -> Callable[[AgentConfig, Listener], Worker]:
        def may_act() -> bool:
            return self.elector.is_leader() and not term.is_set()

        def before_change() -> None:
            self._keeper.save(self._folder)
            if not may_act():
                raise StateLost("this replica no longer leads, so nothing is changed")

        return lambda config, listener: self._make(config, listener, may_act, before_change)

    def _listener(self, config: AgentConfig) -> Listener:
        """Slack, as the configuration has it; what waits for it outlives the configuration."""
        if self._slack:
            self._slack.stop()
        slack = config.spec.notifications.slack
        self._slack = SlackListener(slack, urls_of(get_settings()), self._folder / "outbox")
        self._slack.start()
        return self._slack

    def _save(self, term: threading.Event) -> bool:
        """Bring what is new to the cluster; whether there was something. A lost memory ends the term."""
        try:
            if not self._keeper.changed(self._folder):
                return False
            self._keeper.save(self._folder)
        except StateLost as error:
            self._trouble = error.message
            _log.warning("%s", error.message)
            if not self.elector.is_leader():
                term.set()
        return True

    def _ready(self) -> str:
        if not self.elector.answered:
            return self.elector.last_error or "the API server was not asked yet"
        return self._trouble

    def _status(self) -> AgentStatus | None:
        operator = self._operator
        return operator.status() if operator else None

    def _waiting(self) -> int:
        slack = self._slack
        return slack.waiting if slack else 0


def _run(operator: Operator, term: threading.Event, failed: list[str]) -> None:
    """Run the operator; that it ends by itself, however, ends the process."""
    try:
        operator.run(term)
    except KitError as error:
        failed.append(error.message)
    finally:
        if not term.is_set():
            failed.append("the operator ended by itself")
            term.set()
