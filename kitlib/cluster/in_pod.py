"""The cluster that this process's pod runs in, bound as the pod's ServiceAccount.

The address is another than outside. So that a plan made outside has the same hash here, whoever starts the
pod says what the server and the context are called; see the settings `server_name` and `context_name`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kitlib.cluster.kubeconfig import Binding
from kitlib.errors import UsageError

if TYPE_CHECKING:
    from kubernetes.client import Configuration

CONTEXT = "in-cluster"
# Where the kubelet puts them: kubernetes.io/docs/tasks/run-application/access-api-from-pod.
FOLDER = Path("/var/run/secrets/kubernetes.io/serviceaccount")
ADDRESS = ("KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT")


@dataclass
class PodBinding(Binding):
    """The server of the pod's own cluster, which can't be switched underneath."""

    folder: Path = FOLDER

    def check(self) -> None:
        """Nothing to check: address and authority are the pod's for as long as it lives."""

    def configure(self, configuration: Configuration) -> None:
        """The address, the authority, and a token that is read again every minute: the kubelet renews it."""
        from kubernetes.config.incluster_config import InClusterConfigLoader

        loader = InClusterConfigLoader(str(self.folder / "token"), str(self.folder / "ca.crt"))
        loader.load_and_set(configuration)


def bind(context: str = "", server: str = "", *, folder: Path | None = None) -> PodBinding:
    """Bind to the pod's own cluster.

    Args:
        context: what the context is called; empty: in-cluster.
        server: what plans, records and the audit call the server; empty: its address.
        folder: where the ServiceAccount's token and authority are; none: where the kubelet puts them.

    Raises:
        UsageError: this process runs in no pod, or its pod has no token.
    """
    host, port = (os.environ.get(name, "") for name in ADDRESS)
    if not host or not port:
        raise UsageError(
            f"the context {CONTEXT} is a pod's, and this process runs in none: {ADDRESS[0]} is not set",
            fix="name a context of your kubeconfig, or kit cluster up",
        )
    place = folder or FOLDER
    for name in ("token", "ca.crt"):
        if not (place / name).is_file():
            raise UsageError(
                f"this pod has no {place / name}", fix="set automountServiceAccountToken: true in its spec"
            )
    address = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
    authority = (place / "ca.crt").read_text()
    return PodBinding((), context or CONTEXT, address, authority, False, called=server, folder=place)
