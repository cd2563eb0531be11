"""Backing up a PostgreSQL database to a claim, and proving that the backup can be restored.

Both work by a Job with the server's own image, so that pg_dump and the server are of one version.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kitlib.checks.selectors import matches
from kitlib.cluster import Cluster, Resource
from kitlib.errors import RunbookError
from kitlib.wording import counted

LABEL = "kit/database-job"  # the database's name: a NetworkPolicy lets in pods that carry it
MOUNT = "/backups"
KEEP_JOBS_SECONDS = 7 * 24 * 3600
SCRIPTS = Path(__file__).parent / "scripts"


@dataclass(frozen=True)
class Server:
    """A PostgreSQL server that a StatefulSet runs, as its container says.

    Args:
        name: the StatefulSet's.
        host: the Service that governs it, by which its pods are reached.
        namespace: where it is.
        database: what is backed up.
        variables: the container's POSTGRES_USER and POSTGRES_PASSWORD, as they stand there: the password's
            place is named, its value is never read.
        container: its image, and how it may run.
        security: of its pod: user and group.
        labels: of its pods.
        pull_secrets: with which its image is pulled.
    """

    name: str
    host: str
    namespace: str
    database: str
    variables: tuple[dict[str, Any], ...]
    container: dict[str, Any]
    security: dict[str, Any]
    labels: dict[str, str]
    pull_secrets: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What a Job said at its end: the dump's size in bytes and its SHA-256, and rows by table."""

    size: int
    sha256: str
    rows: dict[str, int]

    def __str__(self) -> str:
        tables, rows = counted(len(self.rows), "table"), counted(sum(self.rows.values()), "row")
        return f"{tables}, {rows}, {self.size} bytes"

    def text(self) -> str:
        """All of it, line by line."""
        counts = [f"{table}: {count}" for table, count in self.rows.items()]
        return "\n".join([f"size: {self.size} bytes", f"sha256: {self.sha256}", *counts])


def server(cluster: Cluster, name: str) -> Server:
    """The PostgreSQL server that a StatefulSet runs.

    Raises:
        RunbookError: none of its containers has the variables of the postgres image.
    """
    found = cluster.get("StatefulSet", name)
    spec = found.at("spec.template.spec", {})
    for container in spec.get("containers", []):
        given = {entry["name"]: entry for entry in container.get("env") or []}
        database = given.get("POSTGRES_DB", {}).get("value")
        if database and {"POSTGRES_USER", "POSTGRES_PASSWORD"} <= given.keys():
            return Server(
                name,
                str(found.at("spec.serviceName") or name),
                found.namespace,
                str(database),
                (given["POSTGRES_USER"], given["POSTGRES_PASSWORD"]),
                {key: container[key] for key in ("image", "imagePullPolicy") if key in container},
                spec.get("securityContext") or {},
                dict(found.at("spec.template.metadata.labels", {})),
                tuple(spec.get("imagePullSecrets") or ()),
            )
    raise RunbookError(
        f"StatefulSet {name}: no container has POSTGRES_DB, POSTGRES_USER and POSTGRES_PASSWORD",
        fix="name the StatefulSet of a PostgreSQL server, such as todo-app-postgresql",
    )


def new_name(now: datetime | None = None) -> str:
    """A name for a backup, or for a database to restore one into: it says when it was made."""
    return f"{now or datetime.now(UTC):%Y%m%d-%H%M%S}"


def missing(cluster: Cluster, source: Server, claim: str) -> list[str]:
    """What the Jobs still need: `claim`, and `policy` where one keeps them from the database."""
    needs = [] if cluster.find("PersistentVolumeClaim", claim) else ["claim"]
    policies = [p for p in cluster.list("NetworkPolicy") if _keeps_out(p, source)]
    if policies and not cluster.find("NetworkPolicy", _policy_name(source)):
        needs.append("policy")
    return needs


def prepare(cluster: Cluster, source: Server, claim: str, size: str, needs: list[str]) -> None:
    """Make what the Jobs need, as `missing` found it."""
    head: dict[str, Any] = {"labels": {LABEL: source.name}}
    if "claim" in needs:
        spec: dict[str, Any] = {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": size}},
        }
        body = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {**head, "name": claim}}
        cluster.apply({**body, "spec": spec})
    if "policy" in needs:
        peer = {"podSelector": {"matchLabels": {LABEL: source.name}}}
        rule = {"from": [peer], "ports": [{"port": 5432, "protocol": "TCP"}]}
        spec = {"podSelector": {"matchLabels": source.labels}, "policyTypes": ["Ingress"], "ingress": [rule]}
        body = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy"}
        cluster.apply(body | {"metadata": {**head, "name": _policy_name(source)}, "spec": spec})


def back_up(cluster: Cluster, source: Server, claim: str, backup: str, timeout: float) -> str:
    """Start the Job that writes a backup; returns its name."""
    return _start(cluster, source, claim, "backup", backup, {"BACKUP": backup}, timeout)


def restore(
    cluster: Cluster, source: Server, claim: str, backup: str, into: str, timeout: float, *, keep: bool
) -> str:
    """Start the Job that restores a backup into a database that does not exist yet; returns its name.

    Args:
        into: the fresh database.
        keep: whether it stays once the rows were found equal; otherwise, and after a failure, it is dropped.
    """
    variables = {"BACKUP": backup, "TARGET": into, "KEEP": "true" if keep else "false"}
    return _start(cluster, source, claim, "restore", into.replace("_", "-"), variables, timeout)


def over(job: Resource) -> bool:
    """Whether a Job has ended, one way or the other."""
    return any(
        c["type"] in ("Complete", "Failed") and c["status"] == "True" for c in job.at("status.conditions", [])
    )


def outcome(cluster: Cluster, job: str) -> Outcome:
    """What a Job that ended has said.

    Raises:
        RunbookError: it failed; shows its last words.
    """
    pods = cluster.list("Pod", labels={"job-name": job})
    text = cluster.logs(pods[-1].name) if pods else ""
    conditions = cluster.get("Job", job).at("status.conditions", [])
    failed = next((c for c in conditions if c["type"] == "Failed" and c["status"] == "True"), None)
    found = dict(re.findall(r"^(size|sha256) (\S+)$", text, re.MULTILINE))
    if failed or len(found) < 2:
        why = failed.get("message", "") if failed else "it did not say what it wrote"
        raise RunbookError(f"Job {job} failed: {why}\n{text[-1500:]}".rstrip())
    rows = re.findall(r"^rows (.*)\|(\d+)$", text, re.MULTILINE)
    return Outcome(int(found["size"]), found["sha256"], {table: int(count) for table, count in rows})


def _start(
    cluster: Cluster,
    source: Server,
    claim: str,
    action: str,
    suffix: str,
    variables: dict[str, str],
    timeout: float,
) -> str:
    name = f"{source.name[:30]}-{action}-{suffix}"[:63].rstrip("-")
    pod = _pod(source, claim, (SCRIPTS / f"{action}.sh").read_text(), variables)
    labels = {LABEL: source.name}
    spec = {
        "backoffLimit": 0,
        "activeDeadlineSeconds": int(timeout),
        "ttlSecondsAfterFinished": KEEP_JOBS_SECONDS,
        "template": {"metadata": {"labels": labels}, "spec": pod},
    }
    head = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name, "labels": labels}}
    cluster.apply(head | {"spec": spec})
    return name


def _pod(source: Server, claim: str, script: str, variables: dict[str, str]) -> dict[str, Any]:
    """A pod that may do as little as the server's own, and sees the claim."""
    return {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": source.security,
        "imagePullSecrets": list(source.pull_secrets),
        "containers": [_container(source, script, variables)],
        "volumes": [
            {"name": "backups", "persistentVolumeClaim": {"claimName": claim}},
            {"name": "tmp", "emptyDir": {}},
        ],
    }


def _container(source: Server, script: str, variables: dict[str, str]) -> dict[str, Any]:
    env = [{"name": "PGHOST", "value": source.host}, {"name": "PGDATABASE", "value": source.database}]
    for theirs, ours in zip(source.variables, ("PGUSER", "PGPASSWORD"), strict=True):
        env.append({**theirs, "name": ours})
    env += [{"name": key, "value": value} for key, value in variables.items()]
    security = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True}
    amounts = {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"cpu": "1", "memory": "256Mi"}}
    return {
        **source.container,
        "name": "postgres",
        "command": ["sh", "-c", script],
        "env": env,
        "resources": amounts,
        "securityContext": {**security, "capabilities": {"drop": ["ALL"]}},
        "volumeMounts": [{"name": "backups", "mountPath": MOUNT}, {"name": "tmp", "mountPath": "/tmp"}],
    }


def _keeps_out(policy: Resource, source: Server) -> bool:
    """Whether a NetworkPolicy decides who reaches the database; policies add up, so another one opens it."""
    return "Ingress" in policy.at("spec.policyTypes", ["Ingress"]) and matches(
        policy.at("spec.podSelector", {}), source.labels
    )


def _policy_name(source: Server) -> str:
    return f"{source.name}-kit-jobs"
