"""Clusters without containers: the control plane as plain processes of this user.

A cluster is ours by the ids and start times of its processes, so that a recycled id is never killed. Nothing
runs in its pods; fake nodes (kwok) only say so.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from kitlib.cluster.embedded import kwok, live, plane, ports, processes
from kitlib.cluster.embedded.processes import Mark
from kitlib.cluster.kubeconfig import bind
from kitlib.cluster.offline.binaries import require_disk
from kitlib.cluster.providers.base import (
    ClusterRecord,
    ClusterStatus,
    UpOptions,
    cluster_dir,
    clusters_dir,
    forget,
    load_record,
    save,
)
from kitlib.errors import KitError, NotOurs, UsageError
from kitlib.progress import say, stage
from kitlib.settings import ProviderName


class Embedded:
    """The provider `embedded`; see kitlib.cluster.providers.base.Provider."""

    name: ProviderName = "embedded"

    def up(self, name: str, options: UpOptions) -> ClusterRecord:
        """Make the cluster, or start it again with its data, and its port where that is free."""
        record = _record(name)
        if record and self.status(name).state == "running":
            _require_same_port(record, options.api_port)
            if options.nodes > 1:
                kwok.require_nodes(record.connect(), options.nodes)
            return record
        if record:
            _end(record)
        port = options.api_port or _port_before(record)
        if options.api_port:
            ports.require_free(options.api_port)
        elif port and not ports.is_free(port):
            say(f"port {port} of cluster {name} was taken meanwhile: choosing another")
            port = 0
        return self._start(name, port, options.nodes if options.nodes > 1 else _fake_nodes(record))

    def down(self, name: str) -> bool:
        """End its processes and remove its data, keys and record."""
        record = _record(name)
        if record:
            _end(record)
        forget(name)
        return record is not None

    def status(self, name: str) -> ClusterStatus:
        """How the cluster is."""
        record = _record(name)
        if record is None:
            return ClusterStatus(name, self.name, "absent", "make it with: kit cluster up")
        missing = _missing(record)
        if len(missing) == len(record.owned):
            return ClusterStatus(name, self.name, "stopped", "no process of it runs; kit cluster up")
        if missing:
            detail = f"not running: {', '.join(mark.name for mark in missing)}; kit cluster up"
            return ClusterStatus(name, self.name, "broken", detail)
        try:
            found = record.connect().list("Node")
        except KitError as error:
            return ClusterStatus(name, self.name, "broken", error.message)
        nodes = {
            node.name: any(
                c["type"] == "Ready" and c["status"] == "True" for c in node.at("status.conditions", [])
            )
            for node in found
        }
        return ClusterStatus(name, self.name, "running", f"context {record.context}", nodes)

    def load(self, name: str, images: list[str]) -> None:
        """Refused: there is nothing that could run an image."""
        raise UsageError(
            f"cluster {name} is embedded and runs no containers, so it takes no images",
            fix="kit cluster up --provider kind --name NAME",
        )

    def _start(self, name: str, port: int, nodes: int) -> ClusterRecord:
        programs = plane.executables(nodes)
        require_disk(clusters_dir(), plane.RUN_GB, "run the embedded control plane")
        made = plane.ControlPlane(cluster_dir(name), f"kit-{name}")
        with stage(f"start embedded cluster {name}") as progress:
            running = made.start(programs, port=port, nodes=nodes, progress=progress)
            marks = tuple(str(mark) for mark in running.marks())
            record = save(ClusterRecord(name, self.name, made.kubeconfig, made.context, marks))
            running.detach()
        return record


def _record(name: str) -> ClusterRecord | None:
    record = load_record(name)
    if record is not None and record.provider != "embedded":
        raise NotOurs(
            f"cluster {name!r} is of provider {record.provider}", fix=f"kit cluster down --name {name}"
        )
    return record


def _marks(record: ClusterRecord) -> list[Mark]:
    return [Mark.parse(text) for text in record.owned]


def _missing(record: ClusterRecord) -> list[Mark]:
    marks = _marks(record)
    alive = processes.alive(marks)
    return [mark for mark in marks if mark not in alive]


def _end(record: ClusterRecord) -> None:
    with stage(f"end the processes of cluster {record.name}"):
        live.end(_marks(record))


def _require_same_port(record: ClusterRecord, port: int) -> None:
    now = _port_before(record)
    if port and port != now:
        raise UsageError(
            f"cluster {record.name} runs with its API server on port {now}, not {port}",
            fix=f"kit cluster down --name {record.name}, then up again with --api-port {port}",
        )


def _port_before(record: ClusterRecord | None) -> int:
    if record is None or not record.kubeconfig.exists():
        return 0
    return urlsplit(bind((record.kubeconfig,), record.context).server).port or 0


def _fake_nodes(record: ClusterRecord | None) -> int:
    """How many fake nodes it was made with: a cluster with kwok has at least one."""
    return 1 if record and any(mark.name == "kwok" for mark in _marks(record)) else 0


PROVIDER = Embedded()
