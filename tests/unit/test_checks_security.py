"""The security checklist: each question answered with evidence, failed where something is wrong."""

from __future__ import annotations

import pytest
from checks_help import project_of

from kitlib.checks.security import QUESTIONS, checklist

NAMESPACE = """\
apiVersion: v1
kind: Namespace
metadata:
  name: todo
  labels:
    pod-security.kubernetes.io/enforce: restricted
"""
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: todo}
spec:
  replicas: 2
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec:
      serviceAccountName: api
      automountServiceAccountToken: false
      securityContext:
        runAsNonRoot: true
        runAsUser: 1000
        seccompProfile: {type: RuntimeDefault}
      containers:
        - name: api
          image: ghcr.io/example/api:1.0.0
          env:
            - name: DB_PASSWORD
              valueFrom: {secretKeyRef: {name: db, key: password, optional: true}}
            - name: DATABASE_URL
              value: postgresql://app:$(DB_PASSWORD)@db/app
          resources:
            requests: {cpu: 100m, memory: 128Mi}
            limits: {memory: 256Mi}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: {drop: [ALL]}
"""
ACCOUNT = (
    "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: api, namespace: todo}\n"
    "automountServiceAccountToken: false\n"
)
ROLE = (
    "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: api, namespace: todo}\n"
    "rules:\n- apiGroups: ['']\n  resources: [configmaps]\n  verbs: [get]\n"
)
POLICY = (
    "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: api, namespace: todo}\n"
    "spec: {podSelector: {matchLabels: {app: api}}, policyTypes: [Ingress]}\n"
)
BUILD = (
    "version: '1.0'\nservices:\n  api:\n    context: .\n    scan: true\n"
    "scanning:\n  tool: trivy\n  severity: HIGH,CRITICAL\n  fail_on_vulnerability: true\n"
)
GOOD = {
    "k8s/namespace.yaml": NAMESPACE,
    "k8s/deployment.yaml": DEPLOYMENT,
    "k8s/account.yaml": ACCOUNT,
    "k8s/role.yaml": ROLE,
    "k8s/policy.yaml": POLICY,
    "build.yaml": BUILD,
    "Dockerfile": "ARG IMAGE=debian:12\nFROM ${IMAGE}\nUSER 1000:1000\n",
}


def answers(files, folder):
    project_of(files, folder)
    return {item.title: item for item in checklist([folder])}


def test_the_eight_questions_are_the_seeds():
    assert [question.title for question in QUESTIONS] == [
        "Non-root containers",
        "Read-only filesystem",
        "Resource limits defined",
        "Network policies configured",
        "Secrets externalized",
        "RBAC least privilege",
        "Pod security standards",
        "Image scanning enabled",
    ]


def test_a_healthy_project_passes_each_with_evidence(tmp_path):
    for item in answers(GOOD, tmp_path).values():
        assert item.state == "passed", item
        assert item.evidence


@pytest.mark.parametrize(
    ("question", "file", "old", "new", "evidence"),
    [
        (
            "Non-root containers",
            "k8s/deployment.yaml",
            "runAsUser: 1000",
            "runAsUser: 0",
            "no user that can't be root",
        ),
        ("Non-root containers", "Dockerfile", "USER 1000:1000\n", "", "docker-user-root"),
        (
            "Read-only filesystem",
            "k8s/deployment.yaml",
            "readOnlyRootFilesystem: true",
            "privileged: false",
            "api",
        ),
        (
            "Resource limits defined",
            "k8s/deployment.yaml",
            "limits: {memory: 256Mi}",
            "limits: {}",
            "memory limit",
        ),
        ("Network policies configured", "k8s/policy.yaml", "app: api", "app: other", "deployment.yaml"),
        (
            "Secrets externalized",
            "k8s/deployment.yaml",
            "$(DB_PASSWORD)",
            "hunter2",
            "DATABASE_URL is written out",
        ),
        ("RBAC least privilege", "k8s/role.yaml", "[configmaps]", "['*']", "allows *"),
        (
            "Pod security standards",
            "k8s/namespace.yaml",
            "enforce: restricted",
            "warn: restricted",
            "namespace.yaml",
        ),
        ("Pod security standards", "k8s/deployment.yaml", "drop: [ALL]", "drop: []", "deployment.yaml"),
        ("Image scanning enabled", "build.yaml", "scan: true", "scan: false", "api is not scanned"),
        (
            "Image scanning enabled",
            "build.yaml",
            "fail_on_vulnerability: true",
            "x: 1",
            "does not stop the build",
        ),
    ],
)
def test_a_defect_fails_its_question_and_says_where(tmp_path, question, file, old, new, evidence):
    assert old in GOOD[file]
    found = answers(GOOD | {file: GOOD[file].replace(old, new)}, tmp_path)
    assert found[question].state == "failed"
    assert evidence in "\n".join(found[question].evidence)
    others = {title for title, item in found.items() if item.state == "failed"} - {question}
    assert others <= {"Pod security standards"}  # which asks for a user that isn't root too


def test_a_secret_written_into_a_manifest_fails(tmp_path):
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData: {password: hunter2}\n"
    found = answers(GOOD | {"k8s/secret.yaml": secret}, tmp_path)["Secrets externalized"]
    assert found.state == "failed"
    assert "hunter2" not in repr(found)


def test_a_workflow_that_scans_is_enough(tmp_path):
    files = {k: v for k, v in GOOD.items() if k != "build.yaml"}
    assert answers(files, tmp_path / "none")["Image scanning enabled"].state == "failed"
    step = "on: push\njobs:\n  a:\n    steps:\n      - uses: aquasecurity/trivy-action@0.33.1\n"
    found = answers(files | {".github/workflows/ci.yaml": step}, tmp_path / "scan")["Image scanning enabled"]
    assert found.state == "passed"
    assert ".github/workflows/ci.yaml:5" in found.evidence[0]


def test_what_there_is_nothing_to_ask_about_does_not_apply(tmp_path):
    found = answers({"a.yaml": "colour: red\n"}, tmp_path)
    assert {item.state for item in found.values()} == {"not applicable"}


def test_the_checklist_shows_itself(tmp_path):
    project_of(GOOD, tmp_path)
    made = checklist([tmp_path])
    assert made.passed
    assert repr(made).startswith(
        "✓ Non-root containers: passed\n    k8s: 1 container with a user that can't be root"
    )
    assert made._repr_html_().count("<tr>") == 8
