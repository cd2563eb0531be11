"""Limits that pods have and their workload never asked for: who changed them on the way in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kitlib import quantity
from kitlib.cluster.resource import Resource
from kitlib.diagnosis.cause import Cause, Scan, Strength
from kitlib.diagnosis.evidence import pod_template
from kitlib.diagnosis.scan import ref
from kitlib.diagnosis.suspects import container_statuses
from kitlib.findings import Finding, Fix, Quote

_WEBHOOKS = "kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers"
_RANGES = "kubernetes.io/docs/concepts/policy/limit-range"


def rewritten(scan: Scan) -> Iterator[Cause]:
    """Pods whose limits are not their template's, by a LimitRange or by a mutating webhook."""
    for workload in scan.workloads():
        pods = scan.pods_of(workload)
        if workload.kind == "Pod" or not pods or not _newest(scan, workload, pods[0]):
            continue
        asked = {
            c["name"]: c.get("resources") or {}
            for c in pod_template(workload).get("spec", {}).get("containers", [])
        }
        for item in pods[0].at("spec.containers", []):
            difference = _difference(asked.get(item["name"]), item.get("resources") or {})
            if difference and (cause := _cause(scan, workload, pods[0], item["name"], *difference)):
                yield cause
                break


def _newest(scan: Scan, workload: Resource, pod: Resource) -> bool:
    """Whether the pod is made from the template as it is now."""
    if workload.kind != "Deployment":
        return True
    sets = scan.owned("ReplicaSet", workload)
    newest = max(sets, key=lambda rs: str(rs["metadata"]["creationTimestamp"]), default=None)
    owners = [o.get("uid") for o in pod["metadata"].get("ownerReferences") or ()]
    return newest is not None and newest["metadata"].get("uid") in owners


def _difference(asked: dict[str, Any] | None, has: dict[str, Any]) -> tuple[str, str, str] | None:
    """(resource, asked, has) of the first limit that differs."""
    if asked is None:
        return None
    for resource, value in (has.get("limits") or {}).items():
        wanted = (asked.get("limits") or {}).get(resource)
        if quantity.parse(wanted) != quantity.parse(value):
            return resource, str(wanted or "not set"), str(value)
    return None


def _cause(
    scan: Scan, workload: Resource, pod: Resource, container: str, resource: str, asked: str, has: str
) -> Cause | None:
    hurt = any(
        status.state(state, last=last).get("reason") == "OOMKilled"
        for status in container_statuses(pod)
        for state, last in (("terminated", False), ("terminated", True))
    )
    found = f"limits.{resource}: {has}; the template says {asked}"
    affects = (ref(workload),)
    if (limit_range := _default_of(scan, workload, resource, has)) is not None:
        if asked != "not set" or not hurt:
            return None  # a default that does no harm is what a LimitRange is for
        title = f"LimitRange {limit_range.name} gives container {container} its {resource} limit"
        finding = _finding(
            "limit-range-default",
            title,
            limit_range,
            f"spec.limits[].default.{resource}",
            found,
            pod,
            _RANGES,
        )
        return Cause(finding, affects, strength=Strength.DECIDED)
    hooks = [item for item in scan.of("MutatingWebhookConfiguration") if _mutates_pods(item)]
    if not hooks:
        return None
    title = f"webhook {hooks[0].name} changes the {resource} limit of the pods of {workload.name}"
    finding = _finding("webhook-rewrites", title, hooks[0], "webhooks[].rules", found, pod, _WEBHOOKS)
    return Cause(finding, affects, strength=Strength.DECIDED)


def _default_of(scan: Scan, workload: Resource, resource: str, has: str) -> Resource | None:
    for item in scan.of("LimitRange", workload.namespace):
        for limit in item.at("spec.limits", []):
            if quantity.parse((limit.get("default") or {}).get(resource)) == quantity.parse(has):
                return item
    return None


def _mutates_pods(item: Resource) -> bool:
    rules = [rule for hook in item.get("webhooks") or () for rule in hook.get("rules") or ()]
    return any({"pods", "*", "*/*", "pods/*"} & set(rule.get("resources") or ()) for rule in rules)


def _finding(
    rule: str, title: str, item: Resource, field: str, found: str, pod: Resource, source: str
) -> Finding:
    return Finding(
        "error" if rule == "limit-range-default" else "warning",
        rule,
        title,
        ref(item),
        found=found,
        expected="the limit that the workload's template asks for",
        why=f"what a pod gets is decided on its way in, after its template was read ({source})",
        fix=Fix(f"change {field} of {item.kind} {item.name}, or say the limit in the template"),
        evidence=(Quote(found, f"spec of {pod.name}"),),
        field=field,
    )
