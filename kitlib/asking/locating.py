"""Which object is meant: by its name where only that is said, and by asking where not even that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from kitlib.asking import reads, writes
from kitlib.asking.made import Request
from kitlib.asking.request import WORKLOADS
from kitlib.cluster import Cluster, Resource
from kitlib.errors import NotFound, UsageError

# Where a name alone is looked for, in this order.
_KINDS = (*WORKLOADS, "Pod", "CronJob", "Job", "Service", "PersistentVolumeClaim")


@dataclass(frozen=True)
class Question:
    """What has to be said before a request can be carried out.

    Args:
        text: the question.
        options: texts, each of which asks for the same and leaves nothing open.
    """

    text: str
    options: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join([self.text, *(f"  {option}" for option in self.options)])


def question(cluster: Cluster, requests: Sequence[Request]) -> Question | None:
    """The first thing that is left open by requests; None when nothing is."""
    for request in requests:
        if isinstance(request, writes.Scale | writes.Rollback) and not request.name:
            where = request.within(cluster.namespace)
            names = [item.name for item in cluster.list(request.kind, namespace=where)]
            options = [request.model_copy(update={"name": name, "namespace": where}) for name in names]
            there = ", ".join(names) or "none"
            text = f"Which {request.kind}? In namespace {where} there are: {there}"
            return Question(text, tuple(line for option in options for line in option.lines()))
    return None


def settled(cluster: Cluster, request: Request) -> Request:
    """A request about a workload that was named without its kind, with the kind that has the name.

    A name alone is taken for a Deployment's; where there is none, for a StatefulSet's or a DaemonSet's.
    """
    if not isinstance(request, writes.Restart | writes.Scale) or not request.name:
        return request
    many = isinstance(request, writes.Restart)
    kinds = request.kinds if isinstance(request, writes.Restart) else (request.kind,)
    where = request.within(cluster.namespace)
    if kinds != ("Deployment",) or cluster.find("Deployment", request.name, namespace=where):
        return request
    others = WORKLOADS[1:] if many else ("StatefulSet",)
    for kind in others:
        if cluster.find(kind, request.name, namespace=where):
            return request.model_copy(update={"kinds": (kind,)} if many else {"kind": kind})
    return request


def located(cluster: Cluster, request: reads.Why | reads.Logs | reads.Events) -> Resource:
    """The object that a read names, in the namespace that it says, or in whichever has it.

    Raises:
        NotFound: no object has the name; the nearest is offered.
        UsageError: several namespaces have one.
    """
    spread = not isinstance(request, reads.Logs) and request.everywhere
    where = None if spread else request.within(cluster.namespace)
    kinds = (request.kind,) if request.kind else _KINDS
    names: list[str] = []
    for kind in kinds:
        there = cluster.list(kind, namespace=where, everywhere=spread)
        found = [item for item in there if item.name == request.name]
        if len(found) > 1:
            places = ", ".join(item.namespace for item in found)
            raise UsageError(
                f"several namespaces have a {kind} {request.name}: {places}", fix="say in namespace NAME"
            )
        if found:
            return found[0]
        names += [item.name for item in there]
    near = get_close_matches(request.name, names, n=1)
    place = f"in namespace {where}" if where else "in any namespace"
    what = request.kind or "workload, pod or Service"
    fix = f"did you mean {near[0]!r}?" if near else ""
    raise NotFound(f"there is no {what} {request.name!r} {place}", status=404, fix=fix)
