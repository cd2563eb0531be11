"""A `Scan`: what one look at a cluster read, kept so that rules can ask and a file can hold it.

It is plain data: saved with `save`, read again with `load`, it gives the same diagnosis without a cluster.
Values of Secrets are never in it (see kitlib.diagnosis.secrets).
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from kitlib.cluster.resource import Resource
from kitlib.errors import UsageError
from kitlib.findings import Ref

FORMAT = 1
# From what a person wrote to the pods of it; a Job of a CronJob, and a bare Pod, count as well.
WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "CronJob", "Job", "Pod")


@dataclass(frozen=True)
class Log:
    """The end of one container's log.

    Args:
        pod, container: whose.
        text: redacted.
        previous: of the run before the last restart.
        namespace: the pod's.
    """

    pod: str
    container: str
    text: str
    previous: bool = False
    namespace: str = ""

    @property
    def source(self) -> str:
        """Where a line of it comes from."""
        run = ", previous run" if self.previous else ""
        return f"log of {self.pod}, container {self.container}{run}"


@dataclass(frozen=True)
class Scan:
    """What was read.

    Args:
        objects: by kind, as the API server sent them; healthy pods only as far as rules need them.
        logs: of suspects, previous runs first.
        unread: kinds that could not be read, and why.
        namespace: the one that was looked at; empty: all.
        at: when.
        version: the API server's.
        calls: how many lists were asked for, pages of one list counted once.
    """

    objects: dict[str, list[Resource]] = field(default_factory=dict, repr=False)
    logs: list[Log] = field(default_factory=list)
    unread: dict[str, str] = field(default_factory=dict)
    namespace: str = ""
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    version: str = ""
    calls: int = 0

    def of(self, kind: str, namespace: str | None = None) -> list[Resource]:
        """The objects of a kind; in one namespace, or all."""
        if namespace is None:
            return self.objects.get(kind, [])
        return self._placed.get((kind, namespace), [])

    def find(self, kind: str, name: str, namespace: str = "") -> Resource | None:
        """One object, or None."""
        return self._named.get((kind, namespace, name))

    def knows(self, kind: str) -> bool:
        """Whether the kind could be read, so that what is not there does not exist."""
        return kind in self.objects and kind not in self.unread

    def owner(self, item: Resource) -> Resource:
        """What a person wrote: the end of an object's owner chain; the object itself when nobody owns it."""
        seen: set[str] = set()
        while (uid := _controller(item)) and uid not in seen and uid in self._by_uid:
            seen.add(uid)
            item = self._by_uid[uid]
        return item

    def owner_ref(self, item: Resource) -> Ref:
        """The name of an object's owner."""
        return ref(self.owner(item))

    def pods_of(self, item: Resource) -> list[Resource]:
        """The pods at the end of an object's owner chain, youngest first."""
        return self._pods.get(str(item["metadata"].get("uid")), [])

    def owned(self, kind: str, item: Resource) -> list[Resource]:
        """The objects of a kind that an object controls."""
        uid = item["metadata"].get("uid")
        return [other for other in self.of(kind, item.namespace) if _controller(other) == uid]

    def events_of(self, item: Resource, *reasons: str) -> list[Resource]:
        """The events about an object, oldest first; only those with one of the reasons, if any is given."""
        found = self._events.get(str(item["metadata"].get("uid")), [])
        return [event for event in found if not reasons or event.get("reason") in reasons]

    def workloads(self) -> Iterator[Resource]:
        """What runs pods, or should, and is owned by nothing that was read."""
        for kind in WORKLOADS:
            for item in self.of(kind):
                if self.owner(item) is item:
                    yield item

    def save(self, path: Path) -> None:
        """Write the scan to a file, compressed when its name ends in .gz."""
        text = json.dumps(self.as_dict(), ensure_ascii=False).encode()
        path.write_bytes(gzip.compress(text, mtime=0) if path.suffix == ".gz" else text)

    def as_dict(self) -> dict[str, Any]:
        """Plain data; `load` reads it."""
        logs = [vars(log) for log in self.logs]
        return {
            "format": FORMAT,
            "at": self.at.isoformat(),
            "version": self.version,
            "namespace": self.namespace,
            "calls": self.calls,
            "unread": self.unread,
            "objects": self.objects,
            "logs": logs,
        }

    @cached_property
    def _named(self) -> dict[tuple[str, str, str], Resource]:
        return {(kind, i.namespace, i.name): i for kind, items in self.objects.items() for i in items}

    @cached_property
    def _placed(self) -> dict[tuple[str, str], list[Resource]]:
        found: dict[tuple[str, str], list[Resource]] = {}
        for kind, items in self.objects.items():
            for item in items:
                found.setdefault((kind, item.namespace), []).append(item)
        return found

    @cached_property
    def _by_uid(self) -> dict[str, Resource]:
        kinds = ("Pod", "ReplicaSet", "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob")
        return {str(i["metadata"].get("uid")): i for kind in kinds for i in self.of(kind)}

    @cached_property
    def _pods(self) -> dict[str, list[Resource]]:
        found: dict[str, list[Resource]] = {}
        for pod in self.of("Pod"):
            for uid in self._chain(pod):
                found.setdefault(uid, []).append(pod)
        for pods in found.values():
            pods.sort(key=lambda pod: str(pod["metadata"].get("creationTimestamp")), reverse=True)
        return found

    def _chain(self, item: Resource) -> Iterator[str]:
        seen: set[str] = set()
        while (uid := str(item["metadata"].get("uid"))) not in seen:
            seen.add(uid)
            yield uid
            above = self._by_uid.get(_controller(item))
            if above is None:
                return
            item = above

    @cached_property
    def _events(self) -> dict[str, list[Resource]]:
        found: dict[str, list[Resource]] = {}
        for event in sorted(self.of("Event"), key=event_time):
            found.setdefault(str(event.at("involvedObject.uid")), []).append(event)
        return found


def ref(item: Resource) -> Ref:
    """The name of an object."""
    return Ref(item.kind, item.name, item.namespace)


def event_time(event: Resource) -> str:
    """When an event happened last, as text that sorts."""
    stamps = (
        event.get("lastTimestamp"),
        event.at("series.lastObservedTime"),
        event.get("eventTime"),
        event.at("metadata.creationTimestamp"),
    )
    return str(next((stamp for stamp in stamps if stamp), ""))


def seconds_since(scan_at: datetime, stamp: Any) -> float:
    """Seconds from a time that the API server wrote to the time of a scan; 0 when there is none."""
    if not stamp:
        return 0.0
    return (scan_at - datetime.fromisoformat(str(stamp))).total_seconds()


def load(path: Path) -> Scan:
    """Read a saved scan.

    Raises:
        UsageError: no such file, or not a saved scan of this format.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"can't read {path}: {error.strerror or error}") from None
    try:
        return from_dict(json.loads(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data))
    except (ValueError, KeyError, TypeError, AttributeError, EOFError, OSError, zlib.error) as error:
        raise UsageError(
            f"{path} is no evidence that kit saved: {error}", fix="kit diagnose --save FILE makes one"
        ) from None


def from_dict(data: dict[str, Any]) -> Scan:
    """The scan that `as_dict` wrote.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: it did not.
    """
    if data["format"] != FORMAT:
        raise ValueError(f"format {data['format']}, expected {FORMAT}")
    objects = {kind: _resources(items) for kind, items in data["objects"].items()}
    return Scan(
        objects=objects,
        logs=[Log(**log) for log in data["logs"]],
        unread=dict(data["unread"]),
        namespace=str(data["namespace"]),
        at=datetime.fromisoformat(data["at"]),
        version=str(data["version"]),
        calls=int(data["calls"]),
    )


def _resources(items: Iterable[dict[str, Any]]) -> list[Resource]:
    return [Resource(item) for item in items]


def _controller(item: Resource) -> str:
    for owner in item["metadata"].get("ownerReferences") or ():
        if owner.get("controller"):
            return str(owner.get("uid"))
    return ""
