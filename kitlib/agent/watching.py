"""Watches: the objects of a kind in a namespace, listed once, then kept as the API server tells of changes.

Source of the protocol: kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import urllib3

from kitlib.agent.objects import Autoscaler, Node, Plain, Pod, Watched, Workload
from kitlib.cluster import Cluster
from kitlib.errors import ClusterError

if TYPE_CHECKING:
    from tenacity import RetryCallState

PAGE = 500
WATCH_SECONDS = 300  # then the server ends it, and it is taken up where it was
SILENCE_SECONDS = 90.0  # the server sends a bookmark about every minute; after this the connection is dead
LONGEST_WAIT = 30.0


@dataclass(frozen=True)
class Watchable:
    """A kind that can be watched: where the API has it, and what is kept of an object."""

    kind: str
    prefix: str
    plural: str
    type: type[Watched]
    namespaced: bool = True


WATCHABLE = {
    item.plural: item
    for item in (
        Watchable("Pod", "/api/v1", "pods", Pod),
        Watchable("Service", "/api/v1", "services", Plain),
        Watchable("Node", "/api/v1", "nodes", Node, namespaced=False),
        Watchable("Deployment", "/apis/apps/v1", "deployments", Workload),
        Watchable("StatefulSet", "/apis/apps/v1", "statefulsets", Workload),
        Watchable("DaemonSet", "/apis/apps/v1", "daemonsets", Plain),
        Watchable("HorizontalPodAutoscaler", "/apis/autoscaling/v2", "horizontalpodautoscalers", Autoscaler),
    )
}


class _ListMeta(msgspec.Struct, rename="camel"):
    resource_version: str = ""
    next: str = msgspec.field(name="continue", default="")


class _Listed(msgspec.Struct):
    metadata: _ListMeta
    items: list[msgspec.Raw] | None = None


class _Event(msgspec.Struct):
    type: str
    object: msgspec.Raw


class _Version(msgspec.Struct):
    metadata: _ListMeta = msgspec.field(default_factory=_ListMeta)


class _Status(msgspec.Struct):
    code: int = 0
    message: str = ""


class _Expired(Exception):
    """The server no longer knows the version that the watch stood at (410): list anew."""


# After these the watch begins again: its thread must not end, as nothing else would notice.
_BROKEN = (ClusterError, urllib3.exceptions.HTTPError, msgspec.DecodeError, _Expired)


class Watch:
    """The objects of one kind in one namespace, kept in a thread of its own.

    Args:
        cluster: where.
        what: the kind.
        namespace: where it looks; empty for kinds that belong to the whole cluster.
        changed: called after each change, in the watch's thread; must return at once.
    """

    def __init__(
        self, cluster: Cluster, what: Watchable, namespace: str, changed: Callable[[], None]
    ) -> None:
        self.what, self.namespace = what, namespace
        self.calls, self.relists = 0, 0
        self.error = "it was not listed yet"
        self._cluster, self._changed = cluster, changed
        self._objects: dict[str, Watched] = {}
        self._version = ""
        self._lock, self._stop = threading.Lock(), threading.Event()
        self._answer: urllib3.HTTPResponse | None = None
        self._thread = threading.Thread(target=self._run, name=f"watch {what.plural}", daemon=True)
        self._decode = msgspec.json.Decoder(what.type).decode

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, and wait for a moment until it has."""
        self._stop.set()
        if answer := self._answer:
            with suppress(OSError):  # the connection ended by itself just now
                answer.shutdown()
        self._thread.join(timeout=5)

    @property
    def fresh(self) -> bool:
        """Whether what it holds is what the server has, as far as one can know."""
        return not self.error

    def objects(self) -> list[Watched]:
        """Those there are now."""
        with self._lock:
            return list(self._objects.values())

    def _run(self) -> None:
        from tenacity import (
            Retrying,
            retry_if_exception_type,
            sleep_using_event,
            stop_when_event_set,
            wait_random_exponential,
        )

        while not self._stop.is_set():
            again = Retrying(
                retry=retry_if_exception_type(_BROKEN),
                wait=wait_random_exponential(multiplier=0.5, max=LONGEST_WAIT),
                stop=stop_when_event_set(self._stop),
                sleep=sleep_using_event(self._stop),
                after=self._told,
                retry_error_callback=lambda _: None,
            )
            again(self._follow)

    def _told(self, state: RetryCallState) -> None:
        """Remember why it has to begin again; while it does, nothing is known."""
        problem = state.outcome.exception() if state.outcome else None
        if isinstance(problem, _Expired):
            self._version = ""
        else:
            self.error = str(problem).partition("\n")[0]

    def _follow(self) -> None:
        """Follow until the server ends the watch, which is no error."""
        if not self._version:
            self._list()
        query = {"watch": "true", "allowWatchBookmarks": "true", "resourceVersion": self._version}
        query["timeoutSeconds"] = str(WATCH_SECONDS)
        self.calls += 1
        try:
            answer = self._cluster.api.raw("get", self._path, query=query, read_seconds=SILENCE_SECONDS)
        except ClusterError as error:
            if getattr(error, "status", 0) == 410:
                raise _Expired from None
            raise
        self._answer = answer
        self.error = ""
        try:
            for line in _lines(answer):
                if self._stop.is_set():
                    return  # what a TLS socket gives after its shutdown is ciphertext
                self._take(msgspec.json.decode(line, type=_Event))
        except urllib3.exceptions.ReadTimeoutError:
            self.error = "its connection was silent"
        finally:
            self._answer = None
            answer.release_conn()

    def _list(self) -> None:
        found: dict[str, Watched] = {}
        token = ""
        while True:
            query = {"limit": PAGE, "continue": token or None}
            self.calls += 1
            answer = self._cluster.api.raw("get", self._path, query=query)
            page = msgspec.json.decode(answer.data, type=_Listed)
            for item in (self._decode(raw) for raw in page.items or ()):
                found[item.metadata.uid] = item
            token = page.metadata.next
            if not token:
                break
        with self._lock:
            self._objects = found
        self._version = page.metadata.resource_version
        self.relists += 1
        self.error = ""
        self._changed()

    def _take(self, event: _Event) -> None:
        if event.type == "ERROR":
            status = msgspec.json.decode(event.object, type=_Status)
            if status.code == 410:
                raise _Expired
            raise ClusterError(f"the watch of {self.what.plural} ended: {status.message}")
        if event.type == "BOOKMARK":
            version = msgspec.json.decode(event.object, type=_Version).metadata.resource_version
            self._version = version or self._version
            return
        item = self._decode(event.object)
        with self._lock:
            if event.type == "DELETED":
                self._objects.pop(item.metadata.uid, None)
            else:
                self._objects[item.metadata.uid] = item
        self._version = item.metadata.resource_version or self._version
        self._changed()

    @property
    def _path(self) -> str:
        where = f"/namespaces/{self.namespace}" if self.what.namespaced else ""
        return f"{self.what.prefix}{where}/{self.what.plural}"


def _lines(answer: urllib3.HTTPResponse) -> Iterator[bytes]:
    rest = b""
    for chunk in answer.stream(65536):
        *whole, rest = (rest + chunk).split(b"\n")
        yield from (line for line in whole if line)
