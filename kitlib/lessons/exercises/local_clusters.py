"""Lesson 05: local clusters. The Deployment `shop` wants an image that only the node has."""

from __future__ import annotations

from typing import Any

from kitlib.cluster import Cluster
from kitlib.lessons import web
from kitlib.lessons.catalogue import Section
from kitlib.lessons.exercise import Task
from kitlib.lessons.exercises import machines

VALUES = """\
api:
  replicaCount: 2
  image: {tag: dev-2, pullPolicy: Never}
  autoscaling: {enabled: false}
"""

INGRESS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  annotations:
    nginx.ingress.kubernetes.io/ssl-redirect: "false"
spec:
  ingressClassName: nginx
  rules:
  - host: shop.local
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: shop, port: {number: 80}}}}
"""


def _setup(cluster: Cluster) -> list[dict[str, Any]]:
    config, deployment = web.deployment(cluster, "shop")
    deployment["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"] = "Always"
    labels = deployment["spec"]["selector"]["matchLabels"]
    spec = {"selector": labels, "ports": [{"name": "http", "port": 80, "targetPort": "health"}]}
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "shop"}, "spec": spec}
    return [config, deployment, service]


def _values(_: Cluster) -> str:
    return VALUES


SECTION = Section(
    "05",
    "Local clusters",
    (
        Task(
            "05-1", "a machine by specification", machines.machine,
            "a supported version of Kubernetes, and no more disk asked for than is said to be free",
            "kit spec check ../todo-app/specs/local-cluster.md",
            ("A version has a day after which nobody mends it; a disk has to fit on the one below it.",
             "Under Minikube Configuration: Kubernetes. Under Prerequisites: disk space.",
             "The version of the application's own specification, and 40GB+"),
            machines.whole, asks=True,
        ),
        Task(
            "05-2", "the same with kind", machines.counterpart,
            "the command that brings the image shop:dev-2 into the nodes of the kind cluster lab",
            "kind load docker-image --help",
            ("minikube calls a cluster a profile; kind calls it by its name.",
             "kind load has a subcommand for images of Docker, and --name.",
             "kind load docker-image IMAGE --name CLUSTER"),
            machines.load_with_kind, asks=True,
        ),
        Task(
            "05-3", "an image that only the node has", machines.pull_policy,
            "imagePullPolicy of shop: IfNotPresent or Never, with the same image",
            "kubectl get deployment shop -o yaml -n $NAMESPACE",
            ("No registry has an image that was built and loaded here.",
             "Whether a registry is asked, the container's imagePullPolicy says.",
             '{"name": "web", "imagePullPolicy": "IfNotPresent"}'),
            machines.never_pull,
            errors=((r"(?i)imagePullPolicy.*(Unsupported|supported values)", machines.POLICIES),),
        ),
        Task(
            "05-4", "a local host name, without TLS", machines.ingress,
            "an Ingress shop of class nginx for shop.local, with ssl-redirect off and no tls",
            "kubectl get ingress shop -o yaml -n $NAMESPACE",
            ("On your own machine there is no certificate to redirect to.",
             "An annotation of the controller switches it off; annotations are text.",
             'nginx.ingress.kubernetes.io/ssl-redirect: "false"'),
            INGRESS,
            errors=(
                (r"(?i)expected string|cannot (unmarshal|convert)|must be.*string", machines.TEXT),
                (r"(?i)host.*(RFC 1123|lowercase)|RFC 1123", machines.NO_SCHEME),
            ),
        ),
        Task(
            "05-5", "the hosts file on a Mac", machines.hosts,
            "the address for todo.local while minikube tunnel runs, with the Docker driver on macOS",
            "minikube tunnel --help",
            ("Docker on a Mac runs in a virtual machine, whose addresses nobody outside reaches.",
             "minikube tunnel listens on the Mac itself.",
             "The address of one's own machine: 127.…"),
            machines.own_address, asks=True,
        ),
        Task(
            "05-6", "values for development", machines.values,
            "values that render the API with the image tag dev-2, never pulled, two replicas, no autoscaler",
            "helm template todo-app charts/todo-app --values charts/todo-app/values-dev.yaml",
            ("Values say it once; the templates put it where it belongs.",
             "The keys are api.image.tag, api.image.pullPolicy, api.replicaCount, api.autoscaling.enabled.",
             "api: {replicaCount: 2, image: {tag: dev-2, pullPolicy: Never}, autoscaling: {enabled: false}}"),
            _values, asks=True,
        ),
    ),
    _setup,
)  # fmt: skip
