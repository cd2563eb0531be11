"""Shell scripts for a local cluster on minikube, whose commands are those of kit's own provider."""

from __future__ import annotations

from collections.abc import Sequence
from shlex import quote
from typing import Any

from kitlib.artifacts.artifact import Artifact, context, repository, slug
from kitlib.artifacts.compose_environment import stands_behind
from kitlib.artifacts.templating import fill
from kitlib.cluster.providers import UpOptions, minikube
from kitlib.specs.application import Application

PROFILE, TAG = "@profile@", "@tag@"  # stand for variables of the scripts
_LATER = ("registry", "ingress-dns")  # as minikube.Machine says


def scripts(app: Application) -> list[Artifact]:
    """`setup-minikube.sh` and `dev-workflow.sh`; none when the local cluster is not minikube's."""
    if app.local_cluster.provider != "minikube":
        return []
    values = _values(app)
    return [
        Artifact(f"{slug(app)}/scripts/{name}", fill(name, values), executable=True)
        for name in ("setup-minikube.sh", "dev-workflow.sh")
    ]


def machine(app: Application) -> minikube.Machine:
    """What the local cluster specification asks of minikube."""
    spec = app.local_cluster
    return minikube.Machine(
        spec.driver,
        f"{spec.kubernetes}.0",
        spec.cpus,
        spec.memory_mb,
        spec.disk_gb,
        tuple(addon for addon in spec.addons if addon not in _LATER),
        tuple(addon for addon in spec.addons if addon in _LATER),
    )


def _values(app: Application) -> dict[str, Any]:
    asked = machine(app)
    folder = slug(app)
    images = {name: repository(app, name) for name in app.containers}
    return {
        "app": folder,
        "namespace": app.local_cluster.namespace,
        "needs": app.local_cluster.prerequisites,
        "start": _shell(minikube.start_command(PROFILE, UpOptions(), asked)),
        "addons": [_shell(command) for command in minikube.addon_commands(PROFILE, asked)],
        "status": _shell(minikube.status_command(PROFILE)),
        "builds": [
            _shell(minikube.build_command(PROFILE, f"{image}:{TAG}", f"{folder}/{context(app, name)}"))
            for name, image in images.items()
        ],
        "services": list(images),
        "hosts": [host for service in app.architecture.services for host in service.development_hosts],
        "pod_security": app.architecture.security.pod_security.lower(),
        "database": stands_behind(app, "database"),
    }


def _shell(command: Sequence[str]) -> str:
    """A command as a line of a script, with the script's variables where their marks stand."""
    words = [quote(part) if "@" not in part else f'"{part}"' for part in command]
    return " ".join(words).replace(PROFILE, "$PROFILE").replace(TAG, "$TAG")
