"""What a run in the cluster may do: what its runbook declares; and whether its caller may grant that."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kitlib.cluster import Cluster
from kitlib.errors import NotFound, PrecheckFailed
from kitlib.runbooks.catalogue import Permission
from kitlib.runbooks.preflight import REVIEWS, Prepared

RBAC = "rbac.authorization.k8s.io"
Namespaced = Mapping[tuple[str, str], bool]


@dataclass(frozen=True)
class Grant:
    """What the ServiceAccount of a run may do.

    Args:
        namespaces: where it may do what is `namespaced`.
        namespaced: permissions on resources that live in a namespace.
        wide: permissions on resources of the whole cluster, such as nodes and namespaces, and in all
            namespaces where the notebook says so.
    """

    namespaces: tuple[str, ...]
    namespaced: tuple[Permission, ...]
    wide: tuple[Permission, ...]

    def objects(self, account: str, home: str, labels: Mapping[str, str]) -> list[dict[str, Any]]:
        """The ServiceAccount, and the Roles that say no more and no less than this.

        Args:
            account: the name of all of them.
            home: the namespace of the ServiceAccount.
            labels: of all of them.
        """
        made = [
            named("v1", "ServiceAccount", account, labels, home) | {"automountServiceAccountToken": False}
        ]
        for namespace in self.namespaces if self.namespaced else ():
            made += role("Role", account, home, labels, rules(self.namespaced), namespace)
        if self.wide:
            made += role("ClusterRole", account, home, labels, rules(self.wide))
        return made

    @property
    def places(self) -> list[str]:
        """Where it has a Role: namespaces, and an empty name for the whole cluster."""
        return [*(self.namespaces if self.namespaced else ()), *([""] if self.wide else [])]

    def lines(self) -> list[str]:
        """The same for a person, one permission a line."""
        where = f"in {', '.join(self.namespaces)}"
        found = [f"{_said(item)}  {where}" for item in self.namespaced]
        return [*found, *(f"{_said(item)}  in the whole cluster" for item in self.wide)]


@dataclass(frozen=True)
class Need:
    """One thing that somebody must be allowed to do; no namespace: on resources of the whole cluster."""

    verb: str
    group: str
    resource: str
    namespace: str = ""

    def __str__(self) -> str:
        named = f"{self.resource}.{self.group}" if self.group else self.resource
        return f"{self.verb} {named}" + (f" in {self.namespace}" if self.namespace else "")


@dataclass(frozen=True)
class Review:
    """What the API server said to one need of the caller."""

    need: Need
    allowed: bool


def grant(prepared: Prepared) -> Grant:
    """What a prepared run is to be granted: what the notebook declares, where its parameters say."""
    declared = prepared.runbook.declared.permissions
    known = _namespaced(prepared.cluster, {item.group for item in declared})
    return divide(declared, _namespaces(prepared), known)


def divide(declared: Iterable[Permission], namespaces: tuple[str, ...], known: Namespaced) -> Grant:
    """Permissions, divided by whether their resources live in a namespace.

    Args:
        declared: the permissions.
        namespaces: where the namespaced ones hold.
        known: for group and resource, whether it lives in a namespace; what the cluster does not have is
            taken to, which grants less.
    """
    found = [
        (item, not item.everywhere and known.get((item.group, item.resource.partition("/")[0]), True))
        for item in declared
    ]
    own = tuple(item for item, inside in found if inside)
    return Grant(namespaces, own, tuple(item for item, inside in found if not inside))


def rules(permissions: Iterable[Permission]) -> list[dict[str, Any]]:
    """The same as rules of a Role: one each."""
    return [
        {"apiGroups": [item.group], "resources": [item.resource], "verbs": list(item.verbs)}
        for item in permissions
    ]


def needs_of(granted: Grant) -> Iterator[Need]:
    """What whoever grants it must be allowed to do, since nobody can grant what he may not do himself.

    Source: kubernetes.io/docs/reference/access-authn-authz/rbac, "Privilege escalation prevention".
    """
    for namespace in granted.namespaces:
        for item in granted.namespaced:
            yield from (Need(verb, item.group, item.resource, namespace) for verb in item.verbs)
        if granted.namespaced:
            yield from _writes(RBAC, ("roles", "rolebindings"), namespace)
    for item in granted.wide:
        yield from (Need(verb, item.group, item.resource) for verb in item.verbs)
    if granted.wide:
        yield from _writes(RBAC, ("clusterroles", "clusterrolebindings"), "")


def needs_at_home(home: str, resources: Iterable[tuple[str, str]]) -> Iterator[Need]:
    """What kit itself does in its own namespace, with these (group, resource) pairs."""
    for group, resource in resources:
        yield from _writes(group, (resource,), home)


def review(cluster: Cluster, needs: Iterable[Need]) -> list[Review]:
    """Ask the API server, by SelfSubjectAccessReview, what the caller may do; each need once."""
    return [Review(need, _may(cluster, need)) for need in dict.fromkeys(needs)]


def refuse_missing(reviews: Iterable[Review], runbook: str) -> None:
    """Refuse before anything is made.

    Raises:
        PrecheckFailed: names all that the caller may not do.
    """
    missing = [str(found.need) for found in reviews if not found.allowed]
    if missing:
        raise PrecheckFailed(
            f"to run {runbook} in the cluster this user lacks: {'; '.join(missing)}",
            fix="ask for these permissions, or choose another --context",
        )


def _may(cluster: Cluster, need: Need) -> bool:
    resource, _, subresource = need.resource.partition("/")
    attributes = {"verb": need.verb, "group": need.group, "resource": resource, "subresource": subresource}
    attributes |= {"namespace": need.namespace} if need.namespace else {}
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    return bool(json.loads(cluster.api.raw("post", REVIEWS, body=body).data)["status"]["allowed"])


def _writes(group: str, resources: Iterable[str], namespace: str) -> Iterator[Need]:
    """What a server-side apply and a later deletion ask for."""
    for resource in resources:
        for verb in ("get", "create", "patch", "delete"):
            yield Need(verb, group, resource, namespace)


def _namespaces(prepared: Prepared) -> tuple[str, ...]:
    """The namespaces that the parameters name; none: the one that the run acts in."""
    values = [prepared.parameters[name] for name in prepared.runbook.parameters.naming("Namespace")]
    names = [name for value in values for name in ([value] if isinstance(value, str) else value or [])]
    return tuple(dict.fromkeys(names)) or (prepared.cluster.namespace,)


def _namespaced(cluster: Cluster, groups: Iterable[str]) -> dict[tuple[str, str], bool]:
    """What the server says of the resources of these groups: whether each lives in a namespace."""
    found: dict[tuple[str, str], bool] = {}
    for group in groups:
        for path in _versions(cluster, group):
            listed = json.loads(cluster.api.raw("get", path).data)["resources"]
            found |= {(group, item["name"]): bool(item["namespaced"]) for item in listed}
    return found


def _versions(cluster: Cluster, group: str) -> list[str]:
    if not group:
        return ["/api/v1"]
    try:
        known = json.loads(cluster.api.raw("get", f"/apis/{group}").data)["versions"]
    except NotFound:
        return []
    return [f"/apis/{item['groupVersion']}" for item in known]


def role(
    kind: str,
    account: str,
    home: str,
    labels: Mapping[str, str],
    rules: list[dict[str, Any]],
    namespace: str = "",
    name: str = "",
) -> list[dict[str, Any]]:
    """A Role or ClusterRole with these rules, and its binding to the ServiceAccount `account` of `home`.

    Both are called `name`; none: as the account.
    """
    name = name or account
    subject = {"kind": "ServiceAccount", "name": account, "namespace": home}
    reference = {"apiGroup": RBAC, "kind": kind, "name": name}
    made = named(f"{RBAC}/v1", kind, name, labels, namespace) | {"rules": rules}
    binding = named(f"{RBAC}/v1", f"{kind}Binding", name, labels, namespace)
    return [made, binding | {"roleRef": reference, "subjects": [subject]}]


def named(
    version: str, kind: str, name: str, labels: Mapping[str, str], namespace: str = ""
) -> dict[str, Any]:
    """The head of an object."""
    metadata: dict[str, Any] = {"name": name, "labels": dict(labels)}
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": metadata | ({"namespace": namespace} if namespace else {}),
    }


def _said(item: Permission) -> str:
    return str(Need(", ".join(item.verbs), item.group, item.resource))
