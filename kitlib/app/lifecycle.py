"""`kit app up`, `down` and `status`: from sources to running pods, and back."""

from __future__ import annotations

import base64
import fcntl
import html
import secrets
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from kitlib import docker, tools
from kitlib.app import images, trouble
from kitlib.app.release import Release
from kitlib.cluster import Cluster, ResourceList, manage
from kitlib.cluster.providers import ClusterRecord, provider
from kitlib.cluster.providers.base import clusters_dir
from kitlib.cluster.rollout import rollout_state
from kitlib.errors import ClusterError, UsageError
from kitlib.progress import stage
from kitlib.settings import get_settings

RELEASE = "todo-app"
PART_OF = {"app.kubernetes.io/instance": RELEASE}
DATABASE = f"{RELEASE}-postgresql"
PAGE = f"{RELEASE}-frontend"  # the Service that a browser asks; it passes on what is the API's
PAGE_PORT = 8080  # on this machine
READY_SECONDS = 300.0
UNFIT: dict[str, str] = {  # provider → why its clusters can't have the application
    "embedded": "runs no containers",
    "current": "was not made by kit, which therefore loads no images into it",
}


@dataclass(frozen=True)
class AppStatus:
    """How the application is.

    Args:
        release: the Helm release's state; `absent` when it is not installed.
        workloads: its Deployments and StatefulSets.
        pods: their pods.
    """

    release: str
    workloads: ResourceList
    pods: ResourceList

    @property
    def ready(self) -> bool:
        """Whether every workload is rolled out."""
        return bool(self.workloads) and all(rollout_state(item).done for item in self.workloads)

    def __repr__(self) -> str:
        return f"release {RELEASE}: {self.release}\n\n{self.workloads!r}\n\n{self.pods!r}"

    def _repr_html_(self) -> str:
        title = f"<p>release <b>{RELEASE}</b>: {html.escape(self.release)}</p>"
        return title + self.workloads._repr_html_() + self.pods._repr_html_()


def up(cluster_name: str | None = None, namespace: str | None = None) -> AppStatus:
    """Build the images, load them, install the chart with its dev values, wait until all of it runs.

    May be repeated: what did not change is not rolled out again, and the database keeps its password.

    Args:
        cluster_name: a cluster that `kit cluster up` made; none: the settings' one.
        namespace: where to install; none: the settings' one. Made if absent, with Pod Security `restricted`.

    Raises:
        MachineError: Docker can't be used.
        UsageError: kit knows no such cluster, it can take no images, or this is no checkout.
        ClusterError: the cluster does not run, or another `kit app` works on it.
        CommandFailed: a build, or Helm, failed.
        WaitTimeout: a pod does not become ready; says which and why.
    """
    docker.require()
    root = images.checkout()
    record = _running(cluster_name)
    cluster = record.connect(namespace or get_settings().namespace)
    with _alone(record):
        built = images.build_all(root)
        provider(record.provider).load(record.name, [str(image) for image in built.values()])
        _ensure_namespace(cluster)
        chart = root / "charts/todo-app"
        release = Release(record, cluster.namespace, RELEASE)
        release.upgrade(chart, [chart / "values-dev.yaml"], _values(built, _password(cluster)))
        wait_ready(cluster)
    return _status(cluster, release)


def down(cluster_name: str | None = None, namespace: str | None = None, *, delete_data: bool = False) -> bool:
    """Uninstall the application; False when there was nothing to remove.

    Args:
        cluster_name: as for `up`.
        namespace: as for `up`.
        delete_data: also delete the volumes and the database's password; else `up` finds every todo again.

    Raises:
        UsageError, ClusterError, CommandFailed: as `up`.
    """
    record = _running(cluster_name)
    cluster = record.connect(namespace or get_settings().namespace)
    with _alone(record):
        removed = Release(record, cluster.namespace, RELEASE).uninstall()
        if delete_data:
            with stage("delete the volumes and the database's password"):
                for claim in cluster.list("PersistentVolumeClaim", labels=PART_OF):
                    removed |= cluster.delete("PersistentVolumeClaim", claim.name, missing_ok=True)
                removed |= cluster.delete("Secret", DATABASE, missing_ok=True)
    return removed


def status(cluster_name: str | None = None, namespace: str | None = None) -> AppStatus:
    """How the application is; see `up` for the arguments and errors."""
    record = _running(cluster_name)
    cluster = record.connect(namespace or get_settings().namespace)
    return _status(cluster, Release(record, cluster.namespace, RELEASE))


def way_in(cluster_name: str | None = None, namespace: str | None = None) -> str:
    """The command that shows the application at http://localhost:8080 while it runs.

    Args:
        cluster_name, namespace: as for `up`.

    Raises:
        UsageError: kit knows no such cluster.
        ToolNotFound: kubectl is not on this machine.
    """
    record = manage.known(cluster_name)
    command = [str(tools.find("kubectl")), f"--kubeconfig={record.kubeconfig}", f"--context={record.context}"]
    command += [f"--namespace={namespace or get_settings().namespace}", "port-forward", f"service/{PAGE}"]
    return shlex.join([*command, f"{PAGE_PORT}:80"])


def wait_ready(cluster: Cluster, *, timeout: float = READY_SECONDS) -> None:
    """Wait until every workload of the application is rolled out, those that others need first.

    Args:
        cluster: bound to the application's namespace.
        timeout: seconds, for each workload.

    Raises:
        WaitTimeout: one is not; names the pods and what they say.
    """
    kinds = ("StatefulSet", "Deployment")
    found = [(kind, item.name) for kind in kinds for item in cluster.list(kind, labels=PART_OF)]
    trouble.await_ready(cluster, found, PART_OF, timeout)


def _running(name: str | None) -> ClusterRecord:
    """The record of a cluster that runs and can have the application."""
    record = manage.known(name)
    if why := UNFIT.get(record.provider):
        raise UsageError(
            f"cluster {record.name!r} ({record.provider}) {why}",
            fix="kit cluster up --provider kind --name NAME, then kit app up --name NAME",
        )
    found = provider(record.provider).status(record.name)
    if found.state != "running":
        raise ClusterError(
            f"cluster {record.name!r} is {found.state}: {found.detail}",
            fix=f"kit cluster up --name {record.name}",
        )
    return record


@contextmanager
def _alone(record: ClusterRecord) -> Iterator[None]:
    """Keep a second `kit app` from taking this one's pending release for an abandoned one."""
    with (clusters_dir() / f"{record.name}.app.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # the system frees it when this process dies
        except BlockingIOError:
            raise ClusterError(
                f"another kit app works on cluster {record.name!r}", fix="wait until it has ended"
            ) from None
        yield


def _ensure_namespace(cluster: Cluster) -> None:
    if cluster.find("Namespace", cluster.namespace) is None:
        labels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}
        metadata = {"name": cluster.namespace, "labels": labels}
        cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})


def _password(cluster: Cluster) -> str:
    """The database's password: the one its volume was made with, or a new one.

    Raises:
        ClusterError: there is a volume, but its password is gone.
    """
    secret = cluster.find("Secret", DATABASE)
    if secret is not None:
        return base64.b64decode(secret["data"]["password"]).decode()
    claim = f"data-{DATABASE}-0"
    if cluster.find("PersistentVolumeClaim", claim) is not None:
        raise ClusterError(
            f"the volume {claim} holds a database, but Secret {DATABASE} with its password is gone",
            fix="restore the Secret, or kit app down --delete-data (the todos are lost)",
        )
    return secrets.token_urlsafe(24)


def _values(built: dict[str, images.Image], password: str) -> dict[str, Any]:
    values: dict[str, Any] = {
        component: {"image": {"repository": image.repository, "tag": image.tag}}
        for component, image in built.items()
    }
    values.setdefault("postgresql", {})["auth"] = {"password": password}
    return values


def _status(cluster: Cluster, release: Release) -> AppStatus:
    workloads = [
        item for kind in ("StatefulSet", "Deployment") for item in cluster.list(kind, labels=PART_OF)
    ]
    return AppStatus(release.state(), ResourceList(workloads), cluster.list("Pod", labels=PART_OF))
