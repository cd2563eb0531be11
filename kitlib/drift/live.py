"""Artifacts against the cluster: each object as the server would make it anew, beside the one that is there.

The server itself fills in what an artifact leaves out: it is asked, in a dry run, to apply the object under a
name that nothing has. What then differs from the live object was changed there, whether it is a field that
the artifact holds or one that somebody added.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from kitlib.cluster import Cluster, Resource
from kitlib.drift.fields import ABSENT, changes, owner, shown
from kitlib.drift.normal import comparable, secret_values_hidden
from kitlib.drift.report import Difference
from kitlib.errors import ApiError
from kitlib.findings import Ref

SUFFIX = "-kit-drift"
LONGEST = 52  # of a name, so that with the suffix it fits a Service's 63 characters
ADDED = "remove it with kubectl edit, or put it into the specs or the chart: a deployment leaves additions"
KINDS = (
    *("ConfigMap", "Secret", "Service", "ServiceAccount", "Deployment", "StatefulSet", "DaemonSet"),
    *("CronJob", "Job", "Ingress", "NetworkPolicy", "PodDisruptionBudget", "HorizontalPodAutoscaler"),
    *("Role", "RoleBinding"),
)
WORKERS = 6


@dataclass(frozen=True)
class Compared:
    """An artifact's object, as the server would make it and as it is.

    Args:
        raw: as the artifact has it.
        wanted: with the server's defaults, what is compared of it; None: the server refuses it.
        found: what is compared of the live object; None: there is none.
        live: the live object.
        warnings: what the server says about the artifact.
        refusal: why the server refuses it.
        scaled: whether an autoscaler owns its number of replicas.
    """

    raw: Mapping[str, Any]
    wanted: dict[str, Any] | None
    found: dict[str, Any] | None
    live: Resource | None
    warnings: tuple[str, ...] = ()
    refusal: str = ""
    scaled: bool = False

    @property
    def ref(self) -> Ref:
        metadata = self.raw["metadata"]
        return Ref(self.raw["kind"], metadata["name"], metadata.get("namespace", ""))


def compare(cluster: Cluster, items: Iterable[dict[str, Any]]) -> list[Compared]:
    """Ask the server about each object of the artifacts.

    Raises:
        ClusterUnreachable: no API server answers.
    """
    scaled = {
        (item.at("spec.scaleTargetRef.kind"), item.at("spec.scaleTargetRef.name"))
        for item in cluster.list("HorizontalPodAutoscaler")
    }
    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(lambda item: _ask(cluster, item, scaled), items))


def differences(compared: Iterable[Compared], fix: str) -> list[Difference]:
    """What is otherwise in the cluster than in the artifacts."""
    found: list[Difference] = []
    for item in compared:
        if item.wanted is None:
            found.append(
                Difference("unchecked", item.ref, artifact=item.refusal, cluster=_presence(item), fix=fix)
            )
        elif item.found is None or item.live is None:
            found.append(Difference("missing", item.ref, artifact="present", cluster=ABSENT, fix=fix))
        else:
            found += [
                Difference(
                    "cluster",
                    item.ref,
                    field=change.field,
                    artifact=shown(change.wanted),
                    cluster=shown(change.found),
                    changed_by=owner(item.live, change.path),
                    fix=ADDED if change.wanted == ABSENT else fix,
                )
                for change in changes(item.wanted, item.found)
            ]
    return found


def extras(cluster: Cluster, items: Iterable[Mapping[str, Any]], labels: dict[str, str]) -> list[Difference]:
    """Objects that bear the application's labels and stand in no artifact.

    What a controller made is its owner's; and a Secret that a pod of the artifacts refers to is meant to come
    from elsewhere.
    """
    items = list(items)
    known = {(item["kind"], item["metadata"]["name"]) for item in items}
    known |= {("Secret", name) for item in items for name in _secret_names(item)}
    with ThreadPoolExecutor(WORKERS) as pool:
        lists = list(pool.map(lambda kind: cluster.list(kind, labels=labels), KINDS))
    return [
        Difference(
            "extra",
            Ref(item.kind, item.name, item.namespace),
            artifact=ABSENT,
            cluster="present",
            fix=f"put it into the specs or the chart, or kubectl -n {item.namespace} "
            f"delete {item.kind.lower()} {item.name}",
        )
        for found in lists
        for item in found
        if (item.kind, item.name) not in known and not item["metadata"].get("ownerReferences")
    ]


def _ask(cluster: Cluster, raw: dict[str, Any], scaled: set[tuple[Any, Any]]) -> Compared:
    name = raw["metadata"]["name"]
    owned = (raw["kind"], name) in scaled
    try:
        live = cluster.find(raw["kind"], name, namespace=raw["metadata"].get("namespace"))
        applied = cluster.apply(_renamed(raw), dry_run=True)
    except ApiError as error:
        return Compared(raw, None, None, None, refusal=error.message)
    wanted = _comparable(applied[0], raw, owned)
    found = _comparable(live, raw, owned) if live is not None else None
    said = tuple(text.replace(_new_name(name), name) for text in applied.warnings)
    return Compared(raw, wanted, found, live, said, scaled=owned)


def _comparable(item: Mapping[str, Any], raw: Mapping[str, Any], scaled: bool) -> dict[str, Any]:
    found = comparable(item, raw, scaled=scaled)
    return secret_values_hidden(found) if raw["kind"] == "Secret" else found


def _renamed(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {**raw, "metadata": {**raw["metadata"], "name": _new_name(raw["metadata"]["name"])}}


def _new_name(name: str) -> str:
    return name[:LONGEST].rstrip("-.") + SUFFIX


def _presence(item: Compared) -> str:
    return "present" if item.live is not None else ABSENT


def _secret_names(item: Mapping[str, Any]) -> set[str]:
    """The Secrets that the pods of an object refer to."""
    found: set[str] = set()
    stack: list[Any] = [item.get("spec")]
    while stack:
        value = stack.pop()
        if isinstance(value, Mapping):
            for key in ("secretRef", "secretKeyRef"):
                if isinstance(value.get(key), Mapping):
                    found.add(str(value[key].get("name")))
            if "secretName" in value:
                found.add(str(value["secretName"]))
            stack += value.values()
        elif isinstance(value, list):
            stack += value
    return found
