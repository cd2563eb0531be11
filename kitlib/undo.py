"""Undoing a change that kit made: put the object back as it was, unless somebody changed it since."""

from __future__ import annotations

from typing import Any

from kitlib.cluster import Cluster, Resource
from kitlib.errors import Conflict, UsageError
from kitlib.policy.action import FieldChange, changes
from kitlib.policy.preimages import Preimage, load

RUNS_AGAIN = ("Job", "Pod")  # the server also refuses a Job with the selector of another
TRIES = 5  # to replace an object whose status is being written
_KEPT = ("name", "namespace", "labels", "annotations", "finalizers", "ownerReferences")


def plan_undo(cluster: Cluster, id: str) -> tuple[Preimage, tuple[FieldChange, ...]]:
    """What undoing a change would change.

    Args:
        cluster: where it was made.
        id: the change's, as `kit audit show` lists it.

    Returns:
        The change, and the fields that differ between the object now and the object before it.

    Raises:
        UsageError: no such change, or its content is not kept (a Secret's is not).
        Conflict: the object was changed since; names the fields.
    """
    change = load(id)
    return change, fields(cluster, change)


def fields(cluster: Cluster, change: Preimage) -> tuple[FieldChange, ...]:
    """The fields that differ between an object now and before a change.

    Raises:
        UsageError, Conflict: as `plan_undo`.
    """
    if not change.content:
        raise UsageError(f"{change}: a Secret's content is never kept on disk, so kit cannot bring it back")
    if not change.complete:
        raise UsageError(f"{change} was never confirmed by the server: look at the object first")
    if change.after is None and change.kind in RUNS_AGAIN:
        raise UsageError(
            f"{change}: a {change.kind} that is made anew runs again, so kit does not bring it back"
        )
    now = cluster.find(change.kind, change.name, namespace=change.namespace or None)
    _refuse_drift(change, now)
    return changes(now, change.before)


def undo(cluster: Cluster, id: str) -> Preimage:
    """Put the object back as it was before a change.

    What was made is deleted, what was deleted made anew, what was changed restored. An object made anew
    has a new uid, and pods that had ended are not the same ones.

    Raises:
        UsageError, Conflict: as `plan_undo`; nothing was done.
        Denied, NotApproved: the gate of whoever acts.
    """
    change, _ = plan_undo(cluster, id)
    put_back(cluster, change)
    return change


def put_back(cluster: Cluster, change: Preimage) -> None:
    """Put an object back, once `fields` has shown that nobody changed it since."""
    if change.before is None:
        cluster.delete(change.kind, change.name, namespace=change.namespace or None)
    elif change.after is None:
        cluster.apply(_fresh(change.before), force=True)
    else:
        _restore(cluster, change, change.before)


def _restore(cluster: Cluster, change: Preimage, before: dict[str, Any]) -> None:
    """Replace the object by what it was; meanwhile a controller may write its status, nobody the rest."""
    for left in reversed(range(TRIES)):
        now = cluster.get(change.kind, change.name, namespace=change.namespace or None)
        _refuse_drift(change, now)
        try:
            cluster.replace(_restored(before, now))
            return
        except Conflict:
            if not left:
                raise


def _refuse_drift(change: Preimage, now: Resource | None) -> None:
    if change.after is None:
        if now is not None:
            raise Conflict(f"{change}: it is there again, so its deletion can't be undone")
        return
    if now is None:
        raise Conflict(f"{change}: it is gone since")
    drifted = [item.dotted for item in changes(change.after, now)]
    if now["metadata"]["uid"] != change.uid:
        drifted = ["it was made anew", *drifted]
    if drifted:
        raise Conflict(f"{change}: changed since by somebody else: {', '.join(drifted[:8])}")


def _fresh(before: dict[str, Any]) -> dict[str, Any]:
    """What may be sent to make an object anew."""
    metadata = {key: value for key, value in before["metadata"].items() if key in _KEPT}
    return {key: value for key, value in before.items() if key != "status"} | {"metadata": metadata}


def _restored(before: dict[str, Any], now: Resource) -> dict[str, Any]:
    """The object as it was, bound to the state it has now, so that a change in between is refused."""
    metadata = {**before["metadata"], "resourceVersion": now["metadata"]["resourceVersion"]}
    return {key: value for key, value in before.items() if key != "status"} | {"metadata": metadata}
