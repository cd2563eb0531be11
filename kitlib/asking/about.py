"""Reads about one object and what belongs to it: its fields, its events, its log, and who reaches it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

import yaml

from kitlib.asking import reads
from kitlib.asking.filtering import failing
from kitlib.asking.locating import located
from kitlib.asking.request import CLUSTER_WIDE, WORKLOADS, plural
from kitlib.asking.result import Result
from kitlib.cluster import Cluster, Resource
from kitlib.cluster.resource import age, pod_restarts
from kitlib.errors import NotFound
from kitlib.progress import stage
from kitlib.redaction import redact, redact_tree

EVENTS = 200  # the newest
LOG_PAUSES = (0.5, 1.0, 2.0, 4.0, 4.0)  # seconds; an idle kubelet reports a new container within two
_LAST_APPLIED = (
    "kubectl.kubernetes.io/last-applied-configuration"  # repeats the object, a Secret's values too
)
_EVENT_COLUMNS = ("age", "type", "reason", "object", "message")
_OWNING = ("ReplicaSet", "Pod", "Job")


def describe(cluster: Cluster, request: reads.Describe) -> Result:
    """An object and its events; of a Secret only the names of its keys."""
    where = request.within(cluster.namespace)
    item = cluster.get(request.kind, request.name, namespace=where)
    metadata = {k: v for k, v in item["metadata"].items() if k not in ("managedFields", "annotations")}
    annotations = {k: v for k, v in (item["metadata"].get("annotations") or {}).items() if k != _LAST_APPLIED}
    shown: dict[str, Any] = {
        **item,
        "metadata": metadata | ({"annotations": annotations} if annotations else {}),
    }
    notes: tuple[str, ...] = ()
    if item.kind == "Secret":
        shown = {key: shown[key] for key in ("apiVersion", "kind", "metadata", "type") if key in shown}
        shown |= {"keys": sorted(item.get("data") or {})}
        notes = ("a Secret's values are never shown",)
    text = yaml.safe_dump(redact_tree(shown), sort_keys=False, allow_unicode=True)
    rows = _event_rows(cluster.events(about=item)) if item.kind not in CLUSTER_WIDE else ()
    return Result(request, _EVENT_COLUMNS, rows, text, notes if rows else (*notes, "no events"))


def logs(cluster: Cluster, request: reads.Logs) -> Result:
    """The end of a container's log: of the pod named, or of the workload's pod that restarted most."""
    named = located(cluster, request)
    pod = named if named.kind == "Pod" else _pod_of(cluster, named)
    containers = [item["name"] for item in pod.at("spec.containers", [])]
    chosen = request.container or containers[0]
    there = cluster.within(pod.namespace)
    text = _log(there, pod.name, chosen, request)
    notes = [f"of {pod.name} -n {pod.namespace}, container {chosen}"]
    if others := [name for name in containers if name != chosen]:
        notes.append(f"other containers: {', '.join(others)}")
    return Result(request, text=redact(text.rstrip()) or "(the log is empty)", notes=tuple(notes))


def _log(cluster: Cluster, pod: str, container: str, request: reads.Logs) -> str:
    """The log; right after a restart the pod's status still names an ended container that is removed."""
    read = partial(cluster.logs, pod, container=container, previous=request.previous, tail=request.tail)
    try:
        return read()
    except NotFound:
        if not request.previous:
            raise
    with stage(f"{pod} restarts: wait for the log of the run before"):
        for pause in LOG_PAUSES[:-1]:
            time.sleep(pause)
            with suppress(NotFound):
                return read()
        time.sleep(LOG_PAUSES[-1])
        return read()


def events(cluster: Cluster, request: reads.Events) -> Result:
    """Events; about an object, a kind or whatever fails, those of what it owns are among them."""
    where = None if request.everywhere else request.within(cluster.namespace)
    found = cluster.events(namespace=where, everywhere=request.everywhere)
    if request.failures:
        found = type(found)(item for item in found if item.get("type") != "Normal")
    notes: tuple[str, ...] = ()
    if request.kind or request.name:
        roots = _roots(cluster, request, where)
        owned = _owned(cluster, roots, where)
        found = type(found)(item for item in found if _about(item, owned))
        names = ", ".join(f"{item.kind}/{item.name} -n {item.namespace}" for item in roots)
        sort = "failing " if request.failures else ""
        notes = (f"about {names}" if roots else f"there are no {sort}{plural(request.kind)}",)
    rows = _event_rows(found)
    return Result(request, _EVENT_COLUMNS, rows, notes=(*notes, *(() if rows else ("no events",))))


def exposed(cluster: Cluster, request: reads.Exposed) -> Result:
    """Services that can be reached from outside, and by what."""
    where = None if request.everywhere else request.within(cluster.namespace)
    services = cluster.list("Service", namespace=where, everywhere=request.everywhere)
    ingresses = cluster.list("Ingress", namespace=where, everywhere=request.everywhere)
    hosts: dict[tuple[str, str], list[str]] = {}
    for ingress in ingresses:
        for name, host in _routes(ingress):
            hosts.setdefault((ingress.namespace, name), []).append(f"Ingress {ingress.name}: {host}")
    rows = []
    for service in services:
        ways = [*_ways(service), *dict.fromkeys(hosts.get((service.namespace, service.name), ()))]
        if ways:
            kind = str(service.at("spec.type", "ClusterIP"))
            rows.append((service.namespace, service.name, kind, redact("; ".join(ways))))
    notes = () if rows else ("no service is reached from outside",)
    return Result(request, ("namespace", "name", "type", "reached by"), tuple(rows), notes=notes)


def _metadata(item: Resource) -> dict[str, Any]:
    """Without bookkeeping."""
    kept = {k: v for k, v in item["metadata"].items() if k not in ("managedFields", "annotations")}
    annotations = {k: v for k, v in (item["metadata"].get("annotations") or {}).items() if k != _LAST_APPLIED}
    return kept | ({"annotations": annotations} if annotations else {})


def _ways(service: Resource) -> Iterator[str]:
    kind = service.at("spec.type")
    ports = [str(port["nodePort"]) for port in service.at("spec.ports", []) if port.get("nodePort")]
    if kind == "LoadBalancer":
        given = service.at("status.loadBalancer.ingress", [])
        where = ", ".join(str(one.get("ip") or one.get("hostname")) for one in given)
        yield f"LoadBalancer {where or '(no address yet)'}"
    if ports and kind in ("NodePort", "LoadBalancer"):
        yield f"NodePort {', '.join(ports)}"
    if addresses := service.at("spec.externalIPs", []):
        yield f"external IP {', '.join(addresses)}"


def _routes(ingress: Resource) -> Iterator[tuple[str, str]]:
    """The Services that an Ingress sends to, each with the host."""
    if default := ingress.at("spec.defaultBackend.service.name"):
        yield str(default), "any host"
    for rule in ingress.at("spec.rules", []):
        for path in (rule.get("http") or {}).get("paths") or []:
            service = (path.get("backend") or {}).get("service") or {}
            yield str(service.get("name", "")), f"{rule.get('host') or 'any host'}{path.get('path') or ''}"


def _pod_of(cluster: Cluster, workload: Resource) -> Resource:
    from kitlib.operations import workloads

    pods = workloads.pods(cluster, workload)
    if not pods:
        raise NotFound(f"{workload.kind}/{workload.name} has no pods now", status=404)
    return max(pods, key=pod_restarts)


def _roots(cluster: Cluster, request: reads.Events, where: str | None) -> list[Resource]:
    """What the events are about."""
    if request.name:
        return [located(cluster, request)]
    found = cluster.list(request.kind, namespace=where, everywhere=request.everywhere)
    return [item for item in found if not request.failures or failing(item)]


def _owned(cluster: Cluster, roots: list[Resource], where: str | None) -> dict[str, Resource]:
    """The objects, and those that they own, by uid."""
    found = {item["metadata"]["uid"]: item for item in roots}
    if any(item.kind in (*WORKLOADS, *_OWNING, "CronJob") for item in roots):
        for kind in ("Job", "ReplicaSet", "Pod"):  # owners before what they own
            for item in cluster.list(kind, namespace=where, everywhere=where is None):
                owners = item["metadata"].get("ownerReferences") or []
                if any(owner["uid"] in found for owner in owners):
                    found[item["metadata"]["uid"]] = item
    return found


def _about(event: Resource, owned: Mapping[str, Resource]) -> bool:
    """Whether an event is about one of these, or about a pod of theirs that is gone."""
    if event.at("involvedObject.uid") in owned:
        return True
    name = str(event.at("involvedObject.name", ""))
    where = event.at("involvedObject.namespace", "")
    makers = [
        item for item in owned.values() if item.kind in ("ReplicaSet", "Job") and item.namespace == where
    ]
    return any(name.startswith(f"{item.name}-") for item in makers)


def _event_rows(found: list[Resource]) -> tuple[tuple[str, ...], ...]:
    rows = []
    for item in found[-EVENTS:]:
        what = f"{item.at('involvedObject.kind', '')}/{item.at('involvedObject.name', '')}"
        cells = (age(item.age_seconds), item.get("type", ""), item.get("reason", ""), what)
        rows.append((*map(str, cells), redact(" ".join(str(item.get("message", "")).split()))))
    return tuple(rows)
