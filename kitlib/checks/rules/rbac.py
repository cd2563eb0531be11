"""Rights: roles that give too much, and bindings that give nothing."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from kitlib.checks.rule import Hit, rule
from kitlib.checks.selectors import near
from kitlib.checks.targets import KubeObject, mapping, sequence

_PRACTICE = "https://kubernetes.io/docs/concepts/security/rbac-good-practices/"
_RBAC = "https://kubernetes.io/docs/reference/access-authn-authz/rbac/"
_ROLES, _BINDINGS = ("Role", "ClusterRole"), ("RoleBinding", "ClusterRoleBinding")

_Rule = tuple[int, list[str], list[str], list[str]]


def _rules(item: KubeObject) -> Iterator[_Rule]:
    """The index, API groups, resources and verbs of each rule of a role; none for one that gathers others."""
    if item.kind in _ROLES and "aggregationRule" not in item.body:
        for index, entry in enumerate(map(mapping, sequence(item.get("rules")))):
            groups, resources, verbs = (
                [str(one) for one in sequence(entry.get(key))] for key in ("apiGroups", "resources", "verbs")
            )
            yield index, groups, resources, verbs


@rule(
    "object",
    "rbac-wildcard",
    "error",
    "A role gives everything",
    why="`*` means what exists and what will: Secrets, and the right to give rights, are among it.",
    source=f"{_PRACTICE}#least-privilege",
)
def rbac_wildcard(item: KubeObject) -> Iterator[Hit]:
    for index, groups, resources, verbs in _rules(item):
        for key, values in (("apiGroups", groups), ("resources", resources), ("verbs", verbs)):
            if "*" in values:
                fix = {"verbs": "verbs: [get, list, watch]", "resources": "resources: [pods]"}.get(
                    key, 'apiGroups: [""]'
                )
                yield Hit(
                    item.at("rules", index, key),
                    f"{key}: ['*'] in {item.name}",
                    "what is needed, by name",
                    fix,
                )


@rule(
    "object",
    "rbac-cluster-admin",
    "error",
    "Somebody is made administrator of the cluster",
    why="cluster-admin may do anything to anything; a workload that has it hands the cluster to whoever "
    "gets in.",
    source=f"{_PRACTICE}#least-privilege",
)
def rbac_cluster_admin(item: KubeObject) -> Iterator[Hit]:
    if item.kind in _BINDINGS and item.get("roleRef", "name") == "cluster-admin":
        who = ", ".join(
            f"{mapping(one).get('kind')} {mapping(one).get('name')}" for one in sequence(item.get("subjects"))
        )
        fix = "a Role with the verbs and resources it needs, and a RoleBinding to that"
        yield Hit(
            item.at("roleRef", "name"), f"cluster-admin for {who or 'nobody'}", "a role of its own", fix
        )


@rule(
    "object",
    "rbac-secrets",
    "warning",
    "A role reads all Secrets",
    why="list and watch return the contents too, whatever get allows; without resourceNames every Secret "
    "of the namespace, or of the cluster, is meant.",
    source=f"{_PRACTICE}#listing-secrets",
)
def rbac_secrets(item: KubeObject) -> Iterator[Hit]:
    for index, groups, resources, verbs in _rules(item):
        reads = sorted({"get", "list", "watch"} & set(verbs))
        named = sequence(item.get("rules", index, "resourceNames"))
        if "secrets" in resources and "" in groups and reads and not (named and reads == ["get"]):
            found = f"{', '.join(reads)} of secrets in {item.kind} {item.name}"
            where = item.at("rules", index, "resources")
            yield Hit(
                where, found, "get, with resourceNames", "verbs: [get], resourceNames: [the-one-it-needs]"
            )


@rule(
    "object",
    "rbac-escalate",
    "error",
    "A role can give itself more rights",
    why="escalate, bind and impersonate, and creating pods/exec or tokens, lead to any right that exists "
    "there.",
    source=f"{_PRACTICE}#escalate-verb",
)
def rbac_escalate(item: KubeObject) -> Iterator[Hit]:
    for index, _, resources, verbs in _rules(item):
        strong = sorted({"escalate", "bind", "impersonate"} & set(verbs))
        doors = sorted({"serviceaccounts/token", "nodes/proxy"} & set(resources))
        if strong:
            where = item.at("rules", index, "verbs")
            yield Hit(
                where,
                f"verbs {', '.join(strong)} in {item.name}",
                "without them",
                f"remove {', '.join(strong)}",
            )
        if doors and set(verbs) & {"create", "get", "update"}:
            where = item.at("rules", index, "resources")
            yield Hit(
                where,
                f"resources {', '.join(doors)} in {item.name}",
                "without them",
                f"remove {', '.join(doors)}",
            )


@rule(
    "object",
    "rbac-binding",
    "error",
    "A binding names a role or an account that is not there",
    why="The API server accepts it, and nobody gets a right.",
    source=f"{_RBAC}#rolebinding-and-clusterrolebinding",
)
def rbac_binding(item: KubeObject) -> Iterator[Hit]:
    if item.kind not in _BINDINGS:
        return
    ref = mapping(item.get("roleRef"))
    kind, name = str(ref.get("kind")), str(ref.get("name"))
    roles = [one.name for one in item.bundle.of(kind) if kind == "ClusterRole" or near(one, item)]
    others = [one.name for one in item.bundle.of(*_ROLES)]
    if name not in roles and (kind == "Role" or get_close_matches(name, roles, n=1, cutoff=0.85)) and others:
        close = get_close_matches(name, roles or others, n=1)
        fix = f"name: {close[0]}" if close else f"add a {kind} {name}"
        if close and close[0] not in roles:
            fix = f"kind: ClusterRole, name: {close[0]}"
        yield Hit(
            item.at("roleRef", "name"), f"{kind} {name}", f"one of {', '.join(sorted(roles or others))}", fix
        )
    accounts = list(item.bundle.of("ServiceAccount"))
    for index, subject in enumerate(map(mapping, sequence(item.get("subjects")))):
        if subject.get("kind") == "ServiceAccount" and subject.get("name") != "default":
            yield from _subject(item, index, str(subject.get("name")), subject.get("namespace"), accounts)


def _subject(
    item: KubeObject, index: int, name: str, namespace: object, accounts: list[KubeObject]
) -> Iterator[Hit]:
    here = [one for one in accounts if not namespace or one.namespace in ("", namespace)]
    if here and not any(one.name == name for one in here):
        close = get_close_matches(name, [one.name for one in here], n=1)
        fix = f"name: {close[0]}" if close else f"add a ServiceAccount {name}"
        expected = ", ".join(sorted(one.name for one in here))
        yield Hit(item.at("subjects", index, "name"), f"ServiceAccount {name}", f"one of {expected}", fix)
