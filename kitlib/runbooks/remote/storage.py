"""The volume that keeps the records of runs in the cluster, and a pod through which they are read back."""

from __future__ import annotations

import base64
import io
import json
import secrets
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kitlib.cluster import Cluster
from kitlib.errors import Forbidden, PrecheckFailed
from kitlib.progress import stage
from kitlib.runbooks.remote import bucket, pod
from kitlib.runbooks.remote.names import CLAIM, MANAGED
from kitlib.runbooks.remote.permissions import Need
from kitlib.runbooks.remote.stored import Records, Stored
from kitlib.settings import get_settings

DATA, PORT, TOKEN = "/data", 8080, "KIT_READER_TOKEN"
READY_SECONDS = 120.0
LIFE_SECONDS = 600
SIZE = "1Gi"


@dataclass(frozen=True)
class Reader:
    """A pod that reads the volume and hands its content out, through the API server."""

    cluster: Cluster
    name: str
    token: str

    def stored(self) -> list[Stored]:
        """What is on the volume, oldest first."""
        found = json.loads(self._get("list"))
        return [Stored(item["pod"], tuple(item["runs"])) for item in found]

    def fetch(self, pod: str, place: Path) -> None:
        """Bring all that one pod left into a folder.

        Raises:
            NotFound: it left nothing.
        """
        with tarfile.open(fileobj=io.BytesIO(self._get(f"{pod}.tar.gz"))) as archive:
            archive.extractall(place, filter="data")

    def _get(self, path: str) -> bytes:
        where = f"/api/v1/namespaces/{self.cluster.namespace}/pods/http:{self.name}:{PORT}/proxy"
        return bytes(self.cluster.api.raw("get", f"{where}/{self.token}/{path}").data)


def claim(size: str = SIZE) -> dict[str, Any]:
    """The PersistentVolumeClaim, of the cluster's default class."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": CLAIM, "labels": dict(MANAGED)},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}},
    }


def namespace(name: str) -> dict[str, Any]:
    """The namespace of the runs, which takes restricted pods only."""
    levels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": {**MANAGED, **levels}},
    }


def needs(cluster: Cluster) -> Iterator[Need]:
    """What making what is missing, and reading records back, asks of the caller."""
    home = cluster.namespace
    if _missing(cluster, "Namespace", home):
        yield from (Need(verb, "", "namespaces") for verb in ("create", "patch"))
    wanted = [("list", "pods"), ("get", "pods/log"), ("list", "events")]
    if not get_settings().runner_records:
        wanted.append(("get", "pods/proxy"))
        if _missing(cluster, "PersistentVolumeClaim", CLAIM):
            wanted += [(verb, "persistentvolumeclaims") for verb in ("create", "patch")]
    yield from (Need(verb, "", resource, home) for verb, resource in wanted)


def prepare(cluster: Cluster) -> None:
    """Make the namespace that the cluster acts in, and its volume, where they are missing.

    Raises:
        PrecheckFailed: records go to an S3-compatible store, and there is no Secret with its credentials.
    """
    if _missing(cluster, "Namespace", cluster.namespace):
        cluster.apply(namespace(cluster.namespace))
        cluster.wait("ServiceAccount", "default", until="exists")
    settings = get_settings()
    if settings.runner_records:
        if _missing(cluster, "Secret", settings.runner_secret):
            raise PrecheckFailed(
                f"namespace {cluster.namespace} has no Secret {settings.runner_secret} with the "
                f"credentials of {settings.runner_records}",
                fix=f"kubectl -n {cluster.namespace} create secret generic {settings.runner_secret} "
                "--from-env-file FILE, with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
            )
    elif _missing(cluster, "PersistentVolumeClaim", CLAIM):
        cluster.apply(claim())


def _missing(cluster: Cluster, kind: str, name: str) -> bool:
    """Whether there is no such object; one that the caller may not see is taken to be there."""
    try:
        return cluster.find(kind, name) is None
    except Forbidden:
        return False


@contextmanager
def records(cluster: Cluster, image: str) -> Iterator[Records]:
    """Where the records are, for as long as the body runs; see `reader`."""
    found = bucket.chosen()
    if found:
        yield found
        return
    with reader(cluster, image) as volume:
        yield volume


@contextmanager
def reader(cluster: Cluster, image: str) -> Iterator[Reader]:
    """A reader of the volume, for as long as the body runs.

    Args:
        cluster: acting in the namespace of the runs.
        image: the runner image.

    Raises:
        WaitTimeout: its pod does not become ready.
    """
    found = Reader(cluster, f"kit-reader-{secrets.token_hex(4)}", secrets.token_urlsafe(16))
    try:
        cluster.apply(reader_objects(found, image))
        with stage("read the volume") as progress:
            cluster.wait("Pod", found.name, timeout=READY_SECONDS, progress=progress)
        yield found
    finally:
        for kind in ("Pod", "Secret"):
            cluster.delete(kind, found.name, missing_ok=True, wait_seconds=0)


def reader_objects(found: Reader, image: str) -> list[dict[str, Any]]:
    """The pod of a reader, and the Secret with its token.

    The pod sees the volume, may not write to it, and has no right in the cluster.
    """
    container = {
        "name": "reader",
        "image": image,
        "command": ["python", "-m", "kitlib.runbooks.remote.reader", DATA, str(PORT)],
        "env": [{"name": TOKEN, "valueFrom": {"secretKeyRef": {"name": found.name, "key": "token"}}}],
        "ports": [{"name": "http", "containerPort": PORT}],
        "readinessProbe": {"httpGet": {"path": "/healthz", "port": "http"}, "periodSeconds": 1},
        "volumeMounts": [
            {"name": "runs", "mountPath": DATA, "readOnly": True},
            {"name": "tmp", "mountPath": pod.TEMPORARY},
        ],
    }
    volumes = [{"name": "runs", "persistentVolumeClaim": {"claimName": CLAIM}}]
    spec = pod.spec(container, volumes) | {
        "activeDeadlineSeconds": LIFE_SECONDS,
        "terminationGracePeriodSeconds": 1,
    }
    metadata = {"name": found.name, "labels": {**MANAGED, "app.kubernetes.io/component": "reader"}}
    data = {"token": base64.b64encode(found.token.encode()).decode()}
    return [
        {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "Opaque", "data": data},
        {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec},
    ]
