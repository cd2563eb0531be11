"""Lesson 02: containers by specification. Files are judged by `kit check`, the Deployment `shop` as it is."""

from __future__ import annotations

from typing import Any

from kitlib.cluster import Cluster
from kitlib.lessons import web
from kitlib.lessons.catalogue import Section
from kitlib.lessons.exercise import Task
from kitlib.lessons.exercises import images

NOTIFIER = """\
# Container Specification: Notifier

## Base Image
- **Image**: python:3.11-slim

## Build Stages
1. **Dependencies**: Install pip packages
2. **Application**: Copy source code

## Resource Limits
- **CPU**: 50m request, 500m limit
- **Memory**: 128Mi request, 256Mi limit

## Security
- **User**: Non-root (UID 1000)
- **Filesystem**: Read-only root
- **Capabilities**: Drop all
"""
COMPOSE = """\
services:
  api:
    image: todo-api:development
    depends_on:
      db: {condition: service_healthy}
  db:
    image: postgres:15-alpine
    healthcheck: {test: [CMD, pg_isready, --host, 127.0.0.1]}
"""
BUILD = """\
version: "1.0"
services:
  notifier:
    context: ./notifier
    image: ${REGISTRY}/todo-notifier:${VERSION}
    platforms: [linux/amd64, linux/arm64]
    scan: true
    push: true
registry:
  url: ghcr.io/myorg
  auth: {method: token, secret: GITHUB_TOKEN}
scanning: {tool: trivy, severity: "HIGH,CRITICAL", fail_on_vulnerability: true}
"""
_DEPLOYMENT = "kubectl get deployment shop -o yaml -n $NAMESPACE"


def _setup(cluster: Cluster) -> list[dict[str, Any]]:
    """The Deployment `shop`, with no pod and no security context."""
    config, deployment = web.deployment(cluster, "shop")
    deployment["spec"]["replicas"] = 0
    pod = deployment["spec"]["template"]["spec"]
    del pod["securityContext"], pod["containers"][0]["securityContext"]
    return [config, deployment]


SECTION = Section(
    "02",
    "Containers by specification",
    (
        Task(
            "02-1", "a container's specification", images.specified,
            "a valid specification of Notifier, run by the user 1000",
            "",
            ("A template's brackets and blanks are what only its author knows.",
             "The service's name is in the title, the user under Security.",
             "# Container Specification: Notifier … Non-root (UID 1000)"),
            lambda _: NOTIFIER, asks=True,
        ),
        Task(
            "02-2", "who runs in the container", images.user, "the user 1000, by its number",
            "",
            ("Whoever runs the process has its rights, and Kubernetes must be able to tell who it is.",
             "The instruction takes a name or a number; only a number can be told from root.",
             "USER 1000:____"),
            lambda _: images.USER, asks=True,
        ),
        Task(
            "02-3", "how the server is started", images.command,
            "uvicorn, which gets SIGTERM itself, and listens on all addresses, port 8000",
            "",
            ("The process that is started must get SIGTERM, and must be heard from outside.",
             "A list in JSON starts the program itself; --host says where it listens.",
             'CMD ["uvicorn", "app.main:create_app", "--factory", "--host", "0.0.0.0", …]'),
            lambda _: images.COMMAND, asks=True,
        ),
        Task(
            "02-4", "an API that waits for its database", images.compose,
            "api waits until db is healthy, and db says when it is",
            "",
            ("A database that has started is not one that answers.",
             "depends_on takes a condition for each service; a healthcheck decides it.",
             "depends_on: {db: {condition: service_healthy}}"),
            lambda _: COMPOSE, asks=True,
        ),
        Task(
            "02-5", "a build specification", images.built,
            "notifier for linux/amd64 and linux/arm64, scanned; the token by its name",
            "",
            ("An image is built for each architecture that runs it, and looked at before it is pushed.",
             "platforms is a list; scan and scanning decide what is let through; auth.secret is a name.",
             "platforms: [linux/amd64, linux/arm64], secret: GITHUB_TOKEN"),
            lambda _: BUILD, asks=True,
        ),
        Task(
            "02-6", "as few rights as it needs", images.hardened,
            "not root, no new privileges, a read-only root, no capabilities, seccomp", _DEPLOYMENT,
            ("What an image allows, the pod decides: its security context.",
             "Who it is and seccomp belong to the pod; the rest to the container.",
             "runAsNonRoot, seccompProfile: {type: RuntimeDefault}; allowPrivilegeEscalation: false, …"),
            images.harden,
        ),
    ),
    _setup,
)  # fmt: skip
