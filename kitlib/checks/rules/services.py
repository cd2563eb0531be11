"""Services: what they select, the ports they send to, and the ones that StatefulSets need."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from kitlib.checks.rule import Hit, rule
from kitlib.checks.selectors import behind, container_ports, named, near, pods
from kitlib.checks.targets import KubeObject, mapping, sequence

_SERVICE = "https://kubernetes.io/docs/concepts/services-networking/service/"


@rule(
    "object",
    "service-selects-nothing",
    "error",
    "A Service selects no pods",
    why="No pods of the objects applied here carry its labels: every connection to it is refused.",
    source=f"{_SERVICE}#defining-a-service",
)
def service_selects_nothing(item: KubeObject) -> Iterator[Hit]:
    selector = mapping(item.get("spec", "selector")) if item.kind == "Service" else {}
    if not selector or behind(item):
        return
    known = [one for one in pods(item.bundle, item) if one.kind not in ("Job", "CronJob")]
    if not known:
        return
    closest = max(
        known, key=lambda one: len(selector.items() & one.pod_labels.items()) if _flat(one, selector) else 0
    )
    wrong = [key for key, value in selector.items() if closest.pod_labels.get(key) != value]
    has = ", ".join(f"{key}: {closest.pod_labels.get(key)}" for key in wrong)
    found = ", ".join(f"{key}: {selector[key]}" for key in wrong)
    fix = (
        has
        if all(key in closest.pod_labels for key in wrong)
        else f"remove {', '.join(wrong)} from the selector"
    )
    where = item.at("spec", "selector", wrong[0])
    yield Hit(where, found, f"labels such as those of {closest.kind} {closest.name}", fix)


def _flat(item: KubeObject, selector: object) -> bool:
    values = [*item.pod_labels.values(), *mapping(selector).values()]
    return all(isinstance(value, str | int | float | bool) for value in values)


@rule(
    "object",
    "service-target-port",
    "error",
    "A Service sends to a port that its pods do not have",
    why="A name that no container port carries leaves the Service without endpoints; a number that none "
    "carries is refused by the pod.",
    source=f"{_SERVICE}#field-spec-ports",
)
def service_target_port(item: KubeObject) -> Iterator[Hit]:
    workloads = [one for one in behind(item) if container_ports(one)]
    for index, port in enumerate(map(mapping, sequence(item.get("spec", "ports")))):
        wanted = port.get("targetPort", port.get("port"))
        for workload in workloads:
            known = container_ports(workload)
            names = {name: number for number, name in known.items() if name}
            if str(wanted) in {*names, *map(str, known)}:
                continue
            close = get_close_matches(str(wanted), names, n=1) or list(names) or [str(min(known))]
            key = "targetPort" if "targetPort" in port else "port"
            expected = ", ".join(f"{number}{f' ({name})' if name else ''}" for number, name in known.items())
            found = f"{key}: {wanted}, and {workload.kind} {workload.name} has {expected}"
            yield Hit(
                item.at("spec", "ports", index, key), found, f"one of {expected}", f"targetPort: {close[0]}"
            )


@rule(
    "object",
    "service-port-names",
    "error",
    "A Service with several ports leaves one unnamed, or names two alike",
    why="The API server refuses it: with more than one port each needs a name of its own.",
    source=f"{_SERVICE}#multi-port-services",
)
def service_port_names(item: KubeObject) -> Iterator[Hit]:
    ports = [mapping(port) for port in sequence(item.get("spec", "ports"))]
    if item.kind != "Service" or len(ports) < 2:
        return
    names: set[str] = set()
    for index, port in enumerate(ports):
        name = str(port.get("name") or "")
        if not name or name in names:
            where = item.at("spec", "ports", index)
            found = (
                f"port {port.get('port')} named {name}" if name else f"port {port.get('port')} without a name"
            )
            yield Hit(where, found, "a name of its own", f"name: port-{port.get('port')}")
        names.add(name)


@rule(
    "object",
    "statefulset-service",
    "error",
    "A StatefulSet's Service is not among the objects applied here",
    why="Its pods get their names in DNS from that Service; it isn't made for you.",
    source="https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#limitations",
)
def statefulset_service(item: KubeObject) -> Iterator[Hit]:
    name = str(item.get("spec", "serviceName", default="")) if item.kind == "StatefulSet" else ""
    services = [one.name for one in item.bundle.of("Service") if near(one, item)] if name else []
    if not services or name in services:
        return
    close = get_close_matches(name, services, n=1)
    fix = f"serviceName: {close[0]}" if close else f"add a Service {name} with clusterIP: None"
    yield Hit(
        item.at("spec", "serviceName"), f"serviceName: {name}", f"one of {', '.join(sorted(services))}", fix
    )


@rule(
    "object",
    "statefulset-not-headless",
    "warning",
    "A StatefulSet of several pods has no headless Service",
    why="Only a headless Service (clusterIP: None) gives each pod a name in DNS, by which members of a "
    "cluster find each other.",
    source="https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#stable-network-id",
)
def statefulset_not_headless(item: KubeObject) -> Iterator[Hit]:
    count = item.get("spec", "replicas", default=1)
    if item.kind != "StatefulSet" or not isinstance(count, int) or count < 2:
        return
    service = named(item, "Service", str(item.get("spec", "serviceName")))
    if service is not None and service.get("spec", "clusterIP") != "None":
        found = f"Service {service.name}, and {count} pods of {item.name}"
        yield Hit(
            service.at("spec", "clusterIP"), found, "clusterIP: None", "clusterIP: None   # under spec:"
        )
