"""Who is forbidden what: the refusal in a log, held against roles and bindings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kitlib.cluster.resource import Resource
from kitlib.diagnosis.cause import Cause, Scan, Strength
from kitlib.diagnosis.logs import Said, understand
from kitlib.diagnosis.scan import Log, ref
from kitlib.findings import Finding, Fix, Quote, Ref

_DOCS = "kubernetes.io/docs/reference/access-authn-authz/rbac"
_PREFIX = "system:serviceaccount:"


def forbidden(scan: Scan) -> Iterator[Cause]:
    """Requests of workloads that the API server refused."""
    for workload in scan.workloads():
        names = {pod.name for pod in scan.pods_of(workload)}
        for log in scan.logs:
            if log.namespace == workload.namespace and log.pod in names:
                for said in understand(log.text):
                    if said.kind == "forbidden" and said.verb and said.resource:
                        yield _cause(scan, workload, said, log)
                        break
                else:
                    continue
                break


def _cause(scan: Scan, workload: Resource, said: Said, log: Log) -> Cause:
    namespace, account = _account(said, workload)
    where, field, found, expected = _gap(scan, said, namespace, account)
    finding = Finding(
        "error",
        "forbidden",
        f"ServiceAccount {account} may not {said.verb} {said.resource}",
        where,
        found=found,
        expected=expected,
        why=f"what no role that is bound to the account allows is forbidden ({_DOCS})",
        fix=Fix(
            f"let {where} say: {expected}",
            command=f"kubectl auth can-i {said.verb} {said.resource} -n {said.namespace or namespace} "
            f"--as={_PREFIX}{namespace}:{account}",
        ),
        evidence=(Quote(said.text, log.source),),
        field=field,
    )
    return Cause(finding, affects=(ref(workload),), strength=Strength.SHOWN)


def _gap(scan: Scan, said: Said, namespace: str, account: str) -> tuple[Ref, str, str, str]:
    """(object, field, found, expected): the role without the verb, the binding of another, or no binding."""
    asked = said.namespace or namespace
    bindings = [*scan.of("RoleBinding", asked), *scan.of("ClusterRoleBinding")]
    bound = [b for b in bindings if _names(b, namespace, account)]
    for binding in bound:
        role = _role(scan, binding)
        if role is None:
            name = binding.at("roleRef.name", "")
            return ref(binding), "roleRef.name", name, "a role that exists"
        rule = _about(role, said)
        if rule is not None:
            verbs = ", ".join(rule.get("verbs") or ())
            return ref(role), "rules[].verbs", verbs, f"{verbs}, {said.verb}"
    for binding in bindings:  # a role that would do, bound to somebody else
        role = _role(scan, binding)
        if role is not None and binding.namespace == asked and _allows(role, said):
            subjects = ", ".join(f"{s.get('kind')} {s.get('name')}" for s in binding.get("subjects") or ())
            return ref(binding), "subjects", subjects or "nobody", f"ServiceAccount {account}"
    if bound and (role := _role(scan, bound[0])) is not None:
        return ref(role), "rules", "no rule about it", f"{said.verb} {said.resource}"
    found = "no binding names it"
    return (
        Ref("ServiceAccount", account, namespace),
        "",
        found,
        f"a role with {said.verb} {said.resource}, bound to it",
    )


def _account(said: Said, workload: Resource) -> tuple[str, str]:
    subject = said.subject.removeprefix(_PREFIX)
    if subject != said.subject and ":" in subject:
        namespace, _, account = subject.partition(":")
        return namespace, account
    spec: dict[str, Any] = workload.at("spec.template.spec", workload.at("spec", {}))
    return workload.namespace, str(spec.get("serviceAccountName") or "default")


def _names(binding: Resource, namespace: str, account: str) -> bool:
    groups = {"system:authenticated", "system:serviceaccounts", f"system:serviceaccounts:{namespace}"}
    for subject in binding.get("subjects") or ():
        match subject.get("kind"):
            case "ServiceAccount":
                place = subject.get("namespace") or binding.namespace
                if (subject.get("name"), place) == (account, namespace):
                    return True
            case "Group" if subject.get("name") in groups and not binding.name.startswith("system:"):
                return True
    return False


def _role(scan: Scan, binding: Resource) -> Resource | None:
    kind, name = binding.at("roleRef.kind", ""), binding.at("roleRef.name", "")
    return scan.find(kind, name, binding.namespace if kind == "Role" else "")


def _about(role: Resource, said: Said) -> dict[str, Any] | None:
    """The rule about the resource that lacks the verb."""
    for rule in role.get("rules") or ():
        if _is_resource(rule, said) and not ({said.verb, "*"} & set(rule.get("verbs") or ())):
            return dict(rule)
    return None


def _allows(role: Resource, said: Said) -> bool:
    rules = role.get("rules") or ()
    return any(_is_resource(r, said) and {said.verb, "*"} & set(r.get("verbs") or ()) for r in rules)


def _is_resource(rule: dict[str, Any], said: Said) -> bool:
    groups, resources = rule.get("apiGroups") or (), rule.get("resources") or ()
    return bool({said.resource, "*"} & set(resources)) and bool({said.group, "*"} & set(groups))
