"""Carrying out what reads. It runs in a gate that refuses every change, whatever it would be."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import yaml

from kitlib.asking import metrics, reads
from kitlib.asking.about import describe, events, exposed, logs
from kitlib.asking.filtering import Used, meets, state
from kitlib.asking.locating import located
from kitlib.asking.reads import Read
from kitlib.asking.result import Result
from kitlib.cluster import Cluster, Resource, ResourceList
from kitlib.cluster.rollout import rollout_state
from kitlib.redaction import redact, redact_tree

SHOWN = 500  # rows of a table


def look(cluster: Cluster, request: Read) -> Result:
    """What a request finds.

    Raises:
        ClusterError: no API server answers, or it refuses; there is no such object, or no metrics API.
        UsageError: it is not clear which object is meant.
    """
    match request:
        case reads.Get():
            return _get(cluster, request)
        case reads.Exposed():
            return exposed(cluster, request)
        case reads.Describe():
            return describe(cluster, request)
        case reads.Logs():
            return logs(cluster, request)
        case reads.Events():
            return events(cluster, request)
        case reads.Top():
            return _top(cluster, request)
        case reads.Why():
            return _why(cluster, request)
        case reads.Rollout():
            return _rollout(cluster, request)


def _get(cluster: Cluster, request: reads.Get) -> Result:
    used = _used(cluster, request)
    found: list[Resource] = []
    for kind in request.kinds:
        found += [item for item in _listed(cluster, kind, request) if meets(item, request.filters, used)]
    if request.output in ("yaml", "json"):
        return Result(request, text=_dumped(found, request.output))
    if request.output == "name":
        return Result(request, text="\n".join(f"{item.kind.lower()}/{item.name}" for item in found))
    notes = [] if found else ["nothing found: no object meets all of that"]
    if len(found) > SHOWN:
        notes.append(f"{len(found) - SHOWN} more are not shown")
    columns, rows = _table(found[:SHOWN], request, used)
    return Result(request, columns, rows, notes=tuple(notes))


def _listed(cluster: Cluster, kind: str, request: reads.Get) -> Iterable[Resource]:
    where = None if request.everywhere else request.within(cluster.namespace)
    if request.names:
        return [cluster.get(kind, name, namespace=where) for name in request.names]
    selectors = {"labels": request.labels or None, "fields": request.fields or None}
    return cluster.list(kind, namespace=where, everywhere=request.everywhere, **selectors)


def _used(cluster: Cluster, request: reads.Get) -> Used:
    if not any(item.field in ("memory", "cpu") for item in request.filters):
        return {}
    where = None if request.everywhere else request.within(cluster.namespace)
    return {(item.namespace, item.name): item for item in metrics.pods(cluster, where)}


def _table(
    found: list[Resource], request: reads.Get, used: Used
) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """The columns of the kind; of several kinds what all have; and what a condition was about."""
    if not found:
        return (), ()
    if len(request.kinds) > 1:
        rows = [(item.kind, item.namespace, item.name, state(item)) for item in found]
        return ("kind", "namespace", "name", "state"), tuple(tuple(map(redact, row)) for row in rows)
    frame = ResourceList(found).frame()
    frame.insert(0, "namespace", frame.pop("namespace"))
    if not any(frame["namespace"]):
        frame = frame.drop(columns="namespace")
    if "state" not in frame and any(map(state, found)):
        frame["state"] = [state(item) for item in found]
    if used:
        shown = [used[item.namespace, item.name].shown for item in found]
        frame["memory"], frame["cpu"] = [one[0] for one in shown], [one[1] for one in shown]
    rows_of = tuple(tuple(redact(str(cell)) for cell in row) for row in frame.itertuples(index=False))
    return tuple(frame.columns), rows_of


def _dumped(found: list[Resource], output: str) -> str:
    items: list[Any] = [
        redact_tree({**item, "metadata": {k: v for k, v in item["metadata"].items() if k != "managedFields"}})
        for item in found
    ]
    if output == "json":
        return json.dumps(items, indent=2, ensure_ascii=False)
    return "---\n".join(yaml.safe_dump(item, sort_keys=False, allow_unicode=True) for item in items)


def _top(cluster: Cluster, request: reads.Top) -> Result:
    where = None if request.everywhere else request.within(cluster.namespace)
    found = metrics.nodes(cluster) if request.of == "nodes" else metrics.pods(cluster, where)
    found.sort(key=lambda item: getattr(item, request.by), reverse=True)
    if request.of == "nodes":
        return Result(request, ("name", "memory", "cpu"), tuple((i.name, *i.shown) for i in found))
    rows = tuple((item.namespace, item.name, *item.shown) for item in found[:SHOWN])
    return Result(request, ("namespace", "name", "memory", "cpu"), rows)


def _why(cluster: Cluster, request: reads.Why) -> Result:
    from kitlib.diagnosis.examination import diagnose

    if not request.name:
        target = "" if request.everywhere else request.within(cluster.namespace)
    else:
        item = located(cluster, request)
        target = f"{item.namespace}/{item.kind}/{item.name}"
    return Result(request, diagnosis=diagnose(target, cluster))


def _rollout(cluster: Cluster, request: reads.Rollout) -> Result:
    from kitlib.operations import revisions, workloads

    there = cluster.within(request.within(cluster.namespace))
    item = workloads.find(there, f"{request.kind}/{request.name}")
    if request.of == "status":
        return Result(request, text=f"{item.kind}/{item.name}: {rollout_state(item).message}")
    if request.kind != "Deployment":
        return Result(request, notes=(f"the revisions of a {request.kind} are not known to kit ask",))
    return Result(request, text=revisions.table(there, request.name))
