"""How objects of a bundle find one another: labels, namespaces, autoscalers, budgets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from weakref import WeakKeyDictionary

from kitlib.checks.targets import POD_TEMPLATES, Bundle, KubeObject, dig, mapping, sequence

WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")
SCALED = ("Deployment", "StatefulSet", "ReplicaSet")


def matches(selector: Any, labels: Mapping[str, Any]) -> bool:
    """Whether a LabelSelector selects some labels; an empty one selects all."""
    wanted = mapping(dig(selector, ["matchLabels"]))
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    return all(_holds(mapping(item), labels) for item in sequence(dig(selector, ["matchExpressions"])))


def _holds(expression: Mapping[str, Any], labels: Mapping[str, Any]) -> bool:
    key, values = str(expression.get("key", "")), sequence(expression.get("values"))
    match expression.get("operator"):
        case "In":
            return key in labels and labels[key] in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
    return False


def near(item: KubeObject, other: KubeObject) -> bool:
    """Whether two objects can be in the same namespace; one that names none goes where the other is."""
    return not item.namespace or not other.namespace or item.namespace == other.namespace


class Index:
    """Objects of a bundle by their names, labels and autoscalers: rules ask for them once per object."""

    def __init__(self, bundle: Bundle) -> None:
        self.size = len(bundle.objects)
        self.named: dict[tuple[str, str], list[KubeObject]] = {}
        self.labelled: dict[tuple[str, str], list[KubeObject]] = {}
        self.scalers: dict[tuple[str, str], list[KubeObject]] = {}
        self.served: set[int] | None = None
        for item in bundle.objects:
            self.named.setdefault((item.kind, item.name), []).append(item)
            for label in item.pod_labels.items() if item.pod_path else ():
                self.labelled.setdefault(_pair(label), []).append(item)
        for scaler in bundle.of("HorizontalPodAutoscaler", "ScaledObject"):
            target = mapping(scaler.get("spec", "scaleTargetRef"))
            kind = target.get("kind", "Deployment" if scaler.kind == "ScaledObject" else "")
            self.scalers.setdefault((str(kind), str(target.get("name"))), []).append(scaler)


_indexes: WeakKeyDictionary[Bundle, Index] = WeakKeyDictionary()


def index(bundle: Bundle) -> Index:
    """The index of a bundle, made when it is first asked for or when objects were added since."""
    found = _indexes.get(bundle)
    if found is None or found.size != len(bundle.objects):
        found = _indexes[bundle] = Index(bundle)
    return found


def named(item: KubeObject, kind: str, name: str) -> KubeObject | None:
    """The object of a kind and name that an object means: in its namespace, or where that isn't said."""
    return next((one for one in index(item.bundle).named.get((kind, name), ()) if near(one, item)), None)


def pods(bundle: Bundle, beside: KubeObject | None = None) -> Iterator[KubeObject]:
    """The objects that make pods, in the namespace of another object if one is given."""
    return (item for item in bundle.of(*POD_TEMPLATES) if beside is None or near(item, beside))


def selected(item: KubeObject, selector: Any) -> list[KubeObject]:
    """What a selector of an object selects: the objects whose pods carry the labels, in its namespace."""
    labels = mapping(dig(selector, ["matchLabels"]))
    if not labels:
        return [other for other in pods(item.bundle, item) if matches(selector, other.pod_labels)]
    known = index(item.bundle).labelled
    fewest = min((known.get(_pair(label), []) for label in labels.items()), key=len)
    return [other for other in fewest if near(item, other) and matches(selector, other.pod_labels)]


def behind(service: KubeObject) -> list[KubeObject]:
    """The objects whose pods a Service sends to; none for one without a selector."""
    selector = mapping(service.get("spec", "selector")) if service.kind == "Service" else {}
    return selected(service, {"matchLabels": selector}) if selector else []


def is_served(item: KubeObject) -> bool:
    """Whether a Service of the bundle sends requests to a workload's pods."""
    known = index(item.bundle)
    if known.served is None:
        known.served = {id(one) for service in item.bundle.of("Service") for one in behind(service)}
    return id(item) in known.served


def scalers(item: KubeObject) -> list[KubeObject]:
    """The autoscalers of a workload: HorizontalPodAutoscalers and KEDA's ScaledObjects."""
    found = index(item.bundle).scalers.get((item.kind, item.name), [])
    return [scaler for scaler in found if near(scaler, item)]


def _pair(label: tuple[Any, Any]) -> tuple[str, str]:
    return str(label[0]), str(label[1])


def replicas(item: KubeObject) -> int | None:
    """The least number of pods a workload runs; None when it can't be told."""
    if item.kind not in SCALED:
        return None
    found = scalers(item)
    if found:
        least = found[0].get(
            "spec", "minReplicas", default=found[0].get("spec", "minReplicaCount", default=1)
        )
    else:
        least = item.get("spec", "replicas", default=1)
    return least if isinstance(least, int) and not isinstance(least, bool) else None


def container_ports(item: KubeObject) -> dict[int, str]:
    """The ports that a workload's containers declare, each with its name or an empty text."""
    found = {}
    for container in item.containers(init=False):
        for port in map(mapping, sequence(container.get("ports"))):
            number = port.get("containerPort")
            if isinstance(number, int):
                found[number] = str(port.get("name", ""))
    return found
