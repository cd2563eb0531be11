"""What Cluster's changing verbs send: mutations, which the policy gate decides on before they go out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from kitlib import policy
from kitlib.cluster.api import FIELD_MANAGER
from kitlib.cluster.kinds import resolve_kind
from kitlib.errors import Invalid, NotFound

if TYPE_CHECKING:
    from kitlib.cluster.cluster import Cluster

PatchType = Literal["merge", "strategic", "json"]
PatchBody = Mapping[str, Any] | Sequence[Mapping[str, Any]]
_CONTENT = {
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "json": "application/json-patch+json",
}


def carry_out(
    cluster: Cluster, mutations: Sequence[policy.Mutation], dry_run: bool
) -> list[Mapping[str, Any]]:
    """Send mutations through the gate of whoever acts; a dry run changes nothing and passes by it."""
    if dry_run:
        return [mutation.send(True) for mutation in mutations]
    return policy.current().carry_out(mutations, cluster)


def applying(
    cluster: Cluster, item: dict[str, Any], namespace: str | None, force: bool, warnings: list[str]
) -> policy.Mutation:
    """The server-side apply of one object; what the server advises is added to `warnings`."""
    name = str(item["metadata"]["name"])
    where = item["metadata"].get("namespace") or namespace or cluster.namespace

    def send(dry_run: bool) -> dict[str, Any]:
        answer, said = cluster.api.verb(
            "server_side_apply",
            item["kind"],
            api_version=item["apiVersion"],
            body=item,
            name=name,
            namespace=where,
            force_conflicts=force or None,
            **_options(dry_run),
        )
        warnings.extend(f"{item['kind']}/{name}: {text}" for text in said)
        return answer

    return _mutation(cluster, "apply", item["kind"], name, where, send, item, item["apiVersion"], item)


def patching(
    cluster: Cluster,
    verb: policy.Verb,
    kind: str,
    name: str,
    change: PatchBody,
    namespace: str | None,
    type: PatchType,
) -> policy.Mutation:
    """A patch of one object, under the verb that it stands for.

    Raises:
        Invalid: the change has not the shape of its type.
    """
    if isinstance(change, Mapping) == (type == "json"):
        raise Invalid(f"a {type} patch is a {'list of operations' if type == 'json' else 'mapping'}")
    where = namespace or cluster.namespace
    content = _CONTENT[type]

    def send(dry_run: bool) -> dict[str, Any]:
        how: dict[str, Any] = {"body": change, "content_type": content, **_options(dry_run)}
        return cluster.api.verb("patch", kind, name=name, namespace=where, **how)[0]

    return _mutation(cluster, verb, kind, name, where, send, change)


def replacing(cluster: Cluster, body: dict[str, Any]) -> policy.Mutation:
    """The replacement of one object."""
    kind, version, name = body["kind"], body["apiVersion"], str(body["metadata"]["name"])
    where = body["metadata"].get("namespace") or cluster.namespace

    def send(dry_run: bool) -> dict[str, Any]:
        how = {"body": body, **_options(dry_run)}
        return cluster.api.verb("replace", kind, api_version=version, name=name, namespace=where, **how)[0]

    return _mutation(cluster, "replace", kind, name, where, send, body, version)


def deleting(cluster: Cluster, kind: str, name: str, namespace: str) -> policy.Mutation:
    """The deletion of one object and, in the background, of what it owns."""

    def send(dry_run: bool) -> dict[str, Any]:
        how = {"propagation_policy": "Background", **({"dry_run": "All"} if dry_run else {})}
        return cluster.api.verb("delete", kind, name=name, namespace=namespace, **how)[0]

    return _mutation(cluster, "delete", kind, name, namespace, send, None)


def evicting(cluster: Cluster, pod: str, namespace: str) -> policy.Mutation:
    """The eviction of a pod, which its PodDisruptionBudget may refuse: kubernetes.io/docs/concepts/
    scheduling-eviction/api-eviction."""
    path = f"/api/v1/namespaces/{namespace}/pods/{pod}/eviction"
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": namespace}}

    def send(dry_run: bool) -> dict[str, Any]:
        query = {"dryRun": "All"} if dry_run else None
        answer: dict[str, Any] = json.loads(cluster.api.raw("post", path, query=query, body=body).data)
        return answer

    return _mutation(cluster, "evict", "Pod", pod, namespace, send, None)


def _mutation(
    cluster: Cluster,
    verb: policy.Verb,
    kind: str,
    name: str,
    namespace: str,
    send: Callable[[bool], dict[str, Any]],
    body: Any,
    api_version: str | None = None,
    wanted: dict[str, Any] | None = None,
) -> policy.Mutation:
    canonical, version = resolve_kind(kind)

    def fetch() -> Mapping[str, Any] | None:
        try:
            return cluster.get(kind, name, namespace=namespace, api_version=api_version)
        except NotFound:
            return None

    try:
        where = namespace if cluster.api.namespaced(kind, api_version) else ""
    except NotFound:  # its definition is applied together with it, just before
        where = namespace
    return policy.Mutation(
        verb, api_version or version or "", canonical, where, name, fetch, send, body, wanted
    )


def _options(dry_run: bool) -> dict[str, Any]:
    """Unknown fields are refused. Made anew for each request: the client adds to the list it is given."""
    options = {"query_params": [("fieldValidation", "Strict")], "field_manager": FIELD_MANAGER}
    return options | ({"dry_run": "All"} if dry_run else {})
