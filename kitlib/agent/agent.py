"""The agent: looks, judges, proposes, and carries out what it may, again and again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from kitlib.agent.annotating import take_answers
from kitlib.agent.carrying import recover
from kitlib.agent.deciding import Decider
from kitlib.agent.desk import Desk
from kitlib.agent.escalating import follow_up
from kitlib.agent.events import Listener
from kitlib.agent.judging import Judge, rules_of
from kitlib.agent.measuring import LiveMeter, Measured, Meter
from kitlib.agent.objects import Autoscaler, Node, Pod, Workload
from kitlib.agent.operations import OperationsPolicy
from kitlib.agent.scope import watchables
from kitlib.agent.state import State
from kitlib.agent.status import AgentStatus, Pending, Phase
from kitlib.agent.triggers import Trigger
from kitlib.agent.view import View
from kitlib.agent.watching import Watch
from kitlib.cluster import Cluster
from kitlib.errors import ClusterError, KitError, WaitTimeout
from kitlib.redaction import redact
from kitlib.settings import get_settings
from kitlib.specs.models.agent import AgentConfig

LOOK_SECONDS = 15.0  # between two looks when nothing changes
LEAST_SECONDS = 1.0  # between two looks when much changes
MEASURE_SECONDS = 15.0


class Agent:
    """One agent.

    Args:
        config: what it watches, may do, and when it acts.
        cluster: where, with the rights of whoever runs it.
        rules: the AI operations specification; of it and the configuration the stricter one holds.
        state: what it remembers over restarts.
        listener: who is told.
        clock: the time, in UTC.
        may_act: whether this replica leads; asked right before each change.
        before_change: runs right before each change, once its record is written; a KitError keeps the change
            from being made.
        meter: what measures; none: the metrics API and Prometheus.

    Raises:
        SettingsError: a condition or a resource of the scope means nothing.
    """

    def __init__(
        self,
        config: AgentConfig,
        cluster: Cluster,
        *,
        rules: OperationsPolicy,
        state: State,
        listener: Listener,
        clock: Callable[[], datetime],
        may_act: Callable[[], bool],
        before_change: Callable[[], None] = lambda: None,
        meter: Meter | None = None,
    ) -> None:
        self.desk = Desk(config, cluster, rules, state, listener, clock, may_act, before_change)
        self.judge = Judge(rules_of(config, rules))
        self._decider = Decider(self.desk, self.judge)
        self._meter = meter or LiveMeter(cluster)
        self._wake = threading.Event()
        scope = watchables(config.spec.scope, self.judge.rules)
        self.watches = [
            Watch(cluster, item, namespace, self._wake.set)
            for item in scope
            for namespace in (config.spec.scope.namespaces if item.namespaced else ("",))
        ]
        self._phase: Phase = "starting"
        self._error = ""
        self._recovered = False
        self._refused: set[str] = set()
        self._measured: dict[str, Measured] = {}
        self._measured_at: datetime | None = None

    def run(self, stop: threading.Event) -> None:
        """Watch and act until told to stop; whatever a cluster does does not end it.

        Raises:
            StateError, AuditError: nothing can be remembered or recorded, so nothing may be done.
        """
        self.start()
        try:
            while not stop.is_set():
                self.look()
                until = time.monotonic() + LOOK_SECONDS
                stop.wait(LEAST_SECONDS)
                while not stop.is_set() and not self._wake.wait(LEAST_SECONDS):
                    if time.monotonic() >= until:
                        break
                self._wake.clear()
        finally:
            self.close()

    def start(self) -> None:
        """Begin to watch."""
        self.desk.cluster.version()  # connect once, before the threads do
        for watch in self.watches:
            watch.start()

    def close(self) -> None:
        """End the watches."""
        for watch in self.watches:
            watch.stop()
        self._phase = "stopped"

    def look_once(self, patience: float = 30.0) -> None:
        """Watch until everything is listed, look once, and end.

        Raises:
            WaitTimeout: something could not be listed in time.
            StateError, AuditError: as `look`.
        """
        self.start()
        try:
            self.wait_until_listed(patience)
            self.look()
        finally:
            self.close()

    def wait_until_listed(self, patience: float = 30.0) -> None:
        """Wait until every watch has what the server has.

        Raises:
            WaitTimeout: one has not in time.
        """
        deadline = time.monotonic() + patience
        while stale := self._stale():
            if time.monotonic() > deadline:
                raise WaitTimeout(f"not everything could be listed within {patience:g} s: {stale[0]}")
            self._wake.wait(0.2)
            self._wake.clear()

    def look(self) -> None:
        """Look once: judge what is there, take proposals further, and act where it may.

        Raises:
            StateError, AuditError: nothing can be remembered or recorded, so nothing may be done.
        """
        stale = self._stale()
        view = self._view()
        problems = [text for found in view.measured.values() for text in found.problems]
        self.judge.observe(view)
        if not self.desk.may_act():
            self._phase, self._error = "standing by", redact("; ".join([*stale, *problems]))
            self._recovered = False  # whoever leads now may leave something begun
            return
        try:
            self._act(view)
        except ClusterError as error:
            stale.append(error.message)
        self._error = redact("; ".join([*stale, *problems]))
        self._phase = "degraded" if stale else "watching"

    def status(self) -> AgentStatus:
        """How it is now."""
        desk, limit = self.desk, self.desk.config.spec.safety.max_actions_per_hour
        try:
            waiting = [item for item in desk.state.proposals() if item.state in ("open", "approved")]
        except KitError as error:
            waiting, self._error = [], redact(error.message)
        left = desk.budget.left()
        counted = ("fired", "suggested", "suppressed", "executed", "failed", "refused", "escalated")
        return AgentStatus(
            self._phase,
            sum(len(watch.objects()) for watch in self.watches),
            len(waiting),
            limit - left,
            left,
            self._error,
            unknown=self._unknown(),
            proposals=tuple(Pending(item.id, item.title, item.hash, item.opened) for item in waiting),
            **{name: desk.counts[name] for name in counted},
        )

    def _stale(self) -> list[str]:
        """The watches that are behind, each with the reason."""
        behind = [watch for watch in self.watches if not watch.fresh]
        return [f"{w.what.plural} in {w.namespace or 'the cluster'}: {w.error}" for w in behind]

    def _act(self, view: View) -> None:
        desk = self.desk
        if not self._recovered:
            for proposal in desk.state.proposals():
                if proposal.state == "executing":
                    recover(desk, proposal)
            desk.state.prune(view.now)
            self._recovered = True
        for fired in self.judge.fired(view):
            self._decider.decide(fired, view)
        if any(item.state == "open" for item in desk.state.proposals()):
            take_answers(desk, self._refused)
        for proposal in desk.state.proposals():
            follow_up(desk, proposal)

    def _view(self) -> View:
        """What the watches hold; of one that is behind nothing, since nobody knows what is there now."""
        now = self.desk.clock()
        found: dict[type[Any], list[Any]] = {kind: [] for kind in (Pod, Workload, Autoscaler, Node)}
        for watch in self.watches:
            if watch.fresh and watch.what.kind not in ("StatefulSet", "DaemonSet", "Service"):
                found[watch.what.type] += watch.objects()
        return View(
            now,
            tuple(found[Pod]),
            tuple(found[Workload]),
            tuple(found[Autoscaler]),
            tuple(found[Node]),
            self._measure(now),
        )

    def _measure(self, now: datetime) -> dict[str, Measured]:
        if self._measured_at is None or abs((now - self._measured_at).total_seconds()) >= MEASURE_SECONDS:
            whens = [rule.when for rule in self.judge.rules]
            rates = any(isinstance(when, Trigger) and when.source == "prometheus" for when in whens)
            namespaces = self.desk.config.spec.scope.namespaces
            self._measured = {name: self._meter.measure(name, rates=rates) for name in namespaces}
            self._measured_at = now
        return self._measured

    def _unknown(self) -> tuple[str, ...]:
        """The conditions that never fire, each with the reason."""
        found = []
        kinds = {watch.what.kind for watch in self.watches}
        for rule in self.judge.rules:
            if not isinstance(rule.when, Trigger):
                continue
            if rule.when.source == "prometheus" and not get_settings().prometheus_url:
                found.append(f"{rule.name}: no Prometheus is set, see prometheus_url")
            if rule.when.measure == "node-unhealthy" and "Node" not in kinds:
                found.append(f"{rule.name}: nodes are not in the scope")
        return tuple(found)
