"""Configuration that a container needs in order to start."""

from __future__ import annotations

from difflib import get_close_matches

from kitlib.cluster.resource import pod_ready
from kitlib.diagnosis.environment import Reference, references
from kitlib.diagnosis.evidence import Evidence
from kitlib.diagnosis.templates import container, container_path, pod_path
from kitlib.findings import Finding, Fix, Quote, quotes

_SOURCE = "kubernetes.io/docs/concepts/configuration/configmap"
_MISSING = ("not found", "couldn't find key", "references non-existent")


def missing_configuration(evidence: Evidence) -> list[Finding]:
    """A ConfigMap, a Secret or a key in one is not there, and pods wait for it."""
    if not any(not pod_ready(pod) for pod in evidence.pods):
        return []  # what runs already has what it needs
    needed = [ref for ref in references(evidence.template) if not ref.optional]
    missing = {(ref.kind, ref.name): ref for ref in needed if (ref.kind, ref.name) not in evidence.objects}
    found = [_object_finding(evidence, ref) for ref in missing.values()]
    absent = {(ref.kind, ref.name, ref.key): ref for ref in needed if _key_absent(evidence, ref)}
    return found + [_key_finding(evidence, ref) for ref in absent.values()]


def refused_container(evidence: Evidence) -> list[Finding]:
    """The kubelet will not create the container, for another reason than a missing object."""
    found = {}
    for item in evidence.statuses:
        waiting = item.state("waiting")
        message = waiting.get("message", "")
        if waiting.get("reason") == "CreateContainerConfigError" and not any(t in message for t in _MISSING):
            found[item.name] = Finding(
                "error",
                "container-config",
                f"container {item.name} can't be created as it is configured",
                evidence.ref,
                found=message or "no message",
                expected="a configuration that the node accepts",
                why="the kubelet checks a container's security context and paths before it starts it",
                evidence=(Quote(message, item.source),),
                field=container_path(evidence.workload, item.name, _security_field(message)),
            )
    return list(found.values())


def _security_field(message: str) -> str:
    """Which setting the kubelet means: k8s.io/kubernetes/pkg/kubelet/kuberuntime/security_context.go."""
    if "non-numeric user" in message or "runAsUser breaks" in message or "root" in message:
        return "securityContext.runAsUser" if "runAsUser" in message else "securityContext.runAsNonRoot"
    return "securityContext" if "security" in message.lower() else ""


def _key_absent(evidence: Evidence, ref: Reference) -> bool:
    item = evidence.objects.get((ref.kind, ref.name))
    if item is None or not ref.key:
        return False
    return ref.key not in (item.get("data") or {}) and ref.key not in (item.get("binaryData") or {})


def _object_finding(evidence: Evidence, ref: Reference) -> Finding:
    near = get_close_matches(ref.name, evidence.names.get(ref.kind, []), n=1)
    workload = evidence.ref
    return Finding(
        "error",
        "configuration-missing",
        f"{ref.kind} {ref.name} does not exist",
        evidence.ref,
        found=f"{ref.kind} {ref.name}",
        expected=f"{ref.kind} {near[0]}" if near else f"a {ref.kind} of that name",
        why=f"a container starts only when what it refers to exists, unless marked optional ({_SOURCE})",
        fix=Fix(
            f"refer to {near[0]}, or create {ref.name}" if near else f"create the {ref.kind}",
            command=f"kubectl -n {workload.namespace} edit {workload.kind.lower()}/{workload.name}",
        ),
        evidence=_quotes(evidence, ref.name),
        field=_field(evidence, ref),
    )


def _key_finding(evidence: Evidence, ref: Reference) -> Finding:
    keys = sorted((evidence.objects[ref.kind, ref.name].get("data") or {}).keys())
    near = get_close_matches(ref.key, keys, n=1)
    return Finding(
        "error",
        "key-missing",
        f"{ref.kind} {ref.name} has no key {ref.key}",
        evidence.ref,
        found=f"key {ref.key}",
        expected=f"key {near[0]}" if near else f"one of {', '.join(keys) or 'no keys at all'}",
        why=f"a variable taken from a key needs that key, unless marked optional ({_SOURCE})",
        fix=Fix(f"refer to key {near[0]}" if near else f"add the key to the {ref.kind}"),
        evidence=_quotes(evidence, ref.key),
        field=_field(evidence, ref),
    )


def _field(evidence: Evidence, ref: Reference) -> str:
    """Where the template refers to it."""
    name = {"ConfigMap": "configMap", "Secret": "secret"}[ref.kind]
    if not ref.container:
        return f"{pod_path(evidence.workload)}.volumes[].{name}"
    spec = container(evidence.workload, ref.container)
    for entry in spec.get("env") or ():
        source = (entry.get("valueFrom") or {}).get(f"{name}KeyRef") or {}
        if (source.get("name"), source.get("key")) == (ref.name, ref.key):
            where = f"env[{entry['name']}].valueFrom.{name}KeyRef"
            return container_path(evidence.workload, ref.container, where)
    return container_path(evidence.workload, ref.container, f"envFrom[].{name}Ref")


def _quotes(evidence: Evidence, name: str) -> tuple[Quote, ...]:
    texts = [(item.state("waiting").get("message", ""), item.source) for item in evidence.statuses]
    texts += [
        (e.get("message", ""), f"event {e.get('reason')} of {e.at('involvedObject.name')}")
        for e in evidence.events
        if e.get("reason") in ("Failed", "FailedMount")
    ]
    return quotes([(text, source) for text, source in texts if name in text])[:2]
