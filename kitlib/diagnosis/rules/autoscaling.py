"""HorizontalPodAutoscalers that can't work, and what works against them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from kitlib.cluster.resource import Resource
from kitlib.diagnosis.cause import Cause, Scan
from kitlib.diagnosis.scan import event_time, ref
from kitlib.diagnosis.templates import container_path, kubectl
from kitlib.findings import Finding, Fix, Quote, Ref

_DOCS = "kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale"
FIGHTS = 2  # times down again, after up; once is what the autoscaler does itself when the load is over
_MOVED = re.compile(r"Scaled (up|down) replica set (\S+) from (\d+) to (\d+)")


def autoscalers(scan: Scan) -> Iterator[Cause]:
    """What is wrong with the autoscalers."""
    for item in scan.of("HorizontalPodAutoscaler"):
        target = scan.find(
            item.at("spec.scaleTargetRef.kind"), item.at("spec.scaleTargetRef.name"), item.namespace
        )
        if target is None:
            yield from _no_target(scan, item)
            continue
        yield from _no_requests(scan, item, target)
        yield from _fights(scan, item, target)


def _no_target(scan: Scan, item: Resource) -> Iterator[Cause]:
    kind, name = item.at("spec.scaleTargetRef.kind", ""), item.at("spec.scaleTargetRef.name", "")
    failed = _condition(item, "AbleToScale", "FailedGetScale")
    if not failed and not (scan.knows(kind) and kind in ("Deployment", "StatefulSet", "ReplicaSet")):
        return  # of a kind that is not read, and it works
    near = get_close_matches(name, [i.name for i in scan.of(kind, item.namespace)], n=1)
    field = "spec.scaleTargetRef.name"
    yield _cause(
        item,
        ref(item),
        "hpa-target",
        f"autoscaler {item.name} scales {kind} {name}, which does not exist",
        field,
        found=name,
        expected=near[0] if near else f"a {kind} that exists",
        says=failed.get("message", ""),
    )


def _no_requests(scan: Scan, item: Resource, target: Resource) -> Iterator[Cause]:
    for metric in item.at("spec.metrics", []):
        resource = metric.get("resource") or metric.get("containerResource") or {}
        name = resource.get("name")
        if not name or (resource.get("target") or {}).get("type") != "Utilization":
            continue
        for container in target.at("spec.template.spec.containers", []):
            requests = (container.get("resources") or {}).get("requests") or {}
            limits = (container.get("resources") or {}).get("limits") or {}
            if name in requests or name in limits or _given(scan, target, container["name"], name):
                continue
            failed = _condition(item, "ScalingActive", "FailedGetResourceMetric")
            yield _cause(
                item,
                ref(target),
                "hpa-requests",
                f"autoscaler {item.name} can't tell a share: {container['name']} requests no {name}",
                container_path(target, container["name"], f"resources.requests.{name}"),
                found=f"no request of {name}",
                expected=f"a request; {resource['target'].get('averageUtilization', '')} % of it is the aim",
                says=failed.get("message", ""),
                also=(ref(item),),
            )
            return


def _fights(scan: Scan, item: Resource, target: Resource) -> Iterator[Cause]:
    """Somebody else sets the replicas, too: the Deployment goes up and down again and again."""
    events = sorted(scan.events_of(target, "ScalingReplicaSet"), key=event_time)
    moves = [
        (match, int(e.get("count") or 1))
        for e in events
        if (match := _MOVED.search(str(e.get("message", ""))))
    ]
    up = sum(count for move, count in moves if move[1] == "up" and move[3] != "0")
    down = sum(count for move, count in moves if move[1] == "down" and move[4] != "0")
    if len({move[2] for move, _ in moves}) != 1 or not up or down < FIGHTS:
        return  # several ReplicaSets are a rollout
    texts = tuple(
        Quote(str(e.get("message", "")), f"event ScalingReplicaSet of {target.name}") for e in events[-4:]
    )
    others = ", ".join(sorted(_writers(target)))
    yield Cause(
        Finding(
            "error",
            "hpa-fights",
            f"autoscaler {item.name} and somebody else set the replicas of {target.name} in turn",
            ref(target),
            found=f"spec.replicas {target.at('spec.replicas')}, scaled up {up} times and down {down} times",
            expected="no spec.replicas in what is applied, where an autoscaler sets it",
            why=f"each apply puts back the fixed number, and the autoscaler changes it again ({_DOCS})",
            fix=Fix(f"remove spec.replicas from the manifest; it was written by {others or 'others'}"),
            evidence=texts,
            field="spec.replicas",
        ),
        affects=(ref(target), ref(item)),
    )


def _writers(target: Resource) -> set[str]:
    entries: list[dict[str, Any]] = target.at("metadata.managedFields", [])
    return {e["manager"] for e in entries if e.get("subresource") is None and e.get("manager")}


def _given(scan: Scan, target: Resource, container: str, resource: str) -> bool:
    """Whether pods got the request from elsewhere, such as a LimitRange."""
    for pod in scan.pods_of(target)[:1]:
        for item in pod.at("spec.containers", []):
            if item.get("name") == container:
                return resource in ((item.get("resources") or {}).get("requests") or {})
    return False


def _condition(item: Resource, kind: str, reason: str) -> dict[str, Any]:
    for condition in item.at("status.conditions", []):
        if condition["type"] == kind and condition["status"] == "False" and condition.get("reason") == reason:
            return dict(condition)
    return {}


def _cause(
    scaler: Resource,
    where: Ref,
    rule: str,
    title: str,
    field: str,
    *,
    found: str,
    expected: str,
    says: str,
    also: tuple[Ref, ...] = (),
) -> Cause:
    finding = Finding(
        "error",
        rule,
        title,
        where,
        found=found,
        expected=expected,
        why=f"an autoscaler compares what pods use with what they request ({_DOCS})",
        fix=Fix(f"set {field}", command=f"kubectl describe {kubectl(scaler)}"),
        evidence=(Quote(says or f"{field}: {found}", f"status of HorizontalPodAutoscaler {scaler.name}"),),
        field=field,
    )
    return Cause(finding, affects=(where, ref(scaler), *also))
