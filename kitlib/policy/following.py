"""An approved plan that is being carried out: what of it is done, and what of it still holds.

A run that died may be resumed: what it had done is not done again, but looked at. Where nobody knows whether
a change was still made, the object itself tells.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kitlib.errors import Conflict, KitError, NotApproved, UsageError
from kitlib.policy import preimages
from kitlib.policy.action import RESTARTED, Action, changes, keyed_digest, version_of
from kitlib.policy.approval import Plan, PlannedAction

if TYPE_CHECKING:
    from kitlib.policy.gate import Mutation, Reader

Body = Mapping[str, Any]
GONE: Body = {}  # the answer for an object whose deletion was done before


@dataclass
class Following:
    """How far a plan is.

    Args:
        plan: the approved plan.
        done: what an earlier execution of the same run did: the action's number in the plan, and the id
            under which its pre-image is kept.
        begun: as `done`, for what it began and of whose end nothing is known.
    """

    plan: Plan
    done: Mapping[int, str] = field(default_factory=dict)
    begun: Mapping[int, str] = field(default_factory=dict)
    _taken: set[int] = field(default_factory=set)
    _looked: bool = False

    def settled(self, mutation: Mutation) -> Body | None:
        """The object as it is, when an earlier execution made this change already; None when it is to do.

        Raises:
            Conflict: what was done no longer holds, or what was begun can't be judged; names the fields.
        """
        asked = keyed_digest(asked_of(mutation))
        for number in sorted({*self.done, *self.begun} - self._taken):
            planned = self.plan.actions[number]
            if not _same_object(planned, mutation) or planned.asked != asked:
                continue
            now = mutation.fetch()
            if number in self.done:
                _hold(self.done[number], planned, now)
            elif not _took_effect(self.begun[number], planned, mutation, now):
                return None
            self._taken.add(number)
            return now if now is not None else GONE
        return None

    def number(self, action: Action) -> int | None:
        """Which of the plan's remaining actions this is; None when it is none of them.

        The first change of an object must be exactly the planned one. Later ones start from a state that
        the plan could not see, so there what is asked decides; and so it does for an object that is made, to
        which the server gives values that differ each time, such as a Job's selector or a Service's address.
        """
        touched = {_ref(self.plan.actions[n]) for n in self._taken}
        for number, planned in enumerate(self.plan.actions):
            if number in self._taken or not _same_object(planned, action):
                continue
            asked_alone = _ref(planned) in touched or not (planned.uid or action.uid)
            if planned.intent == action.intent or (asked_alone and planned.asked == action.asked):
                return number
        return None

    def take(self, action: Action) -> int:
        """Count an action as used, and return its number.

        Raises:
            NotApproved: it is none of those that are left.
        """
        number = self.number(action)
        if number is None:
            raise NotApproved(f"{action} is not in the approved plan {self.plan.hash}, or was done already")
        self._taken.add(number)
        return number

    def give_back(self, number: int) -> None:
        """The server refused an action, so it is still to be done: an eviction may be allowed later."""
        self._taken.discard(number)

    def refuse_drift(self, cluster: Reader) -> None:
        """Before the first action: what was done before holds, and every other object is as it was seen.

        Raises:
            NotApproved: names the objects that are not as the plan saw them.
            Conflict: what an earlier execution did no longer holds.
        """
        if self._looked:
            return
        self._looked = True
        for number, id in self.done.items():
            planned = self.plan.actions[number]
            _hold(id, planned, cluster.find(planned.kind, planned.name, namespace=planned.namespace or None))
        seen = {_ref(self.plan.actions[n]) for n in (*self._taken, *self.done, *self.begun)}
        drifted = []
        for action in self.plan.actions:
            if _ref(action) in seen:
                continue
            seen.add(_ref(action))
            found = cluster.find(action.kind, action.name, namespace=action.namespace or None)
            drifted += _drift(action, *version_of(found))
        if drifted:
            raise NotApproved(
                f"the plan {self.plan.hash} is void, since it was made: {'; '.join(drifted)}",
                fix="make the plan again",
            )


def asked_of(mutation: Mutation) -> Any:
    """What a mutation sends, without the moment at which it is sent."""
    return [mutation.verb, None if mutation.verb == "restart" else mutation.body]


def _same_object(planned: PlannedAction, other: Mutation | Action) -> bool:
    return planned.verb == other.verb and _ref(planned) == _ref(other)


def _ref(item: PlannedAction | Mutation | Action) -> tuple[str, str, str]:
    return (item.kind, item.namespace, item.name)


def _drift(action: PlannedAction, uid: str, version: str) -> list[str]:
    what = f"{action.kind}/{action.name}"
    if uid != action.uid:
        return [f"{what} {'is there now' if not action.uid else 'is gone' if not uid else 'was made anew'}"]
    if version != action.version:
        return [f"{what} is at version {version}, planned was {action.version}"]
    return []


def _hold(id: str, planned: PlannedAction, now: Body | None) -> None:
    """What was done still holds: the fields that were set have the values they were given.

    Raises:
        Conflict: they have not.
    """
    if planned.verb in ("delete", "evict"):
        if now is not None and version_of(now)[0] == planned.uid:
            raise Conflict(f"{planned.text} was done, but the object is still there")
        return
    try:
        kept = preimages.load(id)
    except UsageError as error:
        raise Conflict(f"{planned.text} was done, but it can't be verified: {error.message}") from None
    uid, version = version_of(now)
    broken = [] if uid == kept.uid else ["it is gone" if not uid else "it was made anew"]
    if not kept.content:
        broken += [] if version == kept.version else [f"it is at version {version}, left was {kept.version}"]
    elif not broken:
        broken = _overwritten(kept, now)
    if broken:
        raise Conflict(f"{planned.text} was done, but no longer holds: {', '.join(broken[:8])}")


def _overwritten(kept: preimages.Preimage, now: Body | None) -> list[str]:
    """The fields that were set and have another value now; what others added beside them is theirs."""
    differs = changes(kept.after, now)
    if kept.before is None:
        return [item.dotted for item in differs if item.before is not None]
    set_fields = [item.path for item in changes(kept.before, kept.after)]
    return [item.dotted for item in differs if any(_within(item.path, path) for path in set_fields)]


def _within(one: tuple[str | int, ...], other: tuple[str | int, ...]) -> bool:
    """Whether one path leads to the other or into it."""
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


def _took_effect(id: str, planned: PlannedAction, mutation: Mutation, now: Body | None) -> bool:
    """Whether a change that was begun was made.

    Raises:
        Conflict: the object is neither as it was nor as it was to be.
    """
    uid, version = version_of(now)
    if (uid, version) == (planned.uid, planned.version):
        return False
    if planned.verb in ("delete", "evict"):
        return True
    if planned.verb == "restart" and uid == planned.uid and _restarted(now) != _restarted_before(id):
        return True
    try:
        if planned.verb != "restart" and not changes(now, mutation.send(True)):
            return True
    except KitError as error:
        reason = error.message
    else:
        reason = f"it is at version {version}, planned was {planned.version}"
    raise Conflict(
        f"{planned.text} was begun when the run died, and the object is neither as it was nor as planned: "
        f"{reason}",
        fix="look at the object, then run the runbook again",
    )


def _restarted(item: Body | None) -> Any:
    """When a workload was last restarted on purpose; None: never."""
    template = ((item or {}).get("spec") or {}).get("template") or {}
    return ((template.get("metadata") or {}).get("annotations") or {}).get(RESTARTED)


def _restarted_before(id: str) -> Any:
    try:
        return _restarted(preimages.load(id).before)
    except UsageError as error:
        raise Conflict(
            f"a restart was begun, and nothing is kept that tells whether it was made: {error.message}"
        ) from None
