"""Workloads: selectors, rollouts and how pods end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from kitlib.checks.rule import Hit, rule
from kitlib.checks.selectors import WORKLOADS, matches, scalers
from kitlib.checks.targets import KubeObject, dig, mapping, sequence

_DEPLOYMENT = "https://kubernetes.io/docs/concepts/workloads/controllers/deployment/"
_LIFECYCLE = "https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination"
_CHANGING = {"app.kubernetes.io/version", "helm.sh/chart", "version", "chart", "release-version", "git-sha"}


@rule(
    "object",
    "selector-version",
    "error",
    "A selector has a label that changes",
    why="A workload's selector can't be changed: with the version in it the next upgrade is refused.",
    source=f"{_DEPLOYMENT}#label-selector-updates",
)
def selector_version(item: KubeObject) -> Iterator[Hit]:
    if item.kind not in WORKLOADS:
        return
    wanted = mapping(item.get("spec", "selector", "matchLabels"))
    for key in sorted(_CHANGING & set(wanted)):
        # "version: v1" alone is how service meshes tell two Deployments of one application apart.
        if key == "version" and re.fullmatch(r"v\d+|stable|canary|blue|green", str(wanted[key])):
            continue
        where = item.at("spec", "selector", "matchLabels", key)
        yield Hit(
            where,
            f"{key}: {wanted[key]}",
            "labels that stay",
            f"remove {key} from matchLabels; keep it in labels",
        )


@rule(
    "object",
    "selector-mismatch",
    "error",
    "A workload does not select its own pods",
    why="The API server refuses it: every label of the selector has to be on the pods.",
    source=f"{_DEPLOYMENT}#selector",
)
def selector_mismatch(item: KubeObject) -> Iterator[Hit]:
    if item.kind not in WORKLOADS:
        return
    selector = item.get("spec", "selector")
    if not mapping(selector):
        labels = ", ".join(f"{key}: {value}" for key, value in item.pod_labels.items()) or f"app: {item.name}"
        fix = f"selector: {{matchLabels: {{{labels}}}}}"
        yield Hit(item.at("spec"), "no selector", "the labels of the pods", fix)
    elif not matches(selector, item.pod_labels):
        for key, value in mapping(dig(selector, ["matchLabels"])).items():
            if item.pod_labels.get(key) != value:
                found = f"selector {key}: {value}, pods {key}: {item.pod_labels.get(key)}"
                where = item.at("spec", "selector", "matchLabels", key)
                yield Hit(where, found, "the same label", f"{key}: {value}   # in template.metadata.labels")


@rule(
    "object",
    "hpa-replicas",
    "warning",
    "A workload sets replicas although an autoscaler does",
    why="Each apply resets the number that the autoscaler found, and pods are stopped under load.",
    source="https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/"
    "#migrating-deployments-and-statefulsets-to-horizontal-autoscaling",
)
def hpa_replicas(item: KubeObject) -> Iterator[Hit]:
    found = item.get("spec", "replicas")
    scaler = scalers(item)
    if item.bundle.origin != "live" and found is not None and scaler:
        said = f"replicas: {found}, and {scaler[0].kind} {scaler[0].name}"
        yield Hit(item.at("spec", "replicas"), said, "no replicas", f"remove replicas: {found}")


@rule(
    "object",
    "pod-bare",
    "info",
    "A pod is on its own",
    why="Nothing makes it again when its node goes away or is drained.",
    source="https://kubernetes.io/docs/concepts/configuration/overview/#naked-pods-vs-replicasets-deployments-and-jobs",
)
def pod_bare(item: KubeObject) -> Iterator[Hit]:
    hook = "helm.sh/hook" in mapping(item.get("metadata", "annotations"))
    owned = item.get("metadata", "ownerReferences") or item.bundle.origin == "live"
    if (
        item.kind == "Pod"
        and not hook
        and not owned
        and item.get("spec", "restartPolicy", default="Always") == "Always"
    ):
        yield Hit(
            item.at("apiVersion"),
            "kind: Pod",
            "a Deployment",
            "kind: Deployment, the pod under spec.template",
        )


@rule(
    "object",
    "rollout-stuck",
    "error",
    "A rollout can neither add nor remove a pod",
    why="The API server refuses maxSurge and maxUnavailable of 0 together.",
    source=f"{_DEPLOYMENT}#max-unavailable",
)
def rollout_stuck(item: KubeObject) -> Iterator[Hit]:
    update = mapping(item.get("spec", "strategy", "rollingUpdate"))
    if item.kind == "Deployment" and all(
        _is_zero(update.get(key, "25%")) for key in ("maxSurge", "maxUnavailable")
    ):
        where = item.at("spec", "strategy", "rollingUpdate", "maxSurge")
        yield Hit(where, "maxSurge: 0, maxUnavailable: 0", "one of them above 0", "maxSurge: 1")


@rule(
    "object",
    "grace-period",
    "error",
    "A pod is killed before it can end",
    why="terminationGracePeriodSeconds counts from the beginning of preStop: what preStop waits is taken "
    "from the program's own time to finish its requests.",
    source=_LIFECYCLE,
)
def grace_period(item: KubeObject) -> Iterator[Hit]:
    grace = item.pod_spec.get("terminationGracePeriodSeconds", 30)
    if not isinstance(grace, int) or item.pod_path is None:
        return
    if grace == 0:
        where = item.at(*item.pod_path, "terminationGracePeriodSeconds")
        yield Hit(
            where, "terminationGracePeriodSeconds: 0", "time to end", "terminationGracePeriodSeconds: 30"
        )
        return
    for container in item.containers(init=False):
        wait = _wait(container.get("lifecycle", "preStop"))
        if wait >= grace:
            found = f"preStop waits {wait} s of {grace} s in {container.name}"
            where = container.at("lifecycle", "preStop")
            yield Hit(where, found, "a longer grace period", f"terminationGracePeriodSeconds: {wait + 30}")


def _wait(hook: Any) -> int:
    seconds = dig(hook, ["sleep", "seconds"])
    if isinstance(seconds, int):
        return seconds
    text = " ".join(str(part) for part in sequence(dig(hook, ["exec", "command"])))
    found = re.search(r"\bsleep (\d{1,6})\b", text)
    return int(found[1]) if found else 0


def _is_zero(value: Any) -> bool:
    return value in (0, "0", "0%") and value is not False


@rule(
    "object",
    "volume-missing",
    "error",
    "A container mounts a volume that the pod does not have",
    why="The API server refuses the pod.",
    source="https://kubernetes.io/docs/concepts/storage/volumes/",
)
def volume_missing(item: KubeObject) -> Iterator[Hit]:
    known = {str(mapping(volume).get("name")) for volume in sequence(item.pod_spec.get("volumes"))}
    known |= {
        str(dig(claim, ["metadata", "name"])) for claim in sequence(item.get("spec", "volumeClaimTemplates"))
    }
    for container in item.containers():
        for index, mount in enumerate(map(mapping, sequence(container.get("volumeMounts")))):
            name = str(mount.get("name"))
            if name not in known:
                where = container.at("volumeMounts", index, "name")
                expected = f"one of {', '.join(sorted(known))}" if known else "a volume of that name"
                close = get_close_matches(name, known, n=1)
                fix = f"name: {close[0]}" if close else f"volumes: [{{name: {name}, emptyDir: {{}}}}]"
                yield Hit(where, f"volume {name}", expected, fix)


@rule(
    "object",
    "job-restart-policy",
    "error",
    "The pods of a Job restart for ever",
    why="The API server refuses a Job whose restartPolicy is not OnFailure or Never; without one it "
    "is Always.",
    source="https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-template",
)
def job_restart_policy(item: KubeObject) -> Iterator[Hit]:
    policy = item.pod_spec.get("restartPolicy", "Always")
    if item.kind in ("Job", "CronJob") and item.pod_path and item.pod_spec and policy == "Always":
        where = item.at(*item.pod_path, "restartPolicy")
        found = "restartPolicy: Always" if "restartPolicy" in item.pod_spec else "no restartPolicy"
        yield Hit(where, found, "OnFailure or Never", "restartPolicy: OnFailure")
