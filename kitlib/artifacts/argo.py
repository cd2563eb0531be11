"""The Argo CD Application that keeps production at what the main branch says.

Source: argo-cd.readthedocs.io, Application specification and build environment.
"""

from __future__ import annotations

from typing import Any

from kitlib.artifacts.artifact import Artifact, slug
from kitlib.artifacts.yamlfile import dump
from kitlib.specs.application import Application

COMMENT = """\
Argo CD installs the chart and keeps the cluster at it. ARGOCD_APP_REVISION is the full SHA of the commit it
has fetched: the tag that .github/workflows/deploy.yaml pushes."""
NOTES = {
    "forceString:": "A SHA of digits and one e would be read as a number.",
    "- group: apps": "The chart leaves the number of replicas to the autoscaler; so must the comparison.",
}


def argo(app: Application) -> list[Artifact]:
    """`deploy/argocd-application.yaml`."""
    name = slug(app)
    body = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {
            "name": name,
            "namespace": "argocd",
            "finalizers": ["resources-finalizer.argocd.argoproj.io"],
        },
        "spec": _spec(app, name),
    }
    text = dump(body, comment=COMMENT, notes=NOTES)
    return [Artifact(f"{name}/deploy/argocd-application.yaml", text)]


def repository_url(app: Application) -> str:
    """The Git repository, of the registry's organisation: `ghcr.io/myorg` → github.com/myorg/todo-app."""
    organisation = app.build.registry.url.partition("/")[2] or slug(app)
    return f"https://github.com/{organisation}/{slug(app)}.git"


def _spec(app: Application, name: str) -> dict[str, Any]:
    body: dict[str, Any] = {
        "project": "default",
        "source": {
            "repoURL": repository_url(app),
            "targetRevision": "main",
            "path": f"charts/{name}",
            "helm": {
                "valueFiles": ["values.yaml", "values-prod.yaml"],
                "parameters": [_tag(service) for service in app.containers],
            },
        },
        "destination": {"server": "https://kubernetes.default.svc", "namespace": name},
        "syncPolicy": _policy(app),
    }
    if any(service.replicas.autoscaled for service in app.architecture.services):
        ignored = {"group": "apps", "kind": "Deployment", "jsonPointers": ["/spec/replicas"]}
        body["ignoreDifferences"] = [ignored]
    return body


def _tag(service: str) -> dict[str, Any]:
    return {"name": f"{service}.image.tag", "value": "$ARGOCD_APP_REVISION", "forceString": True}


def _policy(app: Application) -> dict[str, Any]:
    level = app.architecture.security.pod_security.lower()
    labels = {f"pod-security.kubernetes.io/{mode}": level for mode in ("enforce", "warn")}
    options = ["CreateNamespace=true", "PrunePropagationPolicy=foreground", "PruneLast=true"]
    return {
        "automated": {"prune": True, "selfHeal": True, "allowEmpty": False},
        "managedNamespaceMetadata": {"labels": labels},
        "syncOptions": [*options, "RespectIgnoreDifferences=true"],
        "retry": {"limit": 5, "backoff": {"duration": "5s", "factor": 2, "maxDuration": "3m"}},
    }
