"""A container's log, line by line while it is written; a broken connection is taken up where it broke."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import urllib3

from kitlib.cluster.resource import Resource
from kitlib.errors import ApiError, ClusterUnreachable, NotFound

if TYPE_CHECKING:
    from kitlib.cluster.cluster import Cluster

RETRY_SECONDS = 0.5
PATIENCE_SECONDS = 120.0  # for a control plane that restarts
Stamp = tuple[str, str]


def lines(cluster: Cluster, pod: str, container: str) -> Iterator[str]:
    """Each line of a container's log, until the container has ended.

    Args:
        cluster: acting in the pod's namespace.
        pod: its name.
        container: which of its containers.

    Raises:
        ClusterUnreachable: no API server answers for two minutes.
        ApiError: the log may not be read.
    """
    last: Stamp = ("", "")
    patience = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            # Asked before the log is: what was written after the connection broke is then in the next answer.
            over = ended(cluster.find("Pod", pod), container)
            for stamp, text in _since(cluster, pod, container, last):
                last, patience = stamp, time.monotonic() + PATIENCE_SECONDS
                yield text
            if over:
                return
        except NotFound:
            return  # the pod is gone, and its log with it
        except (ApiError, ClusterUnreachable) as error:
            if time.monotonic() > patience or getattr(error, "status", 500) < 500:
                raise
        time.sleep(RETRY_SECONDS)


def ended(pod: Resource | None, container: str) -> bool:
    """Whether a container runs no more, and will not again."""
    if pod is None or pod.at("status.phase") in ("Succeeded", "Failed"):
        return True
    found = [item for item in pod.at("status.containerStatuses", []) if item["name"] == container]
    return bool(found and found[0].get("state", {}).get("terminated"))


def stamped(line: str) -> tuple[Stamp, str]:
    """A line's time, in a form that can be compared, and its text.

    The fraction of a second comes without trailing zeros: as text, `.1Z` would lie after `.15Z`.
    """
    written, _, text = line.partition(" ")
    whole, _, fraction = written.removesuffix("Z").partition(".")
    return (whole, fraction.ljust(9, "0")), text


def _since(cluster: Cluster, pod: str, container: str, last: Stamp) -> Iterator[tuple[Stamp, str]]:
    """The lines after `last`; the server takes whole seconds, so those before it come again."""
    path = f"/api/v1/namespaces/{cluster.namespace}/pods/{pod}/log"
    query = {"container": container, "follow": "true", "timestamps": "true"}
    query |= {"sinceTime": f"{last[0]}Z"} if last[0] else {}
    answer = cluster.api.raw("get", path, query=query)
    rest = b""
    try:
        for chunk in answer.stream(4096):
            *whole, rest = (rest + chunk).split(b"\n")
            for line in whole:
                found = stamped(line.decode(errors="replace"))
                if found[0] > last:
                    yield found
    except urllib3.exceptions.HTTPError:
        return  # it broke, or was silent for a minute; the caller looks whether there is more to come
    finally:
        answer.release_conn()
