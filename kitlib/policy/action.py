"""An action: one change of one object, as data; what a gate decides on and an audit records."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from kitlib.redaction import redact_tree
from kitlib.settings import get_settings

Verb = Literal["create", "apply", "patch", "scale", "restart", "delete", "evict", "replace"]
# What the server keeps for itself, and what changes by itself: no part of what somebody asked for.
_SERVERS_OWN = ("managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink")
_REVISION = "deployment.kubernetes.io/revision"
LONGEST, MOST_LINES = 300, 80  # of a value that is shown, characters and lines
RESTARTED = "kubectl.kubernetes.io/restartedAt"


@dataclass(frozen=True)
class Actor:
    """Who or what asks for a change.

    Args:
        kind: `person`: somebody types Python or a kit command; `runbook`: a runbook's kernel; `agent`: a
            program that decides by itself; `model`: a language model's proposal.
        name: such as the runbook's name and run.
    """

    kind: Literal["person", "runbook", "agent", "model"]
    name: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.name}".strip()


@dataclass(frozen=True)
class FieldChange:
    """One field: its path, and its value before and after; None where there is none."""

    path: tuple[str | int, ...]
    before: Any
    after: Any

    @property
    def dotted(self) -> str:
        """The path for a person: spec.template.spec.containers[0].image."""
        text = ""
        for step in self.path:
            text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
        return text


@dataclass(frozen=True)
class Action:
    """One change of one object.

    Args:
        verb: what is done.
        api_version, kind, namespace, name: to which object.
        changes: which fields; a Secret's values are keyed digests here, never the values.
        actor: who asks.
        server: the API server.
        uid: the object's id; empty when it does not exist yet.
        version: the state it was seen in: its generation, or its resourceVersion where it has none. A pod
            that restarts meanwhile changes neither a workload's generation nor what was approved.
        pods: how many pods it may end or start.
        validated: whether the server has checked it by a dry run.
        asked: a keyed digest of what is sent, which stays the same whatever state the object is in.
    """

    verb: Verb
    api_version: str
    kind: str
    namespace: str
    name: str
    actor: Actor
    server: str = ""
    uid: str = ""
    version: str = ""
    changes: tuple[FieldChange, ...] = field(default=(), repr=False)
    pods: int = 0
    validated: bool = True
    asked: str = ""

    def __str__(self) -> str:
        return f"{self.verb} {self.kind}/{self.name}" + (f" -n {self.namespace}" if self.namespace else "")

    @property
    def group(self) -> str:
        """The API group; empty for the core one."""
        return self.api_version.rpartition("/")[0]

    @property
    def hash(self) -> str:
        """Names exactly this change of the object in exactly this state, on this server.

        Of an object that is made, what is asked: the server adds values that differ each time.
        """
        if not self.uid and self.asked:
            return digest(*self._where, self.asked)
        return digest(self.intent, self.uid, self.version)

    @property
    def intent(self) -> str:
        """Names the fields that are set, of which object and to which values, whatever state it is in."""
        fields = [[list(change.path), change.before, change.after] for change in self.changes]
        return digest(*self._where, fields)

    @property
    def _where(self) -> list[str]:
        return [self.server, self.verb, self.api_version, self.kind, self.namespace, self.name]

    def diff(self) -> list[str]:
        """The changes for a person, line by line; nothing secret is in them."""
        lines: list[str] = []
        for change in self.changes:
            lines += _told("-", change.dotted, change.before) if change.before is not None else []
            lines += _told("+", change.dotted, change.after) if change.after is not None else []
        return [str(line) for line in redact_tree(lines)]

    def as_dict(self) -> dict[str, Any]:
        """What may be written down."""
        names = ("verb", "api_version", "kind", "namespace", "name", "server", "uid", "version", "pods")
        shown = {key: getattr(self, key) for key in (*names, "hash", "intent")}
        return shown | {"actor": str(self.actor), "diff": self.diff()}


def changes(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> tuple[FieldChange, ...]:
    """The fields in which an object differs, without the server's own and without status.

    Args:
        before: the object as it is; none: it is to be made.
        after: the object as it would be; none: it is to be deleted.
    """
    pair = (_comparable(before), _comparable(after))
    return tuple(sorted(_differences((), *pair), key=lambda change: [str(step) for step in change.path]))


def affected_pods(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> int:
    """How many pods a change of a workload may end or start: its blast radius."""
    kind = str((after or before or {}).get("kind", ""))
    if kind == "Pod":
        return 1
    old, new = (_replicas(item) for item in (before, after))
    if before and after and _at(before, "spec", "template") != _at(after, "spec", "template"):
        return max(old, new)
    return abs(new - old)


def digest(*parts: Any) -> str:
    """A short name for exactly these values: 128 bits of SHA-256 over their JSON."""
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()[:32]


def version_of(item: Mapping[str, Any] | None) -> tuple[str, str]:
    """The uid and the version of an object, both empty when there is none; see `Action.version`."""
    metadata = (item or {}).get("metadata") or {}
    version = metadata.get("generation") or metadata.get("resourceVersion") or ""
    if item and item.get("kind") == "Node":  # it has no generation, and its kubelet writes to it all the time
        version = digest(item.get("spec"))
    return str(metadata.get("uid", "")), str(version)


def _comparable(item: Mapping[str, Any] | None) -> Any:
    if item is None:
        return None
    metadata = {k: v for k, v in (item.get("metadata") or {}).items() if k not in _SERVERS_OWN}
    if _REVISION in (metadata.get("annotations") or {}):  # its controller's, written at any moment
        metadata["annotations"] = {k: v for k, v in metadata["annotations"].items() if k != _REVISION}
    if not metadata.get("annotations"):
        metadata.pop("annotations", None)
    shown = {k: v for k, v in item.items() if k != "status"} | {"metadata": metadata}
    if item.get("kind") == "Secret":
        for key in ("data", "stringData"):
            shown |= {key: {k: _digest(v) for k, v in item[key].items()}} if item.get(key) else {}
    return shown


def _differences(path: tuple[str | int, ...], before: Any, after: Any) -> Iterator[FieldChange]:
    if before == after:
        return
    if before is None and isinstance(after, Mapping) and RESTARTED in after:
        before = {}  # the first restart makes the annotations, of which the moment is no part
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in {**before, **after}:
            yield from _differences((*path, key), before.get(key), after.get(key))
    elif isinstance(before, list) and isinstance(after, list):
        for index in range(max(len(before), len(after))):
            pair = [items[index] if index < len(items) else None for items in (before, after)]
            yield from _differences((*path, index), *pair)
    elif path and path[-1] == RESTARTED:
        yield FieldChange(path, None, "now")  # the moment is no part of what is approved
    else:
        yield FieldChange(path, before, after)


def _replicas(item: Mapping[str, Any] | None) -> int:
    if not item:
        return 0
    status = item.get("status") or {}
    if item.get("kind") == "DaemonSet":
        return int(status.get("desiredNumberScheduled") or 0)
    wanted = _at(item, "spec", "replicas")
    return int(wanted) if isinstance(wanted, int) else int(status.get("replicas") or 0)


def _at(item: Mapping[str, Any], *path: str) -> Any:
    value: Any = item
    for step in path:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def keyed_digest(value: Any) -> str:
    """A name for a value that may be secret: the same on this machine only, and no way back to the value."""
    text = value if isinstance(value, str) else json.dumps(value, default=str, sort_keys=True)
    return hmac.new(_key(get_settings().state_dir), text.encode(), hashlib.sha256).hexdigest()[:32]


def digest_key() -> bytes:
    """The key of the digests, for a run elsewhere that is to carry out what was approved here."""
    return _key(get_settings().state_dir)


def _digest(value: Any) -> str:
    return f"(hidden, {keyed_digest(str(value))[:12]})"


@lru_cache(maxsize=8)
def _key(folder: Path) -> bytes:
    """The key of the digests, made once, readable by this user only."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "digest.key"
    with suppress(FileExistsError), open(path, "xb", opener=_private) as file:
        file.write(secrets.token_bytes(32))
    return path.read_bytes()


def _private(path: str, flags: int) -> int:
    import os

    return os.open(path, flags, 0o600)


def _told(mark: str, path: str, value: Any) -> list[str]:
    """A value under its path, in one line when it is a plain one, otherwise as YAML."""
    if not isinstance(value, Mapping | list) or not value:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
        return [f"{mark} {path}: {text if len(text) <= LONGEST else text[:LONGEST] + '…'}"]
    import yaml

    plain = json.loads(json.dumps(value, default=str))
    lines = yaml.safe_dump(plain, allow_unicode=True, width=100_000, sort_keys=False).splitlines()
    if len(lines) > MOST_LINES:
        lines = [*lines[:MOST_LINES], f"… {len(lines) - MOST_LINES} more lines"]
    head = [f"{mark} {path}:"] if path else []
    return [*head, *(f"{mark} {'  ' if path else ''}{line}" for line in lines)]
