"""Rules held against what is seen: which of them fire, on what, and on which evidence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from kitlib import quantity
from kitlib.agent.acting import Seen
from kitlib.agent.conditions import Condition, compile_condition
from kitlib.agent.facts import crash_looping, failed
from kitlib.agent.names import RULE_ACTIONS, Act
from kitlib.agent.objects import Pod
from kitlib.agent.operations import OperationsPolicy
from kitlib.agent.triggers import Trigger
from kitlib.agent.view import Subject, View
from kitlib.agent.windows import Windows
from kitlib.specs.models.agent import AgentConfig

NEAR_LIMIT = 0.8  # the share of its memory limit from which a container's limit may be what is wrong


@dataclass(frozen=True)
class Rule:
    """What is done when.

    Args:
        name: a monitoring rule's, or the text of a row of the operations specification.
        act: what follows.
        when: a condition of the AgentConfig, or a trigger of the operations specification.
        suggests: whether it never acts without a person, whatever else is allowed.
        cooldown_minutes: see `Proposal`.
    """

    name: str
    act: Act
    when: Condition | Trigger
    suggests: bool = False
    cooldown_minutes: int = 30


@dataclass(frozen=True)
class Fired:
    """A rule that fired on an object."""

    rule: Rule
    subject: Subject
    seen: Seen


def rules_of(config: AgentConfig, policy: OperationsPolicy) -> list[Rule]:
    """The rules of an agent: its own, then those of the operations specification.

    Raises:
        SettingsError: a condition can't be compiled; see `compile_condition`.
    """
    found = []
    for item in config.spec.monitoring:
        act, suggests = RULE_ACTIONS[item.action]
        when = compile_condition(item.condition, f"monitoring rule {item.name}")
        found.append(Rule(item.name, act, when, suggests, item.cooldown_minutes))
    for row in policy.permissions:
        found.append(Rule(f"{row.name}: {row.trigger.text}", row.act, row.trigger))
    return found


class Judge:
    """Remembers how long conditions have held.

    Args:
        rules: those that are judged.
    """

    def __init__(self, rules: list[Rule]) -> None:
        self.rules = rules
        self._windows = Windows()
        self._peaks: dict[str, dict[str, float]] = {}

    def observe(self, view: View) -> None:
        """Take the samples of one look."""
        for rule in self.rules:
            if isinstance(rule.when, Trigger):
                for uid, at, holds in _samples(rule.when, view):
                    self._windows.sample((rule.when.text, uid), at, holds)
        self._windows.prune(view.now)
        peaks: dict[str, dict[str, float]] = {}
        for pod in view.pods:
            before = self._peaks.get(pod.metadata.uid, {})
            used = view.usage(pod)
            now = {name: values[1] for name, values in used.containers.items()} if used else {}
            peaks[pod.metadata.uid] = {n: max(before.get(n, 0), now.get(n, 0)) for n in {**before, **now}}
        self._peaks = peaks

    def fired(self, view: View) -> Iterator[Fired]:
        """The rules that fire now, after `observe` of the same view."""
        for rule in self.rules:
            if isinstance(rule.when, Condition):
                for subject, known in view.subjects(rule.when.subject):
                    if rule.when.holds({root: known.get(root, {}) for root in rule.when.roots}):
                        yield Fired(rule, subject, self._seen(view, subject, _quoted(rule.when, known)))
            else:
                for subject in _subjects(rule.when, view):
                    if self.holds(rule.when, subject, view.now):
                        yield Fired(
                            rule, subject, self._seen(view, subject, self._since(rule.when, subject, view))
                        )

    def holds(self, trigger: Trigger, subject: Subject, now: datetime) -> bool:
        """Whether a trigger has held on an object over its whole window."""
        held = self._windows.held((trigger.text, subject.uid), now)
        return held is not None and held >= trigger.window

    def _since(self, trigger: Trigger, subject: Subject, view: View) -> tuple[str, ...]:
        held = self._windows.held((trigger.text, subject.uid), view.now)
        minutes = held.total_seconds() / 60 if held else 0.0
        return (
            f"{subject.ref}: {trigger.text}, held for {minutes:.1f} min without a gap ({trigger.source})",
        )

    def _seen(self, view: View, subject: Subject, evidence: tuple[str, ...]) -> Seen:
        name = subject.ref.name if subject.pod else ""
        near: dict[str, Decimal] = {}
        for pod in view.pods_of(subject.workload):
            for container, peak in self._near(pod):
                near[container] = max(peak, near.get(container, Decimal(0)))
        return Seen(name, subject.workload, evidence, view.cpu(subject.workload), near)

    def _near(self, pod: Pod) -> Iterator[tuple[str, Decimal]]:
        """The containers of a pod that came near their memory limit, each with the most that was seen."""
        for item in pod.spec.containers:
            peak = Decimal(self._peaks.get(pod.metadata.uid, {}).get(item.name, 0))
            limit = quantity.parse(item.resources.limits.memory) if item.resources.limits else None
            if limit and peak / limit >= Decimal(str(NEAR_LIMIT)):
                yield item.name, peak


def _samples(trigger: Trigger, view: View) -> Iterator[tuple[str, datetime, bool]]:
    """What one look says about a trigger: uid, when it was measured, and whether it holds."""
    if trigger.measure == "error-rate":
        for workload, rate in view.rates():
            yield str(workload), rate.at, rate.errors > trigger.above * rate.total
        return
    for subject, known in view.subjects("node" if trigger.measure == "node-unhealthy" else "pod"):
        pod = subject.pod
        if pod is None:
            yield subject.uid, view.now, not known["node"]["ready"]
        elif trigger.measure == "crash-loop":
            yield subject.uid, view.now, crash_looping(pod, view.now)
        elif trigger.measure == "pod-failure":
            yield subject.uid, view.now, failed(pod)
        elif (used := view.usage(pod)) and f"{trigger.measure}Usage" in known["pod"]:
            yield subject.uid, used.at, known["pod"][f"{trigger.measure}Usage"] > trigger.above


def _subjects(trigger: Trigger, view: View) -> Iterator[Subject]:
    if trigger.measure == "error-rate":
        yield from (Subject(str(workload), workload, workload) for workload, _ in view.rates())
        return
    for subject, _ in view.subjects("node" if trigger.measure == "node-unhealthy" else "pod"):
        yield subject


def _quoted(condition: Condition, known: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """The facts that a condition names, with their values."""
    names = [(root, name) for root, facts in condition.facts.items() for name in facts]
    values = [
        f"{root}.{name} is {known[root][name]!r}" for root, name in names if name in known.get(root, {})
    ]
    return (f"{condition.text}: {', '.join(values)}",)
