"""The GitHub Actions workflow: test, build and scan images, push them under the commit's SHA, deploy it."""

from __future__ import annotations

from typing import Any

from kitlib.artifacts.artifact import Artifact, slug
from kitlib.artifacts.workflow_build import build_job
from kitlib.artifacts.workflow_deploy import deploy_job
from kitlib.artifacts.workflow_test import test_job
from kitlib.artifacts.yamlfile import dump
from kitlib.specs.application import Application

PATH = ".github/workflows/deploy.yaml"
COMMENT = """\
Every image is tagged with the full SHA of its commit: the tag that is pushed is the one that is deployed, by
Helm here and by Argo CD alike. Settings of the environment `production`:
  secret KUBE_CONFIG    the kubeconfig of the cluster
  variable EXTRA_VALUES a values file of this repository that goes on top of values-prod.yaml; none: none
The run steps of the job deploy work outside GitHub, too: they read only the variables under env."""
NOTES = {
    "cancel-in-progress: ${{": "A pull request's older run is of no use; a deployment is never cut short.",
    "uses: aquasecurity/": "0.35.0, by commit: in March 2026 the tags were moved to one that steals.",
    "cancel-in-progress: false": "One deployment after the other.",
}


def workflow(app: Application) -> list[Artifact]:
    """`.github/workflows/deploy.yaml`.

    Raises:
        UsageError: a service has no entry in the build specification, so no image could be pushed.
    """
    jobs = {"test": test_job(app), "build": build_job(app), "deploy": deploy_job(app)}
    body: dict[str, Any] = {
        "name": "Build and deploy",
        "on": {
            "push": {"branches": ["main"], "tags": ["v*"]},
            "pull_request": {"branches": ["main"]},
        },
        "permissions": {"contents": "read"},
        "concurrency": {
            "group": "${{ github.workflow }}-${{ github.ref }}",
            "cancel-in-progress": "${{ github.event_name == 'pull_request' }}",
        },
        "env": {"REGISTRY": app.build.registry.url, "TAG": "${{ github.sha }}"},
        "jobs": jobs,
    }
    return [Artifact(PATH, dump(body, comment=COMMENT.replace("todo-app", slug(app)), notes=NOTES))]
