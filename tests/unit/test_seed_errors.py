"""The seed's Kubernetes artifacts, verbatim: each known error that shows in them is reported, and where."""

from __future__ import annotations

from pathlib import Path

import pytest

from kitlib.checks import engine
from kitlib.checks.ignores import apply
from kitlib.checks.project import load

ROOT = Path(__file__).parents[2]
SEED = ROOT / "tests/seed"
FAMILIES = {
    *("availability", "certificates", "chart_templates", "charts", "configuration", "images", "ingress"),
    *(
        "network",
        "probes",
        "rbac",
        "resources",
        "secrets",
        "security",
        "services",
        "variables",
        "versions",
        "workloads",
    ),
}
M, C = "manifests", "charts/todo-app"
KNOWN = [
    # three replicas, and no budget
    ("pdb-missing", f"{M}/deployment.yaml", "  name: api"),
    # replicas with an HPA
    ("hpa-replicas", f"{M}/deployment.yaml", "  replicas: 3"),
    # kubernetes.io/ingress.class; the two rate-limit annotations; ingress-nginx
    ("ingress-class-annotation", f"{M}/ingress.yaml", "    kubernetes.io/ingress.class: nginx"),
    ("ingress-annotation-unknown", f"{M}/ingress.yaml", '    nginx.ingress.kubernetes.io/rate-limit: "100"'),
    (
        "ingress-annotation-unknown",
        f"{M}/ingress.yaml",
        '    nginx.ingress.kubernetes.io/rate-limit-window: "1m"',
    ),
    ("ingress-nginx-retired", f"{M}/ingress.yaml", "    kubernetes.io/ingress.class: nginx"),
    # literals in a Secret; DATABASE_URL: ""
    ("secret-committed", f"{M}/configmap.yaml", '  DATABASE_URL: "postgresql://user:pass@db:5432/app"'),
    ("secret-committed", f"{M}/configmap.yaml", '  JWT_SECRET: "your-jwt-secret"'),
    ("chart-required-value", f"{C}/values.yaml", '    DATABASE_URL: ""'),
    ("chart-required-value", f"{C}/values.yaml", '    JWT_SECRET: ""'),
    ("chart-credential", f"{C}/values-dev.yaml", "    password: devpassword"),
    # image.tag: latest; Bitnami's charts
    ("chart-latest", f"{C}/values.yaml", '    tag: "latest"'),
    ("chart-bitnami", f"{C}/Chart.yaml", '    repository: "https://charts.bitnami.com/bitnami"'),
    # Pod Security "restricted": needs seccompProfile, and a namespace that asks for it
    ("pod-seccomp", f"{M}/pod.yaml", "  securityContext:"),
    ("namespace-pod-security", f"{M}/namespace.yaml", "  labels:"),
    # beside those that were known: references that lead nowhere, and an image that begins with a slash
    ("config-missing", f"{M}/pod.yaml", "              name: db-credentials"),
    ("config-key-missing", f"{M}/pod.yaml", "              key: log_level"),
    ("service-account-missing", f"{M}/deployment.yaml", "      serviceAccountName: api-sa"),
    ("ingress-backend", f"{M}/ingress.yaml", "                name: frontend"),
    ("pod-bare", f"{M}/pod.yaml", "apiVersion: v1"),
    ("pod-token-mounted", f"{M}/pod.yaml", "spec:"),
    ("pod-token-mounted", f"{M}/deployment.yaml", "      serviceAccountName: api-sa"),
    ("chart-registry-empty", f"{C}/values-dev.yaml", '  imageRegistry: ""  # Use local images'),
]


def findings(root, *paths):
    """What the rules on objects, bundles and charts say of some paths."""
    project = load(root, paths)
    found = []
    for rule in engine.all_rules().values():
        if rule.check.__module__.rpartition(".")[2] in FAMILIES:
            found += engine.run_rule(rule, project)
    assert not [item for item in found if item.id == "rule-failed"]
    return [item for item in apply(project, found, set())[0] if not item.id.startswith("ignore-")]


@pytest.fixture(scope="module")
def seen():
    places = set()
    for item in findings(SEED, SEED):
        path, _, line = str(item.object).rpartition(":")
        places.add((item.id, path, (SEED / path).read_text().splitlines()[int(line) - 1]))
        assert item.fix is not None
        assert item.fix.summary
        assert "user:pass" not in repr(item)
        assert "devpassword" not in repr(item)
    return places


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: f"{known[0]} {known[2].strip()[:40]}")
def test_a_known_error_of_the_seed_is_reported_at_its_line(seen, known):
    assert known in seen


def test_nothing_else_of_the_seed_is_reported(seen):
    redis = ("secret-committed", f"{M}/configmap.yaml", '  REDIS_URL: "redis://redis:6379"')
    assert seen == {*KNOWN, redis}


@pytest.mark.parametrize("folder", ["charts", "manifests", "todo-app", "runbooks"])
def test_nothing_is_reported_of_the_projects_own_artifacts(folder):
    assert findings(ROOT, ROOT / folder) == []
