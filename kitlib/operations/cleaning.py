"""Cleaning up a namespace: what is finished or no longer used, by kind, label and age."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from kitlib.cluster import Cluster, Resource
from kitlib.cluster.resource import age
from kitlib.diagnosis.environment import references
from kitlib.errors import UsageError

# What may go by its age alone: it has ended. All else needs labels that say what it belongs to.
ENDED_KINDS = ("Job", "Pod")
WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob", "Pod")
_HELM = "meta.helm.sh/release-name"
_OTHERS_SECRETS = ("helm.sh/release", "kubernetes.io/service-account-token", "bootstrap.kubernetes.io/token")


def candidates(
    cluster: Cluster, kinds: Sequence[str], *, selector: str, older_than: float
) -> list[dict[str, str]]:
    """What may be deleted, oldest first within each kind.

    Left alone are objects that another one owns, or a Helm release; Jobs and pods that have not ended; and
    ConfigMaps, Secrets and claims that a workload or pod of the namespace uses.

    Args:
        kinds: which kinds to look at.
        selector: a label selector; empty: all, which is allowed for Jobs and pods only.
        older_than: seconds since the object was made.

    Returns:
        `kind`, `name` and `age` of each: what a plan can keep.

    Raises:
        UsageError: a kind other than Job and Pod without a selector.
    """
    wide = [kind for kind in kinds if kind not in ENDED_KINDS]
    if wide and not selector.strip():
        raise UsageError(
            f"{', '.join(wide)}: without a selector, all of the namespace would be looked at",
            fix="-p selector=app=demo",
        )
    used = _used(cluster) if wide else set()
    found = []
    for kind in kinds:
        items = cluster.list(kind, labels=selector or None)
        for item in sorted(items, key=lambda item: -item.age_seconds):
            if item.age_seconds >= older_than and _unneeded(item, used):
                found.append({"kind": kind, "name": item.name, "age": age(item.age_seconds)})
    return found


def delete(cluster: Cluster, chosen: Iterable[Mapping[str, str]], tell: Callable[[str], None]) -> None:
    """Delete what `candidates` chose; what is gone meanwhile is passed over."""
    for item in chosen:
        tell(f"{item['kind']}/{item['name']}")
        cluster.delete(item["kind"], item["name"], missing_ok=True)


def _unneeded(item: Resource, used: set[tuple[str, str]]) -> bool:
    if item["metadata"].get("deletionTimestamp") or _HELM in (item["metadata"].get("annotations") or {}):
        return False
    owners = [owner["kind"] for owner in item.at("metadata.ownerReferences", [])]
    match item.kind:
        case "Pod":  # one that failed stays behind its owner, except a Job's, which goes with the Job
            failed = item.at("status.phase") == "Failed" and owners != ["Job"]
            return failed or (item.at("status.phase") == "Succeeded" and not owners)
        case "Job":
            return not owners and _finished(item)
        case "Secret" if str(item.get("type", "")).startswith(_OTHERS_SECRETS):
            return False
    return not owners and (item.kind, item.name) not in used and item.name != "kube-root-ca.crt"


def _finished(job: Resource) -> bool:
    return any(
        c["type"] in ("Complete", "Failed") and c["status"] == "True" for c in job.at("status.conditions", [])
    )


def _used(cluster: Cluster) -> set[tuple[str, str]]:
    """The ConfigMaps, Secrets and claims that pods, or templates of pods, of the namespace name."""
    found: set[tuple[str, str]] = set()
    for kind in WORKLOADS:
        for item in cluster.list(kind):
            template = _template(item)
            found |= {(ref.kind, ref.name) for ref in references(template)}
            spec = template.get("spec") or {}
            found |= {("Secret", entry["name"]) for entry in spec.get("imagePullSecrets") or []}
            for volume in spec.get("volumes") or []:
                if claim := (volume.get("persistentVolumeClaim") or {}).get("claimName"):
                    found.add(("PersistentVolumeClaim", claim))
            for claim in item.at("spec.volumeClaimTemplates", []):
                name = f"{claim['metadata']['name']}-{item.name}-"
                count = range(item.at("spec.replicas", 1))
                found |= {("PersistentVolumeClaim", f"{name}{number}") for number in count}
    for item in cluster.list("Ingress"):
        found |= {("Secret", str(entry.get("secretName"))) for entry in item.at("spec.tls", [])}
    return found


def _template(item: Resource) -> Resource:
    if item.kind == "Pod":
        return item
    return Resource(item.at("spec.jobTemplate.spec.template") or item.at("spec.template", {}))
