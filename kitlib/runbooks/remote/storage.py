"""The volume that keeps the records of runs in the cluster, and a pod through which they are read back."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from kitlib.cluster import Cluster
from kitlib.progress import stage
from kitlib.runbooks.remote import pod
from kitlib.runbooks.remote.names import CLAIM, MANAGED
from kitlib.runbooks.remote.permissions import Need

DATA, PORT, TOKEN = "/data", 8080, "KIT_READER_TOKEN"
READY_SECONDS = 120.0
LIFE_SECONDS = 600
SIZE = "1Gi"


@dataclass(frozen=True)
class Stored:
    """The records that one pod left: the names of their folders."""

    pod: str
    runs: tuple[str, ...]


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

    def archive(self, name: str) -> bytes:
        """All that one pod left, as a gzipped tar of `runs/` and `state/`.

        Raises:
            NotFound: it left nothing.
        """
        return self._get(f"{name}.tar.gz")

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
    if cluster.find("Namespace", home) is None:
        yield from (Need(verb, "", "namespaces") for verb in ("create", "patch"))
    if cluster.find("PersistentVolumeClaim", CLAIM) is None:
        yield from (Need(verb, "", "persistentvolumeclaims", home) for verb in ("create", "patch"))
    for verb, resource in (("list", "pods"), ("get", "pods/log"), ("get", "pods/proxy"), ("list", "events")):
        yield Need(verb, "", resource, home)


def prepare(cluster: Cluster) -> None:
    """Make the namespace that the cluster acts in, and its volume, where they are missing."""
    if cluster.find("Namespace", cluster.namespace) is None:
        cluster.apply(namespace(cluster.namespace))
        cluster.wait("ServiceAccount", "default", until="exists")
    if cluster.find("PersistentVolumeClaim", CLAIM) is None:
        cluster.apply(claim())


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
