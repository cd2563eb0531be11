"""What a request is: read, write, prohibited or unknown, and why.

What is prohibited is said by kitlib.policy.rules alone, from the actions that a request comes to; so this and
the gate agree. With a reader, objects are looked at as they are; without one, those that a request changes
are taken to exist, and those of a manifest to be new. The gate decides once more, on the server's dry run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from kitlib.asking import reads, writes
from kitlib.asking.made import Request
from kitlib.asking.refusal import Refusal
from kitlib.asking.request import CLUSTER_WIDE
from kitlib.cluster import manifests
from kitlib.cluster.kinds import KINDS
from kitlib.errors import UsageError
from kitlib.policy.action import RESTARTED, Action, Actor, FieldChange, Verb, changes, version_of
from kitlib.policy.gate import Body, Reader
from kitlib.policy.rules import prohibition

Class = Literal["read", "write", "prohibited", "unknown"]
GRAVITY: tuple[Class, ...] = ("read", "write", "unknown", "prohibited")
MODEL = Actor("model", "kit ask")
_THERE = "?"  # the uid of an object that nobody looked at, and that is taken to exist
_TEMPLATE = ("spec", "template", "spec", "containers")


@dataclass(frozen=True)
class Classification:
    """What a request is, and why."""

    kind: Class
    reason: str


def classify(
    requests: Sequence[Request] | Refusal, reader: Reader | None = None, namespace: str = "default"
) -> Classification:
    """The gravest class of some requests; what was refused is unknown, and unknown means no.

    Args:
        requests: what a text came to.
        reader: where objects are looked at; none: nowhere.
        namespace: where requests act that name no namespace.
    """
    if isinstance(requests, Refusal):
        return Classification("unknown", requests.reason)
    if not requests:
        return Classification("unknown", "it asks for nothing")
    found = [_one(request, reader, namespace) for request in requests]
    return max(found, key=lambda item: GRAVITY.index(item.kind))


def actions(request: Request, reader: Reader | None, namespace: str) -> Iterator[Action]:
    """The changes that a request comes to, each as far as it can be told before a dry run.

    Raises:
        UsageError: a manifest can't be read.
    """
    where = request.within(namespace)
    match request:
        case writes.Scale():
            change = FieldChange(("spec", "replicas"), None, request.replicas)
            yield _action("scale", request.kind, request.name or "*", where, change)
        case writes.Restart():
            change = FieldChange(("spec", "template", "metadata", "annotations", RESTARTED), None, "now")
            for kind in request.kinds:
                yield _action("restart", kind, request.name or "*", where, change)
        case writes.Rollback():
            yield _action("patch", request.kind, request.name or "*", where)
        case writes.Delete():
            for name in request.names:
                yield _deletion(request.kind, name, where, reader)
        case writes.SetImage():
            change = FieldChange((*_TEMPLATE, request.container, "image"), None, request.image)
            yield _action("patch", request.kind, request.name, where, change)
        case writes.SetResources():
            change = FieldChange((*_TEMPLATE, request.container, "resources"), None, dict(request.limits))
            yield _action("patch", request.kind, request.name, where, change)
        case writes.Mark():
            path = ("metadata", "labels" if request.sort == "label" else "annotations", request.key)
            yield _action("patch", request.kind, request.name, where, FieldChange(path, None, request.value))
        case writes.Cordon():
            change = FieldChange(("spec", "unschedulable"), None, request.cordoned)
            yield _action("patch", "Node", request.name, "", change)
        case writes.Patch():
            change = FieldChange(("spec", request.field), None, request.value)
            yield _action("patch", request.kind, request.name, where, change)
        case writes.Apply():
            for item in manifests.read(Path(request.path)):
                yield _application(item, where, reader)


def _one(request: Request, reader: Reader | None, namespace: str) -> Classification:
    if not request.changes:
        return _reading(request)
    try:
        for action in actions(request, reader, namespace):
            if broken := prohibition(action):
                return Classification("prohibited", str(broken))
    except UsageError as error:
        return Classification("unknown", error.message)
    except OSError as error:
        return Classification("unknown", f"the file can't be read: {error.strerror}")
    return Classification("write", request.explanation())


def _reading(request: Request) -> Classification:
    if isinstance(request, reads.Get) and "Secret" in request.kinds and request.output in ("yaml", "json"):
        reason = "Secret values: they are never shown; without -o, kit shows names and keys"
        return Classification("prohibited", reason)
    return Classification("read", request.explanation())


def _action(verb: Verb, kind: str, name: str, namespace: str, *changed: FieldChange) -> Action:
    where = "" if kind in CLUSTER_WIDE else namespace
    return Action(verb, KINDS[kind][0], kind, where, name, MODEL, uid=_THERE, changes=changed)


def _deletion(kind: str, name: str, namespace: str, reader: Reader | None) -> Action:
    """A deletion, with the object as it is: what it takes along may be prohibited."""
    before = reader.find(kind, name, namespace=namespace) if reader else None
    return _action("delete", kind, name, namespace, *(changes(before, None) if before else ()))


def _application(item: Mapping[str, Any], namespace: str, reader: Reader | None) -> Action:
    kind, name = str(item["kind"]), str(item["metadata"]["name"])
    where = "" if kind in CLUSTER_WIDE else str(item["metadata"].get("namespace") or namespace)
    before = reader.find(kind, name, namespace=where or None) if reader and kind in KINDS else None
    changed = changes(before, _merged(before, item))
    return Action(
        "apply", str(item["apiVersion"]), kind, where, name, MODEL, "", version_of(before)[0], changes=changed
    )


def _merged(before: Body | None, item: Mapping[str, Any]) -> Body:
    """About what an object is once a manifest was applied to it."""
    return dict(item) if before is None else _merge(before, item)


def _merge(old: Any, new: Any) -> Any:
    """Mappings by their keys, lists of named things by their names; anything else is replaced."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return {**old, **{key: _merge(old.get(key), value) for key, value in new.items()}}
    if (
        isinstance(old, list)
        and isinstance(new, list)
        and all(isinstance(i, dict) and "name" in i for i in new)
    ):
        known = {item.get("name"): item for item in old}
        return [_merge(known.get(item["name"]), item) for item in new]
    return new
