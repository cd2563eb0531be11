"""What the agent writes for itself, and the only requests of it that no policy gate sees.

The gate decides on what a person or a program changes. An agent also writes about itself, all the time: that
it is alive, what it remembers, how it is. Such writes go here and nowhere else: to one Lease and some
ConfigMaps of its own name in its own namespace, and to the status of its own AgentConfig. Its ServiceAccount
may do no more there either (kitlib.agent.permissions).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from kitlib.cluster import Cluster
from kitlib.errors import UsageError

SECONDS = 5.0  # for one request; a server that hangs must not hold up whoever counts the seconds of a lease
Body = dict[str, Any]


class Housekeeping:
    """The requests.

    Args:
        cluster: where the agent runs; acting in its own namespace.
        name: of the AgentConfig, which begins the name of everything that the agent keeps.

    Each raises ClusterUnreachable or an ApiError, as the verbs of a Cluster do.
    """

    def __init__(self, cluster: Cluster, name: str) -> None:
        self.name = name
        self._cluster = Cluster(cluster.api.binding, namespace=cluster.namespace)  # connections of its own

    @property
    def namespace(self) -> str:
        """The agent's own."""
        return self._cluster.namespace

    def lease(self) -> Body:
        """The Lease; raises NotFound while there is none."""
        return self._send("get", f"{self._leases}/{self.name}")

    def create_lease(self, spec: Mapping[str, Any]) -> Body:
        """Make the Lease; raises Conflict when another was first."""
        metadata = {"name": self.name, "namespace": self.namespace}
        body = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec}
        return self._send("post", self._leases, body)

    def replace_lease(self, lease: Mapping[str, Any]) -> Body:
        """Write the Lease in the state that it was read in; raises Conflict when it is in another."""
        return self._send("put", f"{self._leases}/{self.name}", _of_version(lease))

    def kept(self, suffix: str) -> Body:
        """A ConfigMap of the agent's; raises NotFound while there is none."""
        return self._send("get", f"{self._maps}/{self._kept_name(suffix)}")

    def create_kept(self, suffix: str, content: Mapping[str, Any]) -> Body:
        """Make a ConfigMap; raises Conflict when it is there."""
        metadata = {"name": self._kept_name(suffix), "namespace": self.namespace}
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, **content}
        return self._send("post", self._maps, body)

    def replace_kept(self, suffix: str, found: Mapping[str, Any], content: Mapping[str, Any]) -> Body:
        """Write a ConfigMap in the state that it was read in; raises Conflict when it is in another."""
        body = {key: found[key] for key in ("apiVersion", "kind", "metadata") if key in found} | dict(content)
        return self._send("put", f"{self._maps}/{self._kept_name(suffix)}", _of_version(body))

    def write_status(self, status: Mapping[str, Any]) -> Body:
        """Set fields of the AgentConfig's status; raises NotFound when it is gone."""
        path = f"/apis/kagent.io/v1/namespaces/{self.namespace}/agentconfigs/{self.name}/status"
        return self._send("patch", path, {"status": status})

    @property
    def _leases(self) -> str:
        return f"/apis/coordination.k8s.io/v1/namespaces/{self.namespace}/leases"

    @property
    def _maps(self) -> str:
        return f"/api/v1/namespaces/{self.namespace}/configmaps"

    def _kept_name(self, suffix: str) -> str:
        return f"{self.name}-{suffix}"

    def _send(self, method: str, path: str, body: Any = None) -> Body:
        answer = self._cluster.api.raw(method, path, body=body, read_seconds=SECONDS)
        found: Body = json.loads(answer.data)
        return found


def _of_version(body: Mapping[str, Any]) -> Mapping[str, Any]:
    if not (body.get("metadata") or {}).get("resourceVersion"):
        raise UsageError(
            "an object is replaced in the state that it was read in, which has a resourceVersion"
        )
    return body
