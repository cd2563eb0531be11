"""Lesson 03: pods, Services, Deployments. Everything is about the Deployment `shop`."""

from __future__ import annotations

from typing import Any

from kitlib.cluster import Cluster
from kitlib.lessons import web
from kitlib.lessons.catalogue import Section
from kitlib.lessons.exercise import Task
from kitlib.lessons.exercises import shop

SETTINGS = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: shop-settings}
data:
  LOG_LEVEL: DEBUG
  MAX_ITEMS: "50"
"""

SERVICE = """\
apiVersion: v1
kind: Service
metadata: {name: shop}
spec:
  selector: {app.kubernetes.io/name: shop}
  ports: [{name: http, port: 80, targetPort: health}]
"""

INGRESS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop}
spec:
  ingressClassName: nginx
  rules:
  - host: shop.example.com
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: shop, port: {number: 80}}}}
"""

_TEXT = "Every value of a ConfigMap is text: quote numbers and true/false."
_DEPLOYMENT = "kubectl get deployment shop -n $NAMESPACE"


def _setup(cluster: Cluster) -> list[dict[str, Any]]:
    return web.deployment(cluster, "shop")


SECTION = Section(
    "03",
    "Kubernetes basics",
    (
        Task(
            "03-1", "configuration in a ConfigMap", shop.settings,
            'a ConfigMap shop-settings with LOG_LEVEL DEBUG and MAX_ITEMS "50"',
            "kubectl get configmap shop-settings -o yaml -n $NAMESPACE",
            ("Configuration lives outside of the image, as names and texts.",
             "Both are keys of data; YAML reads 50 as a number unless it is quoted.",
             'data: {LOG_LEVEL: DEBUG, MAX_ITEMS: "50"}'),
            SETTINGS,
            errors=((r"(?i)expected string|cannot unmarshal number|not.*string|must be.*string", _TEXT),),
        ),
        Task(
            "03-2", "who owns the pods", shop.owner, "the kind of the object that owns the pods of shop",
            "kubectl get pods -l app.kubernetes.io/name=shop -n $NAMESPACE "
            "-o custom-columns=POD:.metadata.name,OWNER:.metadata.ownerReferences[0].kind",
            ("Every object that a controller makes names its owner.",
             "It is in metadata.ownerReferences of the pod.",
             "It is what a Deployment makes for each version of its template: a R…Set."),
            shop.owner_kind, asks=True,
        ),
        Task(
            "03-3", "a Service in front of the pods", shop.service,
            "a Service shop: port 80 to the container's port health, for the pods of shop",
            "kubectl get service shop -o wide -n $NAMESPACE",
            ("A Service finds pods by their labels, and knows nothing of Deployments.",
             "spec.selector is a part of the pods' labels; targetPort is the container's port.",
             "selector: {app.kubernetes.io/name: shop}, ports: [{name: http, port: 80, targetPort: health}]"),
            SERVICE,
        ),
        Task(
            "03-4", "a host name for the Service", shop.ingress,
            "an Ingress shop of class nginx: shop.example.com to the Service shop, port 80",
            "kubectl get ingress shop -n $NAMESPACE",
            ("An Ingress maps hosts and paths to Services; a controller of its class serves it.",
             "spec.ingressClassName, spec.rules[].host, and a path with pathType and backend.",
             "backend: {service: {name: shop, port: {number: 80}}}, pathType: Prefix"),
            INGRESS,
            errors=(
                (r"ingressClass: field", "Who serves it is told by spec.ingressClassName."),
                (r"spec\.rules\[0\]\.host", "A host is a name alone, without http:// and without a path."),
                ("pathType", "Each path says how it is compared: pathType, Prefix or Exact."),
            ),
        ),
        Task(
            "03-5", "more replicas", shop.three, "the Deployment shop with 3 replicas", _DEPLOYMENT,
            ("You say how many; the controller makes and removes pods.",
             "The number is spec.replicas of the Deployment.",
             'q5.do(cluster.scale, "Deployment", "shop", 3)'),
            shop.scale_to_three,
        ),
        Task(
            "03-6", "traffic to ready pods only", shop.readiness,
            "a readinessProbe: GET /ready on the port ready",
            f"{_DEPLOYMENT} -o jsonpath={{..readinessProbe}}",
            ("A pod is given traffic as long as its readiness probe succeeds.",
             "The probe is in the container: readinessProbe.httpGet, with path and port.",
             'readinessProbe: {httpGet: {path: /ready, port: ready}}'),
            shop.add_readiness,
        ),
        Task(
            "03-7", "requests and limits", shop.resources,
            "requests of 50m CPU and 32Mi of memory, and a limit of 128Mi of memory",
            f"{_DEPLOYMENT} -o jsonpath={{..resources}}",
            ("Requests are what the scheduler sets aside; a limit is where the kernel steps in.",
             "They are in the container: resources.requests and resources.limits.",
             "resources: {requests: {cpu: 50m, memory: 32Mi}, limits: {memory: 128Mi}}"),
            shop.set_resources,
        ),
    ),
    _setup,
)  # fmt: skip
