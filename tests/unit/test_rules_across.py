"""The rules across files: image against pod, code and specification against the environment."""

from __future__ import annotations

import pytest
from checks_help import findings_of, project_of

from kitlib.checks.images import built_images, dockerfile_of
from kitlib.checks.sources import variables

DOCKERFILE = """\
FROM python:3.11-slim
WORKDIR /app
COPY app ./app
ENV METRICS_PORT=9090
USER 1000:1000
EXPOSE 8000 9090
CMD ["uvicorn", "app.main:app", "--host", "0.0.0.0", "--port", "8000"]
"""
CONFIG = """\
import os
from pydantic_settings import BaseSettings

class Settings(BaseSettings):
    database_url: str
    log_level: str = "INFO"
    metrics_port: int

TOKEN = os.environ.get("UPLOAD_TOKEN")
"""
SPEC = """\
# Container Specification: API

| Variable | Required | Default | Description |
|----------|----------|---------|-------------|
| DATABASE_URL | Yes | - | PostgreSQL |
| JWT_SECRET | Yes | - | signs tokens |
| LOG_LEVEL | No | INFO | |
"""
POD = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  template:
    spec:
      securityContext:
        runAsUser: 1000
      containers:
        - name: api
          image: ghcr.io/me/todo-api:1.0
          ports:
            - containerPort: 8000
            - containerPort: 9090
          envFrom:
            - configMapRef: {name: api}
          env:
            - name: PASSWORD
              value: secret-from-elsewhere
            - name: DATABASE_URL
              value: postgresql://app:$(PASSWORD)@db/app
            - name: JWT_SECRET
              valueFrom: {secretKeyRef: {name: jwt, key: secret}}
"""
MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: api}\ndata:\n  LOG_LEVEL: INFO\n  UPLOAD_TOKEN: x\n"
GOOD = {
    "docker-compose.yml": "services:\n  api:\n    build: ./backend\n",
    "backend/Dockerfile": DOCKERFILE,
    "backend/app/config.py": CONFIG,
    "specs/containers/api.md": SPEC,
    "manifests/api.yaml": POD,
    "manifests/config.yaml": MAP,
}

BROKEN = [
    ("port-not-exposed", {"backend/Dockerfile": ("8000 9090", "8000")}, "manifests/api.yaml:14"),
    (
        "port-not-exposed",
        {"manifests/api.yaml": ("containerPort: 8000", "containerPort: 8080")},
        "manifests/api.yaml:13",
    ),
    ("port-not-served", {"backend/Dockerfile": ('"8000"', '"5000"')}, "manifests/api.yaml:13"),
    ("pod-user-not-image-user", {"backend/Dockerfile": ("1000:1000", "1001:1001")}, "manifests/api.yaml:8"),
    ("pod-user-not-image-user", {"backend/Dockerfile": ("USER 1000:1000\n", "")}, "manifests/api.yaml:8"),
    ("env-missing", {"manifests/api.yaml": ("DATABASE_URL", "DATABASE_URI")}, "manifests/api.yaml:17"),
    ("env-missing", {"manifests/api.yaml": ("JWT_SECRET", "JWT_KEY")}, "manifests/api.yaml:17"),
    ("env-missing", {"backend/Dockerfile": ("ENV METRICS_PORT=9090\n", "")}, "manifests/api.yaml:17"),
    ("env-unused", {"manifests/config.yaml": ("LOG_LEVEL", "LOGLEVEL")}, "manifests/config.yaml:5"),
    ("env-unused", {"manifests/api.yaml": ("$(PASSWORD)", "x")}, "manifests/api.yaml:18"),
]


@pytest.mark.parametrize(("rule", "change", "where"), BROKEN)
def test_each_disagreement_is_reported_where_the_pod_says_it(rule, change, where):
    files = GOOD | {path: GOOD[path].replace(*texts) for path, texts in change.items()}
    assert files != GOOD
    assert [item.object for item in findings_of(rule, files)] == [where]


@pytest.mark.parametrize("rule", sorted({rule for rule, *_ in BROKEN}))
def test_files_that_agree_are_not_reported(rule):
    assert findings_of(rule, GOOD) == []


def test_where_most_pods_disagree_the_image_is_to_blame():
    others = {f"{place}/api.yaml": POD for place in ("production", "staging")}
    both = GOOD | others | {f"{place}/config.yaml": MAP for place in ("production", "staging")}
    for rule, change, where in [
        ("port-not-exposed", ("8000 9090", "8000"), "backend/Dockerfile:6"),
        ("port-not-served", ('"8000"', '"5000"'), "backend/Dockerfile:7"),
        ("pod-user-not-image-user", ("1000:1000", "1001:1001"), "backend/Dockerfile:5"),
        ("env-missing", ("ENV METRICS_PORT=9090\n", ""), "backend/app/config.py:7"),
    ]:
        found = findings_of(rule, both | {"backend/Dockerfile": DOCKERFILE.replace(*change)})
        assert [item.object for item in found] == [where]
    one = both | {"staging/api.yaml": POD.replace("containerPort: 8000", "containerPort: 8080")}
    assert [item.object for item in findings_of("port-not-exposed", one)] == ["staging/api.yaml:13"]


def test_a_finding_names_both_places():
    files = GOOD | {"manifests/api.yaml": POD.replace("DATABASE_URL", "DATABASE_URI")}
    assert "specs/containers/api.md:5" in findings_of("env-missing", files)[0].found
    del files["specs/containers/api.md"]
    assert "backend/app/config.py:5" in findings_of("env-missing", files)[0].found


def test_a_secret_from_elsewhere_may_hold_what_is_missing():
    text = POD.replace("- configMapRef", "- secretRef: {name: elsewhere}\n            - configMapRef")
    files = GOOD | {"manifests/api.yaml": text.replace("DATABASE_URL", "OTHER")}
    assert findings_of("env-missing", files) == []


def test_the_containers_command_says_where_it_listens():
    text = POD.replace("          ports:", '          args: ["--port=5000"]\n          ports:')
    found = findings_of("port-not-served", GOOD | {"manifests/api.yaml": text})
    assert [item.object for item in found] == ["manifests/api.yaml:14"]
    text = POD.replace("            - containerPort: 8000", "            - containerPort: 5000").replace(
        "          ports:", '          command: ["server", "-p", "5000"]\n          ports:'
    )
    assert findings_of("port-not-served", GOOD | {"manifests/api.yaml": text}) == []


@pytest.mark.parametrize(
    ("files", "image", "path"),
    [
        ({}, "ghcr.io/me/backend:1", "backend/Dockerfile"),
        ({}, "todo-backend:dev", "backend/Dockerfile"),
        ({}, "backend", None),  # Docker Hub's, not the folder's
        ({}, "redis:7", None),
        (
            {"docker-compose.yml": "services: {api: {build: ./backend}}\n"},
            "todo-api:dev",
            "backend/Dockerfile",
        ),
        (
            {"docker-compose.yml": "services: {x: {image: shop, build: ./backend}}\n"},
            "shop",
            "backend/Dockerfile",
        ),
        (
            {"specs/build.yaml": "services: {api: {context: ./backend, image: '${R}/shop:${VERSION}'}}\n"},
            "ghcr.io/me/shop@sha256:1",
            "backend/Dockerfile",
        ),
        ({"run.sh": "docker build -t shop:dev ./backend\n"}, "shop:dev", "backend/Dockerfile"),
        (
            {
                ".github/workflows/a.yaml": "jobs: {a: {steps: [{uses: docker/build-push-action@v7, with: "
                "{context: ./backend, tags: 'ghcr.io/me/shop:${{ github.sha }}'}}]}}\n"
            },
            "shop",
            "backend/Dockerfile",
        ),
        ({"backend/Dockerfile": "# image: shop\nFROM a:1\n"}, "shop:1", "backend/Dockerfile"),
        ({"other/backend/Dockerfile": "FROM b:1\n"}, "ghcr.io/me/backend:1", None),  # one of two
    ],
)
def test_an_image_is_led_back_to_its_dockerfile(tmp_path, files, image, path):
    project = project_of({"backend/Dockerfile": "FROM a:1\n"} | files, tmp_path)
    found = dockerfile_of(built_images(project), image)
    assert (found.file.path if found else None) == path


def test_the_variables_that_code_reads(tmp_path):
    files = {
        "a/settings.py": "class S(BaseSettings):\n    model_config = SettingsConfigDict(env_prefix='APP_')\n"
        "    url: str\n    level: str = Field('x')\n    key: str = Field(validation_alias='THE_KEY')\n"
        "    many: list = Field(default_factory=list)\n    last: int = Field(...)\n"
        "    C: ClassVar[int] = 3\n",
        "a/main.py": "import os\nos.environ['NEEDED']\nos.getenv('WISHED', 'x')\nos.environ['SET'] = '1'\n",
        "a/page.tsx": "const a = process.env.SHOWN ?? 'x';\nconst b = process.env['HARD']!;\n",
        "a/tests/test_x.py": "import os\nos.environ['TEST']\n",
        "b/other.py": "import os\nos.environ['OTHER']\n",
    }
    found = variables(project_of(files, tmp_path), "a")
    assert {name for name, item in found.items() if item.required} == {
        "APP_URL",
        "THE_KEY",
        "APP_LAST",
        "NEEDED",
        "HARD",
    }
    assert set(found) - {name for name, item in found.items() if item.required} == {
        "APP_LEVEL",
        "APP_MANY",
        "WISHED",
        "SHOWN",
    }
    assert found["NEEDED"].where == "a/main.py:2"
