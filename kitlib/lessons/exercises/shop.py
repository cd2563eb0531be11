"""What lesson 03 looks at, and what solves it: the Deployment `shop` and the objects around it."""

from __future__ import annotations

from typing import Any

from kitlib.cluster import Cluster, Resource
from kitlib.lessons.outcome import Verdict, nothing, right, written, wrong
from kitlib.quantity import parse

SHOP = {"app.kubernetes.io/name": "shop"}
GONE = "The Deployment shop is part of the lesson; lesson.reset() brings it back."


def _shop(cluster: Cluster) -> Resource | None:
    return cluster.find("Deployment", "shop")


def settings(cluster: Cluster, _: Any) -> Verdict:
    """03-1: configuration in a ConfigMap."""
    found = cluster.find("ConfigMap", "shop-settings")
    if found is None:
        secret = cluster.find("Secret", "shop-settings")
        said = "That is a Secret: for what may be read by everybody, a ConfigMap."
        return (
            wrong("a Secret shop-settings", said)
            if secret
            else nothing("there is no ConfigMap shop-settings")
        )
    data = found.get("data") or {}
    level, items = data.get("LOG_LEVEL"), data.get("MAX_ITEMS")
    if (level, items) == ("DEBUG", "50"):
        return right(data)
    if level is not None and level != "DEBUG" and level.upper() == "DEBUG":
        return wrong(data, "Programs compare such values letter by letter: DEBUG, in capitals.")
    if items is not None and items.strip("\"'") == "50":
        return wrong(data, "MAX_ITEMS has quotes inside its text: quote once.")
    return wrong(data)


def service(cluster: Cluster, _: Any) -> Verdict:
    """03-3: a Service in front of the pods."""
    found = cluster.find("Service", "shop")
    if found is None:
        return nothing("there is no Service shop")
    deployment = _shop(cluster)
    if deployment is None:
        return wrong("there is no Deployment shop", GONE)
    selector = found.at("spec.selector", {})
    labels = deployment.at("spec.template.metadata.labels", {})
    port = found.at("spec.ports.0", {})
    seen = f"selector {written(selector)}, port {port.get('port')} → {port.get('targetPort')}"
    if not selector or not selector.items() <= labels.items():
        return wrong(seen, f"No pod of shop has these labels; theirs are {written(labels)}.")
    if port.get("targetPort") not in ("health", 8080):
        said = (
            "Nothing listens there: targetPort is a port of the container, by its name health or its number."
        )
        return wrong(seen, said)
    return right(seen) if port.get("port") == 80 else wrong(seen, "Clients are to call it on port 80.")


def three(cluster: Cluster, _: Any) -> Verdict:
    """03-5: three replicas."""
    deployment = _shop(cluster)
    if deployment is None:
        return wrong("there is no Deployment shop", GONE)
    replicas = deployment.at("spec.replicas", 0)
    autoscaler = any(
        h.at("spec.scaleTargetRef.name") == "shop" for h in cluster.list("HorizontalPodAutoscaler")
    )
    if autoscaler:
        return wrong(
            "an autoscaler for shop", "An autoscaler decides for you; here you set the number yourself."
        )
    if replicas == 3:
        return right("3 replicas")
    if [pod for pod in cluster.list("Pod", labels=SHOP) if not pod["metadata"].get("ownerReferences")]:
        return wrong("a pod of nobody", "A pod made by hand has no owner: nobody replaces it when it dies.")
    return nothing("1 replica") if replicas == 1 else wrong(f"{replicas} replicas")


def scale_to_three(cluster: Cluster) -> None:
    """Solves 03-5."""
    cluster.scale("Deployment", "shop", 3)


def readiness(cluster: Cluster, _: Any) -> Verdict:
    """03-6: a readiness probe."""
    deployment = _shop(cluster)
    if deployment is None:
        return wrong("there is no Deployment shop", GONE)
    container = deployment.at("spec.template.spec.containers.0", {})
    if "readinessProbe" not in container:
        if "livenessProbe" in container:
            said = "A liveness probe restarts the container; traffic is withheld by the readiness probe."
            return wrong("a livenessProbe only", said)
        return nothing("no readinessProbe")
    asked = container["readinessProbe"].get("httpGet") or {}
    seen = f"GET {asked.get('path')} on port {asked.get('port')}"
    if asked.get("path") == "/ready" and asked.get("port") in ("ready", 8181):
        return right(seen)
    if asked.get("path") == "/health":
        return wrong(seen, "/health says that the program lives; whether it can serve, /ready says.")
    if asked.get("port") not in ("ready", 8181):
        return wrong(seen, "/ready is answered on the port named ready, 8181, and on no other.")
    if not str(asked.get("path")).startswith("/"):
        return wrong(seen, "A path begins with a slash.")
    return wrong(seen)


def add_readiness(cluster: Cluster) -> None:
    """Solves 03-6."""
    probe = {"readinessProbe": {"httpGet": {"path": "/ready", "port": "ready"}}}
    change = {"spec": {"template": {"spec": {"containers": [{"name": "web", **probe}]}}}}
    cluster.patch("Deployment", "shop", change)


def resources(cluster: Cluster, _: Any) -> Verdict:
    """03-7: requests and limits."""
    deployment = _shop(cluster)
    if deployment is None:
        return wrong("there is no Deployment shop", GONE)
    found = deployment.at("spec.template.spec.containers.0.resources", {})
    if not found:
        return nothing("no requests, no limits")
    memory = str((found.get("limits") or {}).get("memory", ""))
    if memory.endswith("m"):
        return wrong(
            f"limits.memory {memory}", "In memory, m is a thousandth of a byte: Mi is what you mean."
        )
    if "requests" not in found:
        return wrong("limits without requests", "The scheduler plans with requests: give them too.")
    if memory.endswith("M") or str(found["requests"].get("memory", "")).endswith("M"):
        return wrong(found, "M is 1000 × 1000 bytes, and Mi 1024 × 1024: Mi is asked for.")
    if str(found["requests"].get("cpu", "")).isdigit():
        return wrong(found, "Without a unit these are whole processors; m is a thousandth of one.")
    wanted = {"requests.cpu": "50m", "requests.memory": "32Mi", "limits.memory": "128Mi"}
    seen = {path: (found.get(path.split(".")[0]) or {}).get(path.split(".")[1]) for path in wanted}
    same = all(seen[path] is not None and parse(seen[path]) == parse(text) for path, text in wanted.items())
    return right(seen) if same else wrong(seen)


def set_resources(cluster: Cluster) -> None:
    """Solves 03-7."""
    requests = {"cpu": "50m", "memory": "32Mi"}
    resources = {"requests": requests, "limits": {"memory": "128Mi"}}
    change = {"spec": {"template": {"spec": {"containers": [{"name": "web", "resources": resources}]}}}}
    cluster.patch("Deployment", "shop", change)


def owner(cluster: Cluster, answer: Any) -> Verdict:
    """03-2: what owns the pods."""
    pods = cluster.list("Pod", labels=SHOP)
    owners = {str(pod.at("metadata.ownerReferences.0.kind")): pod for pod in pods}
    if answer in owners:
        return right(answer)
    if answer == "Deployment":
        return wrong(
            answer, "The Deployment owns what owns the pods: look at a pod's metadata.ownerReferences."
        )
    if str(answer).startswith("shop-"):
        return wrong(answer, "That is a name; the kind of that object is asked for.")
    if str(answer).lower() in map(str.lower, owners):
        return wrong(answer, "Kinds are written as the object writes them, small and capital letters.")
    return wrong(answer)


def owner_kind(cluster: Cluster) -> str:
    """Solves 03-2."""
    pods = cluster.list("Pod", labels=SHOP)
    return str(pods[0].at("metadata.ownerReferences.0.kind"))


def ingress(cluster: Cluster, _: Any) -> Verdict:
    """03-4: a host name for the Service."""
    found = cluster.find("Ingress", "shop")
    if found is None:
        return nothing("there is no Ingress shop")
    rule = found.at("spec.rules.0", {})
    path = ((rule.get("http") or {}).get("paths") or [{}])[0]
    service = (path.get("backend") or {}).get("service") or {}
    seen = f"class {found.at('spec.ingressClassName')}, host {rule.get('host')} → {written(service)}"
    if found.at("spec.ingressClassName") != "nginx":
        said = "Who serves it is told by spec.ingressClassName; the annotation of that name is deprecated."
        return wrong(seen, said)
    if not rule.get("host"):
        return wrong(seen, "A rule without a host takes the requests for every host.")
    if rule["host"] != "shop.example.com":
        return wrong(seen, "The host is another one: shop.example.com is asked for.")
    ok = service.get("name") == "shop" and service.get("port") in ({"number": 80}, {"name": "http"})
    return right(seen) if ok else wrong(seen, "It is to send to the Service shop, port 80.")
