"""Rules on charts, rendered by the real Helm."""

from __future__ import annotations

import pytest
from checks_help import findings_of

pytestmark = pytest.mark.slow

CHART = """\
apiVersion: v2
name: shop
version: 1.0.0
appVersion: "1.0.0"
dependencies:
  - name: redis
    version: 1.0.0
    repository: ""
    condition: redis.enabled
"""
VALUES = """\
redis:
  enabled: true
api:
  replicaCount: 2
  image:
    repository: ghcr.io/myorg/api
    tag: ""
  limit: 5000000
  secrets:
    DATABASE_URL: ""
  autoscaling:
    enabled: false
podDisruptionBudget:
  enabled: true
  minAvailable: 1
global:
  imageRegistry: ghcr.io/myorg
"""
CONFIGMAP = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: api
data:
  LIMIT: {{ int64 .Values.api.limit | quote }}
"""
SECRET = """\
apiVersion: v1
kind: Secret
metadata:
  name: api
stringData:
  DATABASE_URL: {{ required "api.secrets.DATABASE_URL is needed" .Values.api.secrets.DATABASE_URL | quote }}
"""
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: api
spec:
  replicas: {{ .Values.api.replicaCount }}
  selector:
    matchLabels:
      app: api
  template:
    metadata:
      annotations:
        checksum/config: {{ include (print $.Template.BasePath "/configmap.yaml") . | sha256sum }}
      labels:
        app: api
    spec:
      containers:
        - name: api
          image: "{{ .Values.api.image.repository }}:{{ .Values.api.image.tag | default .Chart.AppVersion }}"
          env:
            - name: LIMIT
              value: {{ int64 .Values.api.limit | quote }}
          envFrom:
            - configMapRef:
                name: api
"""
FILES = {
    "shop/Chart.yaml": CHART,
    "shop/values.yaml": VALUES,
    "shop/values-prod.yaml": "api: {secrets: {DATABASE_URL: $(URL)}}\n",
    "shop/templates/configmap.yaml": CONFIGMAP,
    "shop/templates/secret.yaml": SECRET,
    "shop/templates/deployment.yaml": DEPLOYMENT,
    "shop/charts/redis/Chart.yaml": "apiVersion: v2\nname: redis\nversion: 1.0.0\n",
    "shop/charts/redis/templates/NOTES.txt": "redis\n",
}
C, V, D, S = (
    f"shop/{name}"
    for name in ("Chart.yaml", "values.yaml", "templates/deployment.yaml", "templates/secret.yaml")
)
REQUIRED = 'required "api.secrets.DATABASE_URL is needed" '


@pytest.mark.parametrize(
    ("rule", "file", "old", "new", "at", "fix"),
    [
        ("chart-condition-missing", C, "redis.enabled", "redis.install", f"{C}:9", "redis: {install: true}"),
        ("chart-condition-missing", V, "redis:\n  enabled: true\n", "", f"{C}:9", "redis: {enabled: true}"),
        (
            "chart-bitnami",
            C,
            'repository: ""',
            "repository: https://charts.bitnami.com/bitnami",
            f"{C}:8",
            "charts/redis",
        ),
        (
            "chart-bitnami",
            C,
            'repository: ""',
            "repository: oci://registry-1.docker.io/bitnamicharts",
            f"{C}:8",
            "charts/redis",
        ),
        ("chart-latest", V, 'tag: ""', "tag: latest", f"{V}:7", "appVersion"),
        ("chart-required-value", S, REQUIRED, "", f"{V}:10", "required"),
        (
            "chart-credential",
            V,
            'DATABASE_URL: ""',
            "DATABASE_URL: postgres://u:hunter2@db/x",
            f"{V}:10",
            "--set-string",
        ),
        ("chart-pdb-single", V, "replicaCount: 2", "replicaCount: 1", f"{V}:15", "maxUnavailable: 1"),
        (
            "chart-pdb-single",
            "shop/values-prod.yaml",
            "api: {",
            "api: {replicaCount: 1, ",
            f"{V}:15",
            "maxUnavailable: 1",
        ),
        (
            "chart-random",
            S,
            REQUIRED + ".Values.api.secrets.DATABASE_URL",
            "randAlphaNum 16",
            f"{S}:6",
            "existingSecret",
        ),
        (
            "chart-random",
            S,
            REQUIRED,
            '(lookup "v1" "Secret" "a" "b").data | default ',
            f"{S}:6",
            "existingSecret",
        ),
        (
            "chart-env-unquoted",
            D,
            "int64 .Values.api.limit | quote",
            ".Values.api.limit",
            f"{D}:22",
            "| quote",
        ),
        (
            "number-mangled",
            D,
            "int64 .Values.api.limit | quote",
            ".Values.api.limit | quote",
            f"{D}:22",
            "int64",
        ),
        (
            "number-mangled",
            "shop/templates/configmap.yaml",
            "int64 .Values.api.limit",
            ".Values.api.limit",
            "shop/templates/configmap.yaml:6",
            "int64",
        ),
        (
            "checksum-misplaced",
            D,
            "  name: api\nspec:",
            "  name: api\n  annotations:\n    checksum/config: x\nspec:",
            f"{D}:6",
            "move",
        ),
        (
            "checksum-missing",
            D,
            DEPLOYMENT[DEPLOYMENT.index("      annotations") : DEPLOYMENT.index("      labels")],
            "",
            f"{D}:11",
            "sha256sum",
        ),
        (
            "selector-version",
            D,
            "      app: api\n",
            "      app: api\n      app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}\n",
            f"{D}:10",
            "remove",
        ),
    ],
)
def test_a_defect_is_found_where_it_is_and_a_healthy_chart_has_none(rule, file, old, new, at, fix):
    assert findings_of(rule, FILES) == []
    text = FILES[file].replace(old, new, 1)
    assert text != FILES[file]
    found = {str(item.object): item for item in findings_of(rule, FILES | {file: text})}
    assert set(found) == {at}
    assert fix.lower() in found[at].fix.summary.lower()
    assert "hunter2" not in repr(found)


def test_an_empty_registry_leaves_no_slash():
    image = '"{{ .Values.global.imageRegistry }}/api:1"'
    files = FILES | {
        D: DEPLOYMENT.replace(
            DEPLOYMENT[DEPLOYMENT.index('"{{ .Values.api.image.rep') : DEPLOYMENT.index("          env:")],
            f"{image}\n",
        )
    }
    assert findings_of("chart-registry-empty", files) == []
    dev = files | {
        "shop/values-dev.yaml": 'global:\n  imageRegistry: ""\napi: {secrets: {DATABASE_URL: $(URL)}}\n'
    }
    [found] = findings_of("chart-registry-empty", dev)
    assert str(found.object) == "shop/values-dev.yaml:2"
    [found] = findings_of("image-name", dev)
    assert "/api:1" in found.found


def test_a_tag_for_developers_is_their_own_affair():
    files = FILES | {"shop/values-dev.yaml": "api: {image: {tag: latest}, secrets: {DATABASE_URL: $(URL)}}\n"}
    assert findings_of("chart-latest", files) == []


def test_a_secret_made_elsewhere_is_no_slip_but_a_near_name_is():
    secret = "            - secretRef:\n                name: {}\n"
    files = {name: text for name, text in FILES.items()}
    files[D] = DEPLOYMENT + secret.format("made-by-vault")
    assert findings_of("config-missing", files) == []
    files[S] = SECRET.replace("name: api", "name: api-secrets")
    files[D] = DEPLOYMENT + secret.format("api-secret")
    [found] = findings_of("config-missing", files)
    assert found.fix.summary == "name: api-secrets"


def test_rules_do_not_read_texts_in_templates_as_code():
    files = FILES | {S: SECRET.replace("is needed", "is needed: lookup or randAlphaNum won't do")}
    assert findings_of("chart-random", files) == []
