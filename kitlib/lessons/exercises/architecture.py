"""Lesson 01: cloud-native architecture. The Deployment `todo-page` waits, with no pod, to be configured."""

from __future__ import annotations

from typing import Any

from kitlib.cluster import Cluster
from kitlib.lessons import web
from kitlib.lessons.catalogue import Section
from kitlib.lessons.exercise import Task
from kitlib.lessons.exercises import services

NOTIFIER = """\
### Notifier Service
- **Type**: Background Jobs
- **Framework**: Celery
- **Replicas**: 1-3
- **Resources**:
  - CPU: 100m-500m
  - Memory: 128Mi-256Mi
- **Calls**: cache
"""

DELIVERY = """\
communication:
  asynchronous:
    - pattern: Event Streaming
      broker: Kafka
      use_case: Audit log, written to PostgreSQL
      delivery: At-least-once
  service_discovery:
    method: Kubernetes DNS
    format: <service>.<namespace>.svc.cluster.local
"""

PROGRAM = """\
apiVersion: batch/v1
kind: Job
metadata: {name: plugins}
spec:
  backoffLimit: 2
  template:
    spec:
      restartPolicy: Never
      containers:
      - {name: plugins, image: IMAGE, args: ["-plugins"]}
"""

_DEPLOYMENT = "kubectl get deployment todo-page -o yaml -n $NAMESPACE"


def _setup(cluster: Cluster) -> list[dict[str, Any]]:
    ports = [{"name": "http", "port": 80, "targetPort": "health"}]
    spec = {"selector": {"app.kubernetes.io/name": "api"}, "ports": ports}
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "api"}, "spec": spec}
    return [*services.page(), *web.deployment(cluster, "api"), service]


def _notifier(_: Cluster) -> str:
    return NOTIFIER


def _delivery(_: Cluster) -> str:
    return DELIVERY


def _run_once(cluster: Cluster) -> None:
    """Solves 01-7."""
    cluster.apply(PROGRAM.replace("IMAGE", web.image(cluster)), force=True)


SECTION = Section(
    "01",
    "Cloud-native architecture",
    (
        Task(
            "01-1", "the factor that is not wholly kept", services.factor,
            "the name of the factor whose evidence does not all hold", "",
            ("A verdict is only as good as its evidence: read what speaks against.",
             "It has to do with what differs between development and production.",
             "[item.factor for item in audited if item.verdict != \"kept\"]"),
            services.doubtful, asks=True,
        ),
        Task(
            "01-2", "a service in the specification", services.notifier,
            "a valid component notifier: 1 to 3 replicas, memory 128Mi-256Mi, which calls the cache",
            "",
            ("A component says what it is, how many there are, what each may use, and whom it calls.",
             "Ranges are written from the smaller to the greater; memory has a unit such as Mi.",
             "Replicas 1-3, Memory 128Mi-256Mi, Calls cache"),
            _notifier, asks=True,
        ),
        Task(
            "01-3", "what 99.9% allows", services.downtime, "the minutes in 30 days that may be lost",
            "",
            ("What is not promised is what may be lost.",
             "30 days are 30 * 24 * 60 minutes; of these, one in a thousand.",
             "30 * 24 * 60 * 0.001"),
            services.minutes, asks=True,
        ),
        Task(
            "01-4", "a delivery that can be kept", services.delivery,
            "the delivery that a consumer which writes into PostgreSQL can rely on, and that loses nothing",
            "",
            ("A broker cannot know whether its consumer's transaction was committed.",
             "Once more after a crash is harmless where the receiver recognises it; never is not.",
             "delivery: At-least-once"),
            _delivery, asks=True,
        ),
        Task(
            "01-5", "finding a service", services.discovery,
            "API_URL of todo-page: the Service api of this namespace, by its name, on its port", _DEPLOYMENT,
            ("A Service's name is in DNS, for the pods of its namespace just as it is.",
             "The Service listens on port 80, whatever its pods listen on.",
             "http://api"),
            services.point_at_api,
        ),
        Task(
            "01-6", "a timeout", services.timeout, "API_TIMEOUT_SECONDS of todo-page, as it is specified",
            _DEPLOYMENT,
            ("Environment variables are texts, and this one counts seconds.",
             "The communication specification says timeout: 10s for REST.",
             '{"name": "API_TIMEOUT_SECONDS", "value": "10"}'),
            services.set_timeout,
            errors=((r"(?i)expected string|cannot (unmarshal|convert)", services.QUOTE),),
        ),
        Task(
            "01-7", "a one-off process", services.once, "a Job plugins whose container runs with -plugins",
            "kubectl get job plugins -n $NAMESPACE",
            ("What runs once and ends has a kind of its own, which sees it through.",
             "That kind is Job; whether its container is started again, restartPolicy says.",
             "kind: Job, restartPolicy: Never"),
            _run_once,
            errors=(
                (r"(?i)restartPolicy|Unsupported value", services.ENDS),
                (r"spec\.(backoffLimit|template): field not declared", services.AGAIN),
            ),
        ),
    ),
    _setup,
)  # fmt: skip
