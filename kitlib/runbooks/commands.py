"""Commands that a runbook's cells may run: such that only read, without a shell, and loud when they fail.

They ask the cluster that the run is bound to, never the kubeconfig's current context. What prints Secrets is
not among them: such values are known, and so redacted, only where Cluster read them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from kitlib import tools
from kitlib.cluster import Cluster
from kitlib.errors import UsageError
from kitlib.policy import Denied

# What reads and never changes: kubernetes.io/docs/reference/kubectl/generated, helm.sh/docs/helm.
READS = {
    "kubectl": {
        "get", "describe", "logs", "top", "version", "explain", "api-resources", "api-versions", "events",
        "diff", "cluster-info", "rollout history", "rollout status", "auth can-i", "auth whoami",
    },
    "helm": {"list", "status", "history", "show", "version", "lint"},
}  # fmt: skip
# Options that name another cluster or another user than the run is bound to.
ELSEWHERE = (
    "--kubeconfig", "--context", "--cluster", "--server", "-s", "--as", "--as-group", "--user", "--token",
    "--kube-context", "--kube-apiserver", "--kube-token", "--kube-as-user", "--kube-as-group", "--raw",
)  # fmt: skip
CONTEXT_OPTION = {"kubectl": "--context", "helm": "--kube-context"}
_SECRETS = re.compile(r"(^|,)secrets?([./,]|$)", re.IGNORECASE)


def run(cluster: Cluster, command: Sequence[str], timeout: float) -> str:
    """What a reading command prints about a cluster.

    Raises:
        ContextChanged: the kubeconfig no longer means the cluster that was bound.
        UsageError: one text for a shell, instead of a command and its arguments.
        Denied: it could change something, or asks another cluster.
        CommandFailed, CommandTimeout, ToolNotFound: see kitlib.tools.run.
    """
    read_only(command)
    binding = cluster.api.binding
    binding.check()
    bound = [f"{CONTEXT_OPTION[command[0]]}={binding.context}"] if binding.files else []  # a pod has its own
    env = {"KUBECONFIG": os.pathsep.join(map(str, binding.files))} if binding.files else None
    return tools.run([tools.find(command[0]), *command[1:], *bound], timeout=timeout, env=env).stdout


def read_only(command: Sequence[str]) -> None:
    """Refuse what is not known to only read.

    Raises:
        UsageError, Denied: as `run`.
    """
    if len(command) == 1 and " " in command[0]:
        raise UsageError(
            f"{command[0]!r} is one text, and there is no shell to split it",
            fix=f"rb.sh(cluster, {', '.join(map(repr, command[0].split()))})",
        )
    known = READS.get(command[0] if command else "")
    if known is None:
        raise Denied(f"{' '.join(command)}: rb.sh runs {' and '.join(READS)} only")
    if elsewhere := [part for part in command[1:] if part.split("=")[0] in ELSEWHERE]:
        raise Denied(f"{' '.join(command)}: {elsewhere[0]} names another cluster or user than the run's own")
    if shown := [part for part in command[1:] if _SECRETS.search(part)]:
        raise Denied(
            f"{' '.join(command)}: {shown[0]} would print what nobody may see",
            fix="rb.secret(cluster, ref) for a SecretRef parameter",
        )
    words = [part for part in command[1:] if not part.startswith("-")]
    if not known & {" ".join(words[:1]), " ".join(words[:2])} or (command[1:] and command[1].startswith("-")):
        raise Denied(
            f"{' '.join(command)}: not known to only read; changes go through the verbs of Cluster",
            fix=f"{command[0]} {', '.join(sorted(known))}",
        )
