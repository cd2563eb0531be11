"""Pods that the API server does not let in: quotas, limits, Pod Security, webhooks, accounts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from kitlib.cluster.resource import Resource
from kitlib.diagnosis.cause import Cause, Scan, quote_all
from kitlib.diagnosis.evidence import Evidence
from kitlib.diagnosis.scan import event_time, ref, seconds_since
from kitlib.diagnosis.templates import container_path, pod_path
from kitlib.findings import Finding, Fix, Quote, Ref

_DOCS = "kubernetes.io/docs/reference/access-authn-authz/admission-controllers"
# The messages are those of the admission plugins, k8s.io/kubernetes/plugin/pkg/admission, Kubernetes 1.34.
_QUOTA = re.compile(r"exceeded quota: ([\w.-]+), requested: (.*?), used: (.*?), limited: (.*)")
_MUST = re.compile(r"failed quota: ([\w.-]+): must specify (.*)")
_LIMIT = re.compile(
    r"(maximum|minimum) (\w[\w./-]*) usage per (Container|Pod) is ([\w.]+), but (limit|request)s? is ([\w.]+)"
)
_SECURITY = re.compile(r'violates PodSecurity "([^"]+)": (.*)', re.DOTALL)
_ACCOUNT = re.compile(r'service ?account "?([\w.-]+)"? not found|serviceaccount "([\w.-]+)" not found')
_CALL = re.compile(r'failed calling webhook "([^"]+)": (.*)', re.DOTALL)
_DENIED = re.compile(
    r'admission webhook "([^"]+)" denied the request(?: without explanation)?:? ?(.*)', re.DOTALL
)
_POLICY = re.compile(
    r"ValidatingAdmissionPolicy '([^']+)' with binding '([^']+)' denied request: (.*)", re.DOTALL
)
_PRIORITY = re.compile(r"no PriorityClass with name ([\w.-]+) was found")
# What each of these faults is called; none lies in an earlier revision's reach.
RULES = frozenset(
    {
        "quota",
        "quota-needs-resources",
        "limit-range",
        "pod-security",
        "account-missing",
        "webhook-ca",
        "webhook-down",
        "webhook-denied",
        "policy-denied",
        "priority-class",
        "pods-refused",
    }
)
# An event older than this, with all pods there, tells of something that is over.
RECENT_SECONDS = 600


def refused(evidence: Evidence) -> list[Cause]:
    """What keeps a workload's pods from being created."""
    message, source = refusal(evidence)
    return [_cause(evidence.scan, evidence.workload, message, source)] if message else []


def refusal(evidence: Evidence) -> tuple[str, str]:
    """The server's words about a workload's newest pods, and where they stand; empty when it lets them in."""
    makers = [*evidence.replica_sets[:1], *evidence.scan.owned("Job", evidence.workload), evidence.workload]
    for maker in makers:
        for condition in maker.at("status.conditions", []):
            failed = condition["type"] == "ReplicaFailure" and condition["status"] == "True"
            if failed and condition.get("reason") == "FailedCreate":
                return str(condition.get("message", "")), f"condition ReplicaFailure of the {maker.kind}"
    for maker in makers if evidence.workload.kind != "Pod" else ():
        for event in reversed(evidence.events_of(maker, "FailedCreate")):
            if _short(maker) and seconds_since(evidence.at, event_time(event)) < RECENT_SECONDS:
                return str(event.get("message", "")), f"event FailedCreate of {maker.name}"
    return "", ""


def _short(maker: Resource) -> bool:
    """Whether it has fewer pods than it should have."""
    match maker.kind:
        case "DaemonSet":
            return bool(
                maker.at("status.currentNumberScheduled", 0) < maker.at("status.desiredNumberScheduled", 0)
            )
        case "Job":
            return not any(maker.at(f"status.{key}", 0) for key in ("active", "succeeded", "ready"))
    return bool(maker.at("status.replicas", 0) < maker.at("spec.replicas", 1))


def _cause(scan: Scan, workload: Resource, message: str, source: str) -> Cause:
    text = message.rpartition("is forbidden: ")[2] or message
    texts = quote_all([(message, source)])
    for pattern, explain in (
        (_QUOTA, _quota),
        (_MUST, _must),
        (_LIMIT, _limit),
        (_SECURITY, _security),
        (_ACCOUNT, _account),
        (_CALL, _webhook),
        (_DENIED, _denied),
        (_POLICY, _policy),
        (_PRIORITY, _priority),
    ):
        if found := pattern.search(message):
            rule, title, where, field, has, wants = explain(scan, workload, found)
            finding = _finding(rule, title, where, field, has, wants, workload, texts)
            return Cause(finding, affects=tuple(dict.fromkeys((ref(workload), where))))
    path = pod_path(workload)
    title = "the API server refuses the workload's pods"
    finding = _finding(
        "pods-refused", title, ref(workload), path, text, "pods that it lets in", workload, texts
    )
    return Cause(finding, affects=(ref(workload),))


Explained = tuple[str, str, Ref, str, str, str]  # rule, title, object, field, found, expected


def _quota(scan: Scan, workload: Resource, found: re.Match[str]) -> Explained:
    name, requested, used, limited = found.groups()
    resource = requested.split(",")[0].partition("=")[0].strip()
    title = f"ResourceQuota {name} has no room for the pods of {workload.name}: {resource}"
    where = Ref("ResourceQuota", name, workload.namespace)
    expected = f"room for {requested} more, or a workload that asks for less"
    return "quota", title, where, f"spec.hard.{resource}", f"used {used} of {limited}", expected


def _must(scan: Scan, workload: Resource, found: re.Match[str]) -> Explained:
    name, needed = found.groups()
    first = re.split(r"[ ,;]", needed)[0]
    kind, _, resource = first.partition(".")
    kind, resource = (kind, resource) if resource else ("requests", first)
    containers = re.search(r"for: ([\w-]+)", needed)
    path = (
        container_path(workload, containers[1], f"resources.{kind}.{resource}")
        if containers
        else pod_path(workload)
    )
    title = f"ResourceQuota {name} asks each container to say {needed}"
    return "quota-needs-resources", title, ref(workload), path, "not set", f"{first}, as the quota counts it"


def _limit(scan: Scan, workload: Resource, found: re.Match[str]) -> Explained:
    bound, resource, per, allowed, kind, has = found.groups()
    ranges = scan.of("LimitRange", workload.namespace)
    name = ranges[0].name if ranges else "of the namespace"
    title = f"LimitRange {name} allows a {per.lower()} {bound} {resource} of {allowed}"
    names = [c["name"] for c in (_spec(workload).get("containers") or [{"name": ""}])]
    path = container_path(workload, names[0], f"resources.{kind}s.{resource}")
    return (
        "limit-range",
        title,
        ref(workload),
        path,
        has,
        f"at {'most' if bound == 'maximum' else 'least'} {allowed}",
    )


def _security(scan: Scan, workload: Resource, found: re.Match[str]) -> Explained:
    level, violations = found.groups()
    title = f"Pod Security {level} does not let in the pods of {workload.name}"
    settings = re.findall(r"securityContext\.([\w.]+)|(host\w+)=true", violations)
    first = next((a or b for a, b in settings), "")
    field = (
        f"{pod_path(workload)}.securityContext"
        if not first
        else f"{pod_path(workload)}.*.securityContext.{first}"
    )
    named = re.search(r'container "([\w-]+)" must set|containers "([\w-]+)"', violations)
    if named and first:
        field = container_path(workload, named[1] or named[2], f"securityContext.{first}")
    return "pod-security", title, ref(workload), field, violations.strip()[:300], f"what {level} asks for"


def _account(scan: Scan, workload: Resource, found: re.Match[str]) -> Explained:
    name = (found[1] or found[2] or "").rpartition("/")[2]
    names = [item.name for item in scan.of("ServiceAccount", workload.namespace)]
    near = get_close_matches(name, names, n=1)
    title = f"ServiceAccount {name} does not exist"
    expected = near[0] if near else "a ServiceAccount of that name"
    return "account-missing", title, ref(workload), f"{pod_path(workload)}.serviceAccountName", name, expected


def _webhook(scan: Scan, workload: Resource, found: re.Match[str]) -> Explained:
    name, why = found.groups()
    where = webhook_configuration(scan, name, why)
    if re.search(r"x509|certificate", why):
        title = f"the API server does not trust webhook {name}"
        return (
            "webhook-ca",
            title,
            where,
            "webhooks[].clientConfig.caBundle",
            why[-200:],
            "the CA that signed its certificate",
        )
    title = f"webhook {name} has to be asked about each pod, and does not answer"
    expected = "a Service with ready pods behind it, or failurePolicy: Ignore"
    return "webhook-down", title, where, "webhooks[].clientConfig.service", why[-200:], expected


def _denied(scan: Scan, workload: Resource, found: re.Match[str]) -> Explained:
    title = f"webhook {found[1]} does not let in the pods of {workload.name}"
    return (
        "webhook-denied",
        title,
        ref(workload),
        pod_path(workload),
        found[2][:300] or "no reason given",
        "what the webhook asks for",
    )


def _policy(scan: Scan, workload: Resource, found: re.Match[str]) -> Explained:
    name, binding, why = found.groups()
    title = f"admission policy {name} (binding {binding}) does not let in the pods of {workload.name}"
    where = Ref("ValidatingAdmissionPolicy", name)
    return "policy-denied", title, where, "spec.validations", why[:300], "pods that meet its validations"


def _priority(scan: Scan, workload: Resource, found: re.Match[str]) -> Explained:
    near = get_close_matches(found[1], [item.name for item in scan.of("PriorityClass")], n=1)
    expected = near[0] if near else "a PriorityClass that exists"
    title = f"PriorityClass {found[1]} does not exist"
    return (
        "priority-class",
        title,
        ref(workload),
        f"{pod_path(workload)}.priorityClassName",
        found[1],
        expected,
    )


def webhook_configuration(scan: Scan, webhook: str, said: str = "") -> Ref:
    """The configuration that a webhook is in; of several that use its name, the one whose address is said."""
    named = [
        (item, hook)
        for kind in ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration")
        for item in scan.of(kind)
        for hook in item.get("webhooks") or ()
        if hook.get("name") == webhook
    ]
    called = [item for item, hook in named if _address(hook) in said]
    for item in (*called, *(item for item, _ in named)):
        return ref(item)
    return Ref("ValidatingWebhookConfiguration", webhook)


def _address(hook: Mapping[str, Any]) -> str:
    """Where the API server calls a webhook, as it stands in its message."""
    client = hook.get("clientConfig") or {}
    service = client.get("service")
    return f"//{service['name']}.{service['namespace']}.svc:" if service else str(client.get("url"))


def _finding(
    rule: str,
    title: str,
    where: Ref,
    field: str,
    found: str,
    expected: str,
    workload: Resource,
    evidence: tuple[Quote, ...],
) -> Finding:
    return Finding(
        "error",
        rule,
        title,
        where,
        found=found,
        expected=expected,
        why=f"admission judges each pod, after the workload itself was accepted ({_DOCS})",
        fix=Fix(f"change {field} of {where}", command=f"kubectl describe {_kubectl(where)}"),
        evidence=evidence,
        field=field,
    )


def _kubectl(where: Ref) -> str:
    return f"{f'-n {where.namespace} ' if where.namespace else ''}{where.kind.lower()}/{where.name}"


def _spec(workload: Resource) -> dict[str, list[dict[str, str]]]:
    return dict(workload.at("spec.template.spec", {}))
