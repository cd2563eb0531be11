"""Clusters made by kind: each node a container of this machine's Docker engine.

Where a registry answers, kind pulls its usual node image; elsewhere the image is built here
(kitlib.cluster.offline). A cluster is ours when the ids of its containers are in our record; others of the
same name are never touched.
"""

from __future__ import annotations

import socket
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import yaml

from kitlib import docker, tools
from kitlib.cluster.offline import images, registry
from kitlib.cluster.offline.binaries import require_disk
from kitlib.cluster.providers import kind_network
from kitlib.cluster.providers.base import (
    ClusterRecord,
    ClusterStatus,
    UpOptions,
    cluster_dir,
    forget,
    load_record,
    save,
)
from kitlib.cluster.resource import Resource
from kitlib.errors import ClusterError, KitError, MachineError, NotOurs, UsageError
from kitlib.progress import say, stage
from kitlib.settings import ProviderName
from kitlib.wording import counted

ADDONS = Path(__file__).parents[1] / "addons"
BEING_MADE = "being-made"  # owned, in a record, until the containers have ids
READY_SECONDS = 180.0
STARTED_AT = "status.containerStatuses.0.state.running.startedAt"
RUN_GB = 3.0  # a cluster with the application's images


class Kind:
    """The provider `kind`; see kitlib.cluster.providers.base.Provider."""

    name: ProviderName = "kind"

    def up(self, name: str, options: UpOptions) -> ClusterRecord:
        """Make the cluster, start a stopped one, or make a half-made one anew."""
        docker.require()
        nodes = _nodes(name)
        record = load_record(name)
        if not nodes:
            return self._create(name, options)
        if not _ours(nodes, record):
            raise _not_ours(name)
        assert record is not None
        if BEING_MADE in record.owned:
            say(f"cluster {name} was left half made: making it anew")
            self.down(name)
            return self._create(name, options)
        if options.nodes not in (1, len(nodes)):
            raise UsageError(
                f"cluster {name} has {counted(len(nodes), 'node')}, not {options.nodes}",
                fix=f"kit cluster down --name {name}",
            )
        return self._start(record, nodes)

    def down(self, name: str) -> bool:
        """Remove the cluster's containers and volumes, and our record of it."""
        docker.require()
        nodes, record = _nodes(name), load_record(name)
        if nodes and not _ours(nodes, record):
            raise _not_ours(name)
        if nodes:
            with stage(f"remove cluster {name}") as progress:
                command: list[str | Path] = [tools.find("kind"), "delete", "cluster", "--name", name]
                command += ["--kubeconfig", cluster_dir(name) / "kubeconfig"]
                tools.run(command, timeout=180, on_line=progress.update)
        forget(name)
        return bool(nodes or record)

    def status(self, name: str) -> ClusterStatus:
        """How the cluster is."""
        problem = docker.why_unusable()
        if problem:
            return ClusterStatus(name, self.name, "stopped", f"{problem[0]}; {problem[1]}")
        nodes, record = _nodes(name), load_record(name)
        if not nodes:
            return ClusterStatus(name, self.name, "absent", "make it with: kit cluster up")
        if record is None or not _ours(nodes, record):
            return ClusterStatus(name, self.name, "broken", "it was not made by kit, which leaves it alone")
        if BEING_MADE in record.owned:
            return ClusterStatus(name, self.name, "broken", "half made; kit cluster up makes it anew")
        down = sorted(node for node, (_, state) in nodes.items() if state != "running")
        if down:
            return ClusterStatus(
                name, self.name, "stopped", f"not running: {', '.join(down)}; kit cluster up"
            )
        return _live_status(record)

    def load(self, name: str, images: list[str]) -> None:
        """Bring local images into every node; kind skips those a node already has."""
        docker.require()
        missing = [image for image in images if docker.image_id(image) is None]
        if missing:
            raise UsageError(f"no local image {', '.join(missing)}", fix="docker images")
        with stage(f"load {', '.join(images)} into cluster {name}") as progress:
            command: list[str | Path] = [tools.find("kind"), "load", "docker-image", *images, "--name", name]
            tools.run(command, timeout=600, on_line=progress.update)

    def _create(self, name: str, options: UpOptions) -> ClusterRecord:
        if options.api_port:
            _require_free(options.api_port)
        online = registry.answers()
        image = registry.NODE_IMAGE if online else images.node_image()
        require_disk(docker.data_root(), RUN_GB, "run a kind cluster")
        kubeconfig = cluster_dir(name) / "kubeconfig"
        record = save(ClusterRecord(name, self.name, kubeconfig, f"kind-{name}", (BEING_MADE,)))
        config = yaml.safe_dump(cluster_config(options, offline=not online))
        with stage(f"create kind cluster {name}, {options.nodes} node(s), {image}") as progress:
            command: list[str | Path] = [
                tools.find("kind"),
                "create",
                "cluster",
                "--name",
                name,
                "--image",
                image,
            ]
            command += ["--kubeconfig", kubeconfig, "--config", "-"]
            tools.run(
                command,
                input=config,
                timeout=600,
                on_line=progress.update,
                fix=f"kit cluster up --name {name}",
            )
        nodes = _nodes(name)
        if not online and len(nodes) > 1:
            kind_network.connect(record.connect(), sorted(nodes))
        _settle(record)
        record.connect().apply(ADDONS / "metrics-server.yaml", namespace="kube-system")
        return save(replace(record, owned=tuple(id for id, _ in nodes.values())))

    def _start(self, record: ClusterRecord, nodes: dict[str, tuple[str, str]]) -> ClusterRecord:
        stopped = sorted(node for node, (_, state) in nodes.items() if state != "running")
        since = datetime.now(UTC) if stopped else None
        if stopped:
            with stage(f"start {', '.join(stopped)}"):
                tools.run(["docker", "start", *stopped], timeout=120)
            if not registry.answers() and len(nodes) > 1:
                record.connect().wait_until_ready(READY_SECONDS)
                kind_network.connect(record.connect(), sorted(nodes))
        _settle(record, since=since)
        return record


def cluster_config(options: UpOptions, *, offline: bool) -> dict[str, object]:
    """The kind configuration, as data.

    Args:
        options: nodes and the API server's port.
        offline: the node image is ours: it brings a CNI configuration, and may run without CAP_SYS_RESOURCE.
    """
    config: dict[str, object] = {
        "kind": "Cluster",
        "apiVersion": "kind.x-k8s.io/v1alpha4",
        "nodes": [{"role": "control-plane"}, *[{"role": "worker"}] * (options.nodes - 1)],
    }
    networking: dict[str, object] = {"apiServerPort": options.api_port} if options.api_port else {}
    if offline:
        networking["disableDefaultCNI"] = True
    if networking:
        config["networking"] = networking
    if docker.lacks_sys_resource():  # the kubelet and containerd must then tolerate a refused oom_score_adj
        config["featureGates"] = {"KubeletInUserNamespace": True}
        config["containerdConfigPatches"] = [
            '[plugins."io.containerd.grpc.v1.cri"]\n  restrict_oom_score_adj = true\n'
        ]
    return config


def _settle(record: ClusterRecord, *, since: datetime | None = None) -> None:
    """Wait until every node is Ready and cluster DNS answers.

    Args:
        since: nodes were started at that time; what the API server still says from before does not count.

    Raises:
        ClusterError: the cluster does not become ready; says what to do.
    """
    cluster = record.connect("kube-system")
    with stage(f"wait for the nodes of {record.name}") as progress:
        try:
            cluster.wait_until_ready(READY_SECONDS, progress=progress)
            wait = partial(cluster.wait, timeout=READY_SECONDS, progress=progress)
            for node in cluster.list("Node"):
                renewed = partial(after, "spec.renewTime", since)
                wait("Lease", node.name, namespace="kube-node-lease", until=renewed)
                wait("Node", node.name)
            wait("Deployment", "coredns")
            for pod in cluster.list("Pod", labels="k8s-app=kube-dns"):
                wait("Pod", pod.name, until=partial(after, STARTED_AT, since))
        except KitError as error:
            raise ClusterError(
                f"cluster {record.name} does not become ready: {error.message}",
                fix=f"kit cluster reset --name {record.name} (what it holds is lost)",
            ) from None


def after(path: str, since: datetime | None, item: Resource) -> bool:
    """Whether the time at a path lies after `since`; to the second, as most times are written."""
    if since is None:
        return True
    stamp = item.at(path)
    return stamp is not None and datetime.fromisoformat(stamp) >= since.replace(microsecond=0)


def _live_status(record: ClusterRecord) -> ClusterStatus:
    try:
        found = record.connect().list("Node")
    except KitError as error:
        return ClusterStatus(record.name, "kind", "broken", error.message)
    nodes = {
        node.name: any(
            c["type"] == "Ready" and c["status"] == "True" for c in node.at("status.conditions", [])
        )
        for node in found
    }
    return ClusterStatus(record.name, "kind", "running", f"context {record.context}", nodes)


def _nodes(name: str) -> dict[str, tuple[str, str]]:
    """The containers of the kind cluster of that name: name → (id, state)."""
    found = docker.containers(f"io.x-k8s.kind.cluster={name}")
    return {item["Names"]: (item["ID"], item["State"]) for item in found}


def _ours(nodes: dict[str, tuple[str, str]], record: ClusterRecord | None) -> bool:
    """Whether the containers are those of our record; before it was written there were none."""
    if record is None or record.provider != "kind":
        return False
    return BEING_MADE in record.owned or {id for id, _ in nodes.values()} <= set(record.owned)


def _not_ours(name: str) -> NotOurs:
    return NotOurs(
        f"a kind cluster named {name!r} exists that kit did not make; kit leaves it alone",
        fix=f"choose another --name, or remove it yourself: kind delete cluster --name {name}",
    )


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise MachineError(
                f"port {port} is taken: {error.strerror}",
                fix="choose another --api-port, or 0 for a free one",
            ) from None


PROVIDER = Kind()
