"""Rules on workloads, their configuration, autoscalers and disruption budgets, and API versions."""

from __future__ import annotations

import pytest
from checks_help import findings_of
from kube_cases import GOOD, PATH, Case, check

from kitlib.quantity import parse

SPEC = "  strategy:\n"
LIMIT = '              value: "1000000"\n'
KEY = "                  key: DATABASE_URL\n"
TARGET = "    kind: Deployment\n    name: api\n  minReplicas: 2\n"
HPA = GOOD[GOOD.index("apiVersion: autoscaling/v2") : GOOD.index("apiVersion: policy/v1")]


@pytest.mark.parametrize(
    "case",
    [
        Case(
            "selector-version",
            "    matchLabels:\n",
            "    matchLabels:\n      app.kubernetes.io/version: '1'\n",
            "version",
            "remove",
        ),
        Case(
            "selector-version",
            "    matchLabels:\n",
            "    matchLabels:\n      helm.sh/chart: shop-1.0\n",
            "helm.sh",
            "remove",
        ),
        Case(
            "selector-mismatch",
            "      app.kubernetes.io/name: api\n",
            "      app.kubernetes.io/name: web\n",
            "web",
            "web",
        ),
        Case(
            "selector-mismatch",
            "  selector:\n    matchLabels:\n      app.kubernetes.io/name: api\n",
            "",
            "spec:",
            "matchLabels: {app.kubernetes.io/name: api}",
        ),
        Case("hpa-replicas", SPEC, f"  replicas: 3\n{SPEC}", "replicas: 3", "remove replicas: 3"),
        Case("rollout-stuck", "maxSurge: 1", "maxSurge: 0", "maxSurge: 0", "maxSurge: 1"),
        Case(
            "grace-period",
            "terminationGracePeriodSeconds: 30",
            "terminationGracePeriodSeconds: 0",
            "Seconds: 0",
            "30",
        ),
        Case("grace-period", "sleep: {seconds: 5}", "sleep: {seconds: 40}", "preStop", "Seconds: 70"),
        Case(
            "grace-period",
            "sleep: {seconds: 5}",
            'exec: {command: [sh, -c, "sleep 30"]}',
            "preStop",
            "Seconds: 60",
        ),
        Case(
            "volume-missing", "            - name: tmp\n", "            - name: temp\n", "temp", "name: tmp"
        ),
        Case("env-not-text", LIMIT, "              value: 1000000\n", "value: 1000000", 'value: "1000000"'),
        Case("env-not-text", LIMIT, "              value: true\n", "value: true", 'value: "true"'),
        Case("config-not-text", '  LOG_LEVEL: "INFO"\n', "  LOG_LEVEL: 1\n", "LOG_LEVEL", 'LOG_LEVEL: "1"'),
        Case(
            "config-not-text", '  LOG_LEVEL: "INFO"\n', "  LOG_LEVEL: {a: b}\n", "LOG_LEVEL", "LOG_LEVEL: |"
        ),
        Case(
            "config-not-text",
            "  name: api\n  namespace: shop\n",
            "  name: api\n  namespace: shop\n  annotations: {port: 9090}\n",
            "9090",
            '"9090"',
        ),
        Case(
            "config-not-text",
            "        app.kubernetes.io/name: api\n",
            "        app.kubernetes.io/name: api\n        tier: 1\n",
            "tier",
            '"1"',
        ),
        Case("number-mangled", LIMIT, '              value: "1e+06"\n', "1e+06", "int64"),
        Case("number-mangled", '  LOG_LEVEL: "INFO"\n', '  LIMIT: "1.234567e+06"\n', "LIMIT", "int64"),
        Case(
            "config-missing",
            "            - configMapRef:\n                name: api\n",
            "            - configMapRef:\n                name: apii\n",
            "apii",
            "name: api",
        ),
        Case(
            "config-missing",
            "                  name: api-secrets\n",
            "                  name: db-credentials\n",
            "db-credentials",
            "add Secret db-credentials",
        ),
        Case(
            "config-key-missing",
            KEY,
            "                  key: database_url\n",
            "database_url",
            "key: DATABASE_URL",
        ),
        Case("config-key-missing", KEY, "                  key: TOKEN\n", "TOKEN", "add TOKEN"),
        Case(
            "service-account-missing",
            "serviceAccountName: api",
            "serviceAccountName: api-sa",
            "api-sa",
            "serviceAccountName: api",
        ),
        Case(
            "env-duplicate",
            "            - name: DATABASE_URL\n",
            "            - name: LIMIT\n",
            "LIMIT",
            "remove",
        ),
        Case(
            "env-order",
            LIMIT,
            '              value: "$(DATABASE_URL)/x"\n',
            "$(DATABASE_URL)",
            "move DATABASE_URL above LIMIT",
        ),
        Case(
            "hpa-requests",
            "              memory: 128Mi\n            limits:\n"
            "              cpu: 500m\n              memory: 512Mi\n",
            "            limits:\n              cpu: 500m\n",
            "requests:",
            "memory: 128Mi",
        ),
        Case("hpa-target", TARGET, TARGET.replace("api", "apo"), "apo", "name: api"),
        Case(
            "hpa-target", TARGET, TARGET.replace("Deployment", "StatefulSet"), "name: api", "kind: Deployment"
        ),
        Case("hpa-range", "maxReplicas: 10", "maxReplicas: 1", "maxReplicas", "maxReplicas: 2"),
        Case("hpa-range", "periodSeconds: 60", "periodSeconds: 3600", "3600", "60"),
        Case(
            "hpa-range", "stabilizationWindowSeconds: 300", "stabilizationWindowSeconds: 7200", "7200", "300"
        ),
        Case(
            "hpa-twice", HPA, HPA + HPA.replace("{name: api,", "{name: other,"), "name: api", "remove other"
        ),
        Case(
            "pdb-both",
            "  minAvailable: 1\n",
            "  minAvailable: 1\n  maxUnavailable: 1\n",
            "minAvailable",
            "remove minAvailable",
        ),
        Case(
            "pdb-blocks-drain",
            "  minAvailable: 1\n",
            "  minAvailable: 2\n",
            "minAvailable: 2",
            "maxUnavailable: 1",
        ),
        Case(
            "pdb-blocks-drain", "  minAvailable: 1\n", "  minAvailable: 100%\n", "100%", "maxUnavailable: 1"
        ),
        Case(
            "pdb-blocks-drain",
            "  minAvailable: 1\n",
            "  maxUnavailable: 0\n",
            "maxUnavailable: 0",
            "maxUnavailable: 1",
        ),
        Case(
            "pdb-blocks-drain",
            HPA,
            "apiVersion: v1\nkind: List\nitems: []\n---\n",
            "minAvailable: 1",
            "maxUnavailable: 1",
        ),
        Case(
            "pdb-selects-nothing",
            "    matchLabels: {app.kubernetes.io/name: api}\n---",
            "    matchLabels: {app: api}\n---",
            "selector",
            "app.kubernetes.io/name: api",
        ),
        Case(
            "api-removed",
            "apiVersion: autoscaling/v2\n",
            "apiVersion: autoscaling/v2beta2\n",
            "v2beta2",
            "apiVersion: autoscaling/v2",
        ),
        Case(
            "api-removed",
            "apiVersion: policy/v1\n",
            "apiVersion: policy/v1beta1\n",
            "policy/v1beta1",
            "apiVersion: policy/v1",
        ),
        Case(
            "api-removed",
            "apiVersion: apps/v1\n",
            "apiVersion: extensions/v1beta1\n",
            "extensions",
            "apiVersion: apps/v1",
        ),
        Case(
            "api-removed",
            "apiVersion: networking.k8s.io/v1\nkind: Ingress",
            "apiVersion: networking.k8s.io/v1beta1\nkind: Ingress",
            "v1beta1",
            "pathType",
        ),
    ],
    ids=str,
)
def test_a_defect_is_found_where_it_is_and_a_healthy_workload_has_none(case):
    check(case)


def test_a_cronjob_of_the_old_version_is_known():
    text = "apiVersion: batch/v1beta1\nkind: CronJob\nmetadata: {name: a}\n"
    [found] = findings_of("api-removed", {PATH: text})
    assert "removed in 1.25" in found.found
    assert findings_of("api-removed", {PATH: text.replace("v1beta1", "v1")}) == []


def test_a_pod_of_its_own_wants_a_deployment_unless_it_ends():
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: []}\n"
    [found] = findings_of("pod-bare", {PATH: pod})
    assert found.severity == "info"
    assert findings_of("pod-bare", {PATH: pod.replace("spec: {", "spec: {restartPolicy: Never, ")}) == []
    assert findings_of("pod-bare", {PATH: GOOD}) == []


def test_two_versions_beside_each_other_may_select_by_version():
    text = GOOD.replace("    matchLabels:\n", "    matchLabels:\n      version: v1\n", 1)
    assert findings_of("selector-version", {PATH: text}) == []


def test_optional_references_may_miss():
    text = GOOD.replace(
        "                name: api\n", "                name: other\n                optional: true\n", 1
    )
    assert findings_of("config-missing", {PATH: text}) == []
    text = GOOD.replace(
        "                  key: DATABASE_URL\n",
        "                  key: X\n                  optional: true\n",
        1,
    )
    assert findings_of("config-key-missing", {PATH: text}) == []


def test_a_bundle_without_any_configuration_is_not_judged_for_what_it_lacks():
    start, end = GOOD.index("apiVersion: apps/v1"), GOOD.index("apiVersion: autoscaling")
    alone = GOOD[start:end]
    for rule in ("config-missing", "service-account-missing", "hpa-target"):
        assert findings_of(rule, {PATH: alone}) == [], rule


@pytest.mark.parametrize(
    "maker",
    [
        "apiVersion: cert-manager.io/v1\nkind: Certificate\n"
        "metadata: {name: x}\nspec: {secretName: wanted}\n",
        "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\n"
        "metadata: {name: wanted}\nspec: {encryptedData: {tls.crt: x}}\n",
        "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\n"
        "metadata: {name: wanted}\nspec: {dataFrom: [{extract: {key: a}}]}\n",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: wanted}\nstringData: {tls.crt: x}\n",
    ],
)
def test_whatever_makes_a_secret_counts_as_one(maker):
    volume = "        - name: tls\n          secret: {secretName: wanted, items: [{key: tls.crt, path: a}]}\n"
    text = GOOD.replace("      volumes:\n", f"      volumes:\n{volume}", 1)
    assert len(findings_of("config-missing", {PATH: text})) == 1
    for rule in ("config-missing", "config-key-missing"):
        assert findings_of(rule, {PATH: f"{text}---\n{maker}"}) == []


def test_a_projected_volume_is_looked_into():
    volume = (
        "        - name: all\n"
        "          projected: {sources: [{configMap: {name: api, items: [{key: NONE, path: a}]}}]}\n"
    )
    text = GOOD.replace("      volumes:\n", f"      volumes:\n{volume}", 1)
    [found] = findings_of("config-key-missing", {PATH: text})
    assert "NONE" in found.found
    assert findings_of("config-key-missing", {PATH: text.replace("NONE", "LOG_LEVEL")}) == []


def test_a_secrets_data_has_to_be_base64():
    text = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata:\n  key: plain text!\n"
    [found] = findings_of("secret-encoding", {PATH: text})
    assert "plain" not in found.found + found.fix.summary
    assert findings_of("secret-encoding", {PATH: text.replace("plain text!", "cGxhaW4=")}) == []


def test_a_value_in_a_secret_is_never_shown():
    text = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData:\n  pin: 123456\n"
    [found] = findings_of("config-not-text", {PATH: text})
    assert "123456" not in found.found + found.fix.summary


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("250m", 0.25),
        ("512Mi", 512 * 1024**2),
        ("1k", 1000),
        ("1e3", 1000),
        ("2E", 2 * 10**18),
        (".5", 0.5),
        (3, 3),
        ("-1", -1),
    ],
)
def test_quantities_are_read_as_the_server_reads_them(text, value):
    assert float(parse(text)) == value


@pytest.mark.parametrize(
    "text", ["", "512MB", "1 Gi", "1K", "1mi", "Mi", "0x10", "inf", "NaN", "1_0", None, True, [], "1e9999"]
)
def test_what_the_server_refuses_is_no_quantity(text):
    assert parse(text) is None
