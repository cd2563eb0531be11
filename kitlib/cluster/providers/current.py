"""A cluster that exists already: a context of the user's own kubeconfig, which kit uses and never makes."""

from __future__ import annotations

from pathlib import Path

from kitlib.cluster.cluster import Cluster
from kitlib.cluster.kubeconfig import bind, default_files
from kitlib.cluster.providers.base import (
    ClusterRecord,
    ClusterStatus,
    UpOptions,
    forget,
    load_record,
    save,
)
from kitlib.errors import KitError, NotOurs, UsageError
from kitlib.settings import ProviderName, get_settings


class Current:
    """The provider `current`; see kitlib.cluster.providers.base.Provider."""

    name: ProviderName = "current"

    def up(self, name: str, options: UpOptions) -> ClusterRecord:
        """Remember the context under that name, once its server has answered."""
        record = _record(name)
        chosen = options.context or get_settings().context
        if record and chosen in (None, record.context):
            record.connect().version()
            return record
        cluster = Cluster.from_kubeconfig(context=chosen)
        cluster.version()
        return save(ClusterRecord(name, self.name, _file(cluster.context), cluster.context))

    def down(self, name: str) -> bool:
        """Forget the context; the cluster itself stays as it is."""
        record = _record(name)
        if record:
            forget(name)
        return record is not None

    def status(self, name: str) -> ClusterStatus:
        """How the cluster is."""
        record = _record(name)
        if record is None:
            return ClusterStatus(
                name, self.name, "absent", "choose it with: kit cluster up --provider current"
            )
        try:
            version = record.connect().version()
        except KitError as error:
            return ClusterStatus(name, self.name, "broken", error.message)
        return ClusterStatus(name, self.name, "running", f"context {record.context}, Kubernetes {version}")

    def load(self, name: str, images: list[str]) -> None:
        """Refused: kit does not touch the nodes of a cluster that it did not make."""
        raise UsageError(
            f"cluster {name} is not made by kit, which cannot load images into it",
            fix="push the images to a registry that the cluster reads",
        )


def _record(name: str) -> ClusterRecord | None:
    record = load_record(name)
    if record is not None and record.provider != "current":
        raise NotOurs(
            f"cluster {name!r} is of provider {record.provider}", fix=f"kit cluster down --name {name}"
        )
    return record


def _file(context: str) -> Path:
    """The file of the user's that defines a context: a record names one file.

    Raises:
        UsageError: the context's parts are spread over several files.
    """
    for path in default_files():
        try:
            bind((path,), context)
        except UsageError:
            continue
        return path.absolute()
    raise UsageError(
        f"context {context!r} is spread over several files of $KUBECONFIG",
        fix="kubectl config view --flatten --raw > one.kubeconfig; export KUBECONFIG=one.kubeconfig",
    )


PROVIDER = Current()
