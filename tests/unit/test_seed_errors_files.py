"""Each known error of the seed's Dockerfiles, Compose, scripts, programs and Application is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from kitlib.checks import engine
from kitlib.checks.project import load

SEED = Path(__file__).parents[1] / "seed"
EXPECTED = {
    # row of the table of known errors: rule, file, text on the line that is reported
    "npm ci --only=production": ("docker-npm-production", "frontend/Dockerfile", "npm ci --only=production"),
    "standalone needs next.config": ("nextjs-standalone-off", "frontend/Dockerfile", ".next/standalone"),
    "public/ must exist": ("nextjs-public-missing", "frontend/Dockerfile", "/app/public"),
    "useradd -r": ("docker-user-unknown-id", "backend/Dockerfile", "useradd -r"),
    "USER appuser": ("docker-user-named", "backend/Dockerfile", "USER appuser"),
    "USER nextjs": ("docker-user-named", "frontend/Dockerfile", "USER nextjs"),
    "runAsUser 1000 against the image": ("pod-user-not-image-user", "backend/Dockerfile", "USER appuser"),
    "Compose version": ("compose-version", "docker-compose.yml", "version: '3.8'"),
    "target: development": ("compose-target", "docker-compose.yml", "target: development"),
    "depends_on: [db]": ("compose-depends-on", "docker-compose.yml", "- db"),
    "no healthcheck": ("compose-healthcheck", "docker-compose.yml", "db:"),
    "user:pass": ("compose-password", "docker-compose.yml", "user:pass"),
    "5432 for everybody": ("compose-database-port", "docker-compose.yml", "5432:5432"),
    "NEXT_PUBLIC_ at run time": (
        "nextjs-public-variable",
        "charts/todo-app/values.yaml",
        "NEXT_PUBLIC_API_URL",
    ),
    "Kubernetes 1.28": ("kubernetes-ended", "scripts/setup-minikube.sh", "v1.28.0"),
    "docker-env": ("minikube-docker-env", "scripts/setup-minikube.sh", "eval $(minikube docker-env)"),
    "the same tag again": ("script-same-tag", "scripts/dev-workflow.sh", "api.image.tag=dev"),
    "Ingress on macOS": ("minikube-ingress-platform", "scripts/setup-minikube.sh", "minikube start"),
    "set -e without pipefail": (
        "script-no-pipefail",
        "scripts/setup-minikube.sh",
        "kubectl create namespace dev",
    ),
    "no set -e": ("script-no-errexit", "scripts/dev-workflow.sh", "#!/bin/bash"),
    "field selector spec.type": (
        "kubectl-service-type-selector",
        "scripts/kubectl-ai-usage.sh",
        "spec.type=",
    ),
    "top | awk": ("kubectl-top-awk", "scripts/kubectl-ai-usage.sh", "awk"),
    "restart of Deployments": (
        "kubectl-restart-deployments",
        "scripts/kubectl-ai-usage.sh",
        "rollout restart",
    ),
    "reason=Failed": ("kubectl-events-one-reason", "scripts/kubectl-ai-usage.sh", "reason=Failed"),
    "sozercan's kubectl-ai": ("kubectl-ai-unmaintained", "scripts/kubectl-ai-setup.sh", "sozercan"),
    "kagent.io/v1": ("agent-crd-missing", "kagent-config.yaml", "apiVersion: kagent.io/v1"),
    "the agent's gpt-4": ("agent-model-retired", "kagent-config.yaml", "name: gpt-4"),
    "gpt-4": ("ai-model-retired", "scripts/ai_debug.py", 'model="gpt-4"'),
    "the full status to the model": ("ai-unbounded-evidence", "scripts/ai_debug.py", "json.dumps(status"),
    "kubectl unchecked": ("python-kubectl-unchecked", "scripts/ai_debug.py", "subprocess.run"),
    "ARGOCD_APP_REVISION": ("argocd-revision-tag", "argocd/application.yaml", "$ARGOCD_APP_REVISION"),
    "tag deployed is not pushed": (
        "workflow-tag-not-pushed",
        ".github/workflows/deploy.yaml",
        "api.image.tag=",
    ),
    "azure/setup-helm@v3": (
        "workflow-action-retired",
        ".github/workflows/deploy.yaml",
        "azure/setup-helm@v3",
    ),
    "docker/*@v5": (
        "workflow-action-retired",
        ".github/workflows/deploy.yaml",
        "docker/build-push-action@v5",
    ),
    "no scan": ("workflow-no-scan", ".github/workflows/deploy.yaml", "- name: Build and push API"),
    "no permissions": ("workflow-permissions", ".github/workflows/deploy.yaml", "test:"),
    "Pulumi: replicas": ("pulumi-replicas", "infrastructure/main.py", '"replicas"'),
    "Pulumi: annotation": ("pulumi-ingress-class", "infrastructure/main.py", "kubernetes.io/ingress.class"),
    "Exactly-once": ("communication-exactly-once-kafka", "specs/communication.yaml", "Exactly-once"),
    "metrics port": ("port-not-exposed", "backend/Dockerfile", "EXPOSE 8000"),
}


@pytest.fixture(scope="module")
def project():
    return load(SEED, [SEED])


@pytest.mark.parametrize("row", EXPECTED)
def test_each_known_error_is_found_in_the_seed(project, row):
    rule, path, text = EXPECTED[row]
    found = [str(item.object) for item in engine.run_rule(engine.all_rules()[rule], project)]
    rows = (SEED / path).read_text().splitlines()
    places = [where.rpartition(":") for where in found]
    assert any(file == path and text in rows[int(line) - 1] for file, _, line in places), found


def test_without_compose_nothing_uses_the_healthcheck():
    backend = load(SEED / "backend", [SEED / "backend"])
    found = list(engine.run_rule(engine.all_rules()["docker-healthcheck-unused"], backend))
    assert [item.object for item in found] == ["Dockerfile:42"]
