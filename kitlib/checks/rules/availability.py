"""Autoscalers and disruption budgets, against the workloads that they are for."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from kitlib.checks.rule import Hit, rule
from kitlib.checks.selectors import SCALED, named, near, replicas, selected
from kitlib.checks.targets import KubeObject, mapping, sequence

_HPA = "https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/"
_PDB = "https://kubernetes.io/docs/tasks/run-application/configure-pdb/"


def _target(scaler: KubeObject) -> KubeObject | None:
    wanted = mapping(scaler.get("spec", "scaleTargetRef"))
    return named(scaler, str(wanted.get("kind")), str(wanted.get("name")))


@rule(
    "object",
    "hpa-requests",
    "error",
    "An autoscaler measures against requests that are not there",
    why="A percentage of cpu or memory is one of the requests, of every container: where one is missing, "
    "the autoscaler sees <unknown> and does nothing.",
    source=_HPA,
)
def hpa_requests(item: KubeObject) -> Iterator[Hit]:
    target = _target(item) if item.kind == "HorizontalPodAutoscaler" else None
    if target is None:
        return
    for name in _measured(item):
        for container in target.containers(init=False):
            resources = mapping(container.get("resources"))
            # A limit alone counts: the server takes it as the request.
            if not any(name in mapping(resources.get(group)) for group in ("requests", "limits")):
                found = (
                    f"no requests.{name} in {container.name}, and {item.kind} {item.name} scales on {name}"
                )
                example = "100m" if name == "cpu" else "128Mi"
                fix = f"resources: {{requests: {{{name}: {example}}}}}"
                yield Hit(container.at("resources", "requests"), found, f"a request of {name}", fix)


def _measured(scaler: KubeObject) -> list[str]:
    if scaler.get("spec", "targetCPUUtilizationPercentage") is not None:
        return ["cpu"]
    found = []
    for metric in map(mapping, sequence(scaler.get("spec", "metrics"))):
        resource = mapping(metric.get("resource"))
        if mapping(resource.get("target")).get("type") == "Utilization":
            found.append(str(resource.get("name")))
    return found


@rule(
    "object",
    "hpa-target",
    "error",
    "An autoscaler's workload is not among the objects applied here",
    why="It scales nothing: its target has another name or kind.",
    source=_HPA,
)
def hpa_target(item: KubeObject) -> Iterator[Hit]:
    if item.kind != "HorizontalPodAutoscaler" or _target(item) is not None:
        return
    wanted = mapping(item.get("spec", "scaleTargetRef"))
    known = {one.name: one for one in item.bundle.of(*SCALED) if near(one, item)}
    close = get_close_matches(str(wanted.get("name")), known, n=1)
    if known and wanted.get("kind") in SCALED:
        fix = (
            f"kind: {known[close[0]].kind}, name: {close[0]}"
            if close
            else f"add {wanted.get('kind')} {wanted.get('name')}"
        )
        where = item.at("spec", "scaleTargetRef", "name")
        yield Hit(
            where, f"{wanted.get('kind')} {wanted.get('name')}", f"one of {', '.join(sorted(known))}", fix
        )


@rule(
    "object",
    "hpa-range",
    "error",
    "An autoscaler's numbers contradict each other",
    why="The API server refuses a maximum below the minimum, periods beyond 1800 s, and windows beyond "
    "3600 s.",
    source="https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/horizontal-pod-autoscaler-v2/",
)
def hpa_range(item: KubeObject) -> Iterator[Hit]:
    if item.kind != "HorizontalPodAutoscaler":
        return
    least, most = item.get("spec", "minReplicas", default=1), item.get("spec", "maxReplicas")
    if isinstance(least, int) and isinstance(most, int) and least > most:
        found = f"minReplicas: {least}, maxReplicas: {most}"
        yield Hit(item.at("spec", "maxReplicas"), found, f"at least {least}", f"maxReplicas: {least}")
    for way in ("scaleUp", "scaleDown"):
        window = item.get("spec", "behavior", way, "stabilizationWindowSeconds", default=0)
        if isinstance(window, int) and not 0 <= window <= 3600:
            where = item.at("spec", "behavior", way, "stabilizationWindowSeconds")
            yield Hit(
                where, f"stabilizationWindowSeconds: {window}", "0 to 3600", "stabilizationWindowSeconds: 300"
            )
        for index, policy in enumerate(map(mapping, sequence(item.get("spec", "behavior", way, "policies")))):
            for key, most in (("periodSeconds", 1800), ("value", 2**31)):
                number = policy.get(key)
                if isinstance(number, int) and not 0 < number <= most:
                    where = item.at("spec", "behavior", way, "policies", index, key)
                    yield Hit(where, f"{key}: {number} of {way}", f"1 to {most}", f"{key}: 60")


@rule(
    "bundle",
    "hpa-twice",
    "error",
    "Two autoscalers have one workload",
    why="They undo each other's decisions; neither works, and the server says AmbiguousSelector.",
    source=_HPA,
)
def hpa_twice(bundle: Any) -> Iterator[Hit]:
    seen: dict[int, KubeObject] = {}
    for item in bundle.of("HorizontalPodAutoscaler"):
        target = _target(item)
        first = seen.setdefault(id(target), item) if target is not None else item
        if first is not item and target is not None:
            found = f"{item.name} and {first.name} scale {target.kind} {target.name}"
            yield Hit(
                item.at("spec", "scaleTargetRef", "name"),
                found,
                "one",
                f"remove {item.name}, merge the metrics",
            )


@rule(
    "object",
    "pdb-both",
    "error",
    "A disruption budget says both minAvailable and maxUnavailable",
    why="The API server refuses it: they exclude each other.",
    source=_PDB,
)
def pdb_both(item: KubeObject) -> Iterator[Hit]:
    spec = mapping(item.get("spec"))
    if item.kind == "PodDisruptionBudget" and {"minAvailable", "maxUnavailable"} <= set(spec):
        found = f"minAvailable: {spec['minAvailable']}, maxUnavailable: {spec['maxUnavailable']}"
        yield Hit(item.at("spec", "minAvailable"), found, "one of them", "remove minAvailable")


@rule(
    "object",
    "pdb-blocks-drain",
    "error",
    "A disruption budget lets no pod go",
    why="A node with such a pod can't be drained: upgrades of the cluster stop there.",
    source=f"{_PDB}#arbitrary-controllers-and-selectors",
)
def pdb_blocks_drain(item: KubeObject) -> Iterator[Hit]:
    if item.kind != "PodDisruptionBudget":
        return
    least, most = item.get("spec", "minAvailable"), item.get("spec", "maxUnavailable")
    fix = "maxUnavailable: 1   # in place of what is there; no budget below two replicas"
    if most in (0, "0", "0%") and most is not False:
        yield Hit(item.at("spec", "maxUnavailable"), f"maxUnavailable: {most}", "at least 1", fix)
    if least == "100%":
        yield Hit(item.at("spec", "minAvailable"), "minAvailable: 100%", "fewer than all", fix)
    for workload in selected(item, item.get("spec", "selector")) if isinstance(least, int) else ():
        count = replicas(workload)
        if count is not None and least >= count > 0:
            found = f"minAvailable: {least}, and {workload.kind} {workload.name} runs {count}"
            yield Hit(item.at("spec", "minAvailable"), found, f"fewer than {count}", fix)


@rule(
    "object",
    "pdb-selects-nothing",
    "warning",
    "A disruption budget protects nothing",
    why="No pods of the objects applied here carry its labels.",
    source=_PDB,
)
def pdb_selects_nothing(item: KubeObject) -> Iterator[Hit]:
    if item.kind != "PodDisruptionBudget" or item.bundle.origin == "live":
        return
    known = [one for one in item.bundle.of(*SCALED) if near(one, item)]
    selector = item.get("spec", "selector")
    if known and not selected(item, selector):
        labels = ", ".join(f"{k}: {v}" for k, v in known[0].pod_labels.items())
        found = f"selector {mapping(mapping(selector).get('matchLabels')) or selector}"
        yield Hit(item.at("spec", "selector"), found, "labels of pods", f"matchLabels: {{{labels}}}")


@rule(
    "object",
    "pdb-missing",
    "warning",
    "Nothing limits how many pods a drain takes at once",
    why="Replicas that share a node, or nodes that are drained together, all go at the same moment: a budget "
    "makes the drain wait until another pod is ready.",
    source="https://kubernetes.io/docs/concepts/workloads/pods/disruptions/#pod-disruption-budgets",
)
def pdb_missing(item: KubeObject) -> Iterator[Hit]:
    count = replicas(item) if item.kind in ("Deployment", "StatefulSet") else None
    if count is None or count < 2 or item.bundle.origin == "live":
        return
    budgets = item.bundle.of("PodDisruptionBudget")
    if not any(near(one, item) and item in selected(one, one.get("spec", "selector")) for one in budgets):
        labels = ", ".join(
            f"{k}: {v}" for k, v in mapping(item.get("spec", "selector", "matchLabels")).items()
        )
        fix = (
            f"kind: PodDisruptionBudget, spec: {{maxUnavailable: 1, selector: {{matchLabels: {{{labels}}}}}}}"
        )
        found = f"{count} replicas of {item.kind} {item.name}, and no PodDisruptionBudget"
        yield Hit(item.at("metadata", "name"), found, "a budget with maxUnavailable: 1", fix)
