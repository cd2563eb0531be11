"""Which cluster is meant when nobody says."""

from __future__ import annotations

from kitlib.cluster import in_pod
from kitlib.cluster.cluster import Cluster
from kitlib.cluster.providers.base import load_record
from kitlib.errors import UsageError
from kitlib.settings import get_settings


def connect(context: str | None = None, *, namespace: str | None = None) -> Cluster:
    """The cluster to work on.

    Args:
        context: a context of your own kubeconfig; none: KIT_CONTEXT, else the cluster that
            `kit cluster up` made. The kubeconfig's current context is never taken unasked: it may be
            production. `in-cluster` is the cluster that this process's pod runs in, as its ServiceAccount.
        namespace: where verbs act by default; none: the namespace of the settings.

    Raises:
        UsageError: kit knows no cluster, or the kubeconfig no such context.
    """
    settings = get_settings()
    where = namespace or settings.namespace
    chosen = context or settings.context
    if chosen == in_pod.CONTEXT:
        return Cluster(in_pod.bind(settings.context_name, settings.server_name), namespace=where)
    if chosen:
        return Cluster.from_kubeconfig(context=chosen, namespace=where)
    record = load_record(settings.cluster)
    if record is None:
        raise UsageError(
            f"kit knows no cluster named {settings.cluster!r}",
            fix="kit cluster up, or name a context of your kubeconfig with --context",
        )
    return record.connect(where)
