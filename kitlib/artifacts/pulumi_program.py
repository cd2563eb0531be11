"""A Pulumi program for the application: its code is a template, its data comes from the specifications.

The tests run it under Pulumi's mocks and hold each of its resources against the manifest of the same name.
"""

from __future__ import annotations

from typing import Any

from kitlib.artifacts.artifact import Artifact, repository, slug
from kitlib.artifacts.literal import literal
from kitlib.artifacts.manifests import ENVIRONMENTS, Target, network, policies, workloads
from kitlib.artifacts.manifests.component import PRODUCTS, STORE_PORTS, VERSION, Component
from kitlib.artifacts.templating import fill
from kitlib.artifacts.yamlfile import dump
from kitlib.specs.application import Application

REQUIREMENTS = "pulumi>=3.180,<4\npulumi-kubernetes>=4.23,<5\n"
SERVICES_TITLE = (
    '"""What the specifications say about the services, in each environment."""\n\nfrom typing import Any\n'
)


def pulumi_program(app: Application) -> list[Artifact]:
    """`deploy/infrastructure`: the project, the program, its data and what it needs.

    Raises:
        UsageError: see kitlib.artifacts.manifests.
    """
    folder = f"{slug(app)}/deploy/infrastructure"
    targets = [Target(app, environment) for environment in ENVIRONMENTS]
    keys = sorted({key for item in targets[0].components for key in item.secrets})
    stores = targets[0].stores
    words = {
        "title": app.architecture.name,
        "secrets": keys,
        "stores": " and ".join(PRODUCTS[store] for store in stores),
        "files": " and ".join(f"{store}.yaml" for store in stores),
    }
    program = fill("pulumi_main.py.j2", words)
    return [
        Artifact(f"{folder}/Pulumi.yaml", _project(app, keys)),
        Artifact(f"{folder}/__main__.py", program),
        Artifact(f"{folder}/services.py", _services(targets)),
        Artifact(f"{folder}/requirements.txt", REQUIREMENTS),
    ]


def _project(app: Application, keys: list[str]) -> str:
    """Source: pulumi.com/docs/iac/concepts/projects/project-file."""
    secret = {"type": "string", "secret": True}
    body = {
        "name": slug(app),
        "runtime": {"name": "python", "options": {"virtualenv": "venv"}},
        "description": f"{app.architecture.name} on a Kubernetes cluster",
        "config": {
            "environment": {"type": "string", "default": "development"},
            "version": {"type": "string", "default": VERSION},
            "registry": {"type": "string", "default": app.build.registry.url},
            **{key.lower(): secret for key in keys},
        },
    }
    return dump(body)


def _services(targets: list[Target]) -> str:
    app = targets[0].app
    constants: dict[str, tuple[str, Any]] = {
        "APP": ("str", slug(app)),
        "REGISTRY": ("str", app.build.registry.url),
        "STORES": ("dict[str, int]", {store: STORE_PORTS[store] for store in targets[0].stores}),
        "SERVICES": (
            "dict[str, dict[str, Any]]",
            {item.name: _service(item) for item in targets[0].components},
        ),
        "ENVIRONMENTS": ("dict[str, dict[str, Any]]", {t.environment: _environment(t) for t in targets}),
    }
    lines = [f"{name}: {kind} = {literal(value)}\n" for name, (kind, value) in constants.items()]
    return SERVICES_TITLE + "\n" + "".join(lines)


def _service(component: Component) -> dict[str, Any]:
    """What a service has in every environment."""
    pod = workloads.pod_spec(component)
    serve = pod["containers"][0]
    return {
        "image": repository(component.target.app, component.name),
        "port": component.service.port,
        "http": component.http_name,
        "http_port": component.http_port,
        "metrics_port": component.metrics_port,
        "watched": policies.watched(component),
        "ports": serve.get("ports", []),
        "probes": {key: value for key, value in serve.items() if key.endswith("Probe")},
        "migration": list(component.container.migration),
        "secrets": list(component.secrets),
        "calls": list(component.calls),
        "writable": {workloads.volume(path): path for path in component.container.writable},
        "uid": component.container.security.uid,
        "read_only_root": component.container.security.read_only_root,
        "grace_seconds": pod["terminationGracePeriodSeconds"],
    }


def _environment(target: Target) -> dict[str, Any]:
    """What an environment has of its own."""
    architecture = target.app.architecture
    goals = {"cpu": architecture.scalability.cpu_target, "memory": architecture.scalability.memory_target}
    return {
        "title": architecture.name,
        "namespace": target.namespace,
        "pod_security": architecture.security.pod_security.lower(),
        "targets": {name: round(percent) for name, percent in goals.items() if percent},
        "tls": target.scheme == "https",
        "outside": {
            store: policies.cidr(target)
            for store in STORE_PORTS
            if store not in target.stores and target.callers(store)
        },
        "ingress_annotations": network.ingress_annotations(target),
        "services": {
            item.name: {
                "replicas": item.replicas.model_dump(),
                "resources": item.resources.as_kubernetes(),
                "settings": item.settings,
                "hosts": list(item.hosts),
            }
            for item in target.components
        },
    }
