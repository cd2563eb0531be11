"""What programs may never change, and why: the seed's prohibitions and every indirect route to them.

They hold for agents and models, whatever was approved. A person may do all that the API server allows; a
runbook may what its notebook declares, once a person has approved exactly that.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kitlib.policy.action import Action, FieldChange

RBAC = "rbac.authorization.k8s.io"
# Changing an object of these kinds is what the seed's AI operations specification prohibits.
KINDS = {
    "Secret": "Secret modification",
    "NetworkPolicy": "network policy changes",
    "Role": "RBAC changes",
    "ClusterRole": "RBAC changes",
    "RoleBinding": "RBAC changes",
    "ClusterRoleBinding": "RBAC changes",
    "ServiceAccount": "RBAC changes",
}
DELETIONS = {
    "Namespace": "namespace deletion",
    "PersistentVolume": "PV/PVC deletion",
    "PersistentVolumeClaim": "PV/PVC deletion",
}
# Kinds through which one of the above happens without being named: they make or remove other objects, change
# what is admitted, or hand out credentials.
INDIRECT = {
    "CustomResourceDefinition": "its deletion deletes every object of the kind",
    "APIService": "it redirects a part of the API",
    "MutatingWebhookConfiguration": "it changes what is stored",
    "ValidatingWebhookConfiguration": "it changes what is admitted",
    "ValidatingAdmissionPolicy": "it changes what is admitted",
    "ValidatingAdmissionPolicyBinding": "it changes what is admitted",
    "MutatingAdmissionPolicy": "it changes what is stored",
    "MutatingAdmissionPolicyBinding": "it changes what is stored",
    "CertificateSigningRequest": "it hands out credentials",
    "TokenRequest": "it hands out credentials",
}
# Custom resources of these groups make a controller write Secrets, RBAC, policies or whole releases.
INDIRECT_GROUPS = {
    "external-secrets.io": "its controller writes Secrets",
    "cert-manager.io": "its controller writes Secrets",
    "bitnami.com": "its controller writes Secrets",
    "argoproj.io": "its controller applies whatever a repository says",
    "kustomize.toolkit.fluxcd.io": "its controller applies whatever a repository says",
    "helm.toolkit.fluxcd.io": "its controller installs releases",
    "helm.cattle.io": "its controller installs releases",
    "cilium.io": "network policy changes",
    "crd.projectcalico.org": "network policy changes",
    "projectcalico.org": "network policy changes",
    "policy.networking.k8s.io": "network policy changes",
    "kagent.io": "it changes what agents may do",
}
# kubernetes.io/docs/concepts/overview/working-with-objects/namespaces, "initial namespaces".
SYSTEM_NAMESPACES = ("kube-system", "kube-public", "kube-node-lease")
POD_SECURITY = "pod-security.kubernetes.io/"
# What a pod can be given to reach beyond itself; a program may scale and restart pods, not arm them.
ARMING = {
    "hostPID": "reaches the node",
    "hostNetwork": "reaches the node",
    "hostIPC": "reaches the node",
    "privileged": "reaches the node",
    "hostPath": "reaches the node",
    "serviceAccountName": "gets another identity",
    "serviceAccount": "gets another identity",
    "automountServiceAccountToken": "gets credentials",
    "projected": "gets credentials",
    "nodeName": "evades the scheduler",
    "command": "runs a command of the program's choice",
    "args": "runs a command of the program's choice",
}


@dataclass(frozen=True)
class Prohibition:
    """Why an action is never done for a program."""

    topic: str
    reason: str

    def __str__(self) -> str:
        return f"{self.topic}: {self.reason}"


def prohibition(action: Action) -> Prohibition | None:
    """The first prohibition that an action breaks; None when it breaks none."""
    return next(_broken(action), None)


def _broken(action: Action) -> Iterator[Prohibition]:
    what = f"{action.kind}/{action.name}"
    if topic := KINDS.get(action.kind) or ("RBAC changes" if action.group == RBAC else ""):
        yield Prohibition(topic, f"{action.verb} of {what}")
    if action.verb == "delete" and action.kind in DELETIONS:
        yield Prohibition(DELETIONS[action.kind], f"delete of {what}")
    if action.namespace in SYSTEM_NAMESPACES and action.verb != "evict":  # a budget decides on an eviction
        yield Prohibition("system namespaces", f"{action.verb} of {what} in {action.namespace}")
    if action.kind in INDIRECT:
        yield Prohibition("an indirect route", f"{what}: {INDIRECT[action.kind]}")
    for group, why in INDIRECT_GROUPS.items():
        if action.group == group or action.group.endswith(f".{group}"):
            yield Prohibition("an indirect route", f"{what}: {why}")
    if action.kind in ("Pod", "Job", "CronJob") and not action.uid:
        yield Prohibition("an indirect route", f"a new {what} runs a command of the program's choice")
    for change in action.changes:
        yield from _field(action, change)


def _field(action: Action, change: FieldChange) -> Iterator[Prohibition]:
    steps = [str(step) for step in change.path]
    where = f"{action.kind}/{action.name}, {change.dotted}"
    if steps[:2] == ["metadata", "finalizers"] and change.before is not None:
        yield Prohibition(
            "an indirect route", f"{where}: without its finalizer the object is deleted unclean"
        )
    if not steps and isinstance(change.after, dict):
        yield from _new(action, change.after, where)
    if steps[:2] == ["metadata", "ownerReferences"]:
        yield Prohibition("an indirect route", f"{where}: the deletion of an owner deletes what it owns")
    if action.kind == "Namespace" and len(steps) > 2 and steps[2].startswith(POD_SECURITY):
        yield Prohibition("Pod Security changes", where)
    if "persistentVolumeClaimRetentionPolicy" in steps or "persistentVolumeReclaimPolicy" in steps:
        yield Prohibition("PV/PVC deletion", f"{where}: it decides whether volumes are deleted")
    if "securityContext" in steps:
        yield Prohibition("Pod Security changes", where)
    if action.verb == "delete" and change.after is None and _deletes_claims(change):
        yield Prohibition("PV/PVC deletion", f"{where}: its claims are deleted with it")
    if action.verb != "delete" and change.after not in (None, False):
        for name in _arming(steps, change.after):
            yield Prohibition("an indirect route", f"{where}: a pod with {name} {ARMING[name]}")


def _new(action: Action, item: dict[str, Any], where: str) -> Iterator[Prohibition]:
    """What of a new object would be prohibited as a change of one that is there."""
    metadata, spec = item.get("metadata") or {}, item.get("spec") or {}
    if metadata.get("ownerReferences"):
        yield Prohibition("an indirect route", f"{where}: the deletion of an owner deletes what it owns")
    levels = {
        key: level for key, level in (metadata.get("labels") or {}).items() if key.startswith(POD_SECURITY)
    }
    if action.kind == "Namespace" and "privileged" in levels.values():
        yield Prohibition("Pod Security changes", where)
    if "Delete" in (spec.get("persistentVolumeClaimRetentionPolicy") or {}).values():
        yield Prohibition("PV/PVC deletion", f"{where}: it decides whether volumes are deleted")


def _deletes_claims(change: FieldChange) -> bool:
    """Whether a StatefulSet that is deleted takes its claims along."""
    spec = change.before.get("spec") if isinstance(change.before, dict) else None
    policy = spec.get("persistentVolumeClaimRetentionPolicy") if isinstance(spec, dict) else None
    return isinstance(policy, dict) and policy.get("whenDeleted") == "Delete"


def _arming(steps: list[str], value: object) -> Iterator[str]:
    """The dangerous settings that a change makes: named in its path, or within a value that is added."""
    if not steps:  # the whole object is new
        value = value.get("spec") if isinstance(value, dict) else None
    elif "spec" not in steps:
        return
    named = [step for step in steps if step in ARMING]
    yield from named or _within(value)


def _within(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key in ARMING and item not in (None, False):
                yield key
            yield from _within(item)
    elif isinstance(value, list):
        for item in value:
            yield from _within(item)
