"""What a deletion takes along: objects go with their owner, and some of them no program may delete."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kitlib.asking import writes
from kitlib.asking.classify import MODEL
from kitlib.asking.made import Request
from kitlib.cluster import Cluster, Resource
from kitlib.policy.action import Action
from kitlib.policy.rules import Prohibition, prohibition

# Owners before what they own, so that one look at each kind is enough.
_KINDS = (
    "Job",
    "ReplicaSet",
    "Pod",
    "PersistentVolumeClaim",
    "Secret",
    "ServiceAccount",
    "Role",
    "RoleBinding",
    "NetworkPolicy",
)


def forbidden(cluster: Cluster, requests: Sequence[Request]) -> Prohibition | None:
    """Why a deletion is prohibited for what would go with it; None when nothing of that kind would.

    Raises:
        ApiError: it may not be looked at, so it can't be told.
    """
    for request in requests:
        if isinstance(request, writes.Delete):
            for item in _taken_along(cluster, request):
                action = Action(
                    "delete", item["apiVersion"], item.kind, item.namespace, item.name, MODEL, uid="?"
                )
                if broken := prohibition(action):
                    what = f"{request.kind}/{', '.join(request.names)}"
                    return Prohibition(
                        broken.topic, f"{item.kind}/{item.name} goes with {what}, which owns it"
                    )
    return None


def _taken_along(cluster: Cluster, request: writes.Delete) -> Iterator[Resource]:
    where = request.within(cluster.namespace)
    roots = [cluster.find(request.kind, name, namespace=where) for name in request.names]
    gone = {item["metadata"]["uid"] for item in roots if item is not None}
    for kind in _KINDS if gone else ():
        for item in cluster.list(kind, namespace=where):
            if gone & {owner["uid"] for owner in item["metadata"].get("ownerReferences") or []}:
                gone.add(item["metadata"]["uid"])
                yield item
