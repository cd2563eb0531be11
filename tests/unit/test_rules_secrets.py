"""Rules on secrets that stand in files, and on rights."""

from __future__ import annotations

import pytest
from checks_help import findings_of
from kube_cases import GOOD, PATH

SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {{name: a}}\n{part}:\n  TOKEN: {value}\n"
ROLE = """\
apiVersion: v1
kind: ServiceAccount
metadata: {name: api, namespace: shop}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: api, namespace: shop}
rules:
  - apiGroups: [""]
    resources: [configmaps]
    verbs: [get]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: api, namespace: shop}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: api
subjects:
  - kind: ServiceAccount
    name: api
"""


@pytest.mark.parametrize(
    ("part", "value"), [("stringData", "hunter2"), ("stringData", "changeme"), ("data", "aHVudGVyMg==")]
)
def test_a_secret_in_a_file_is_found_and_its_value_not_shown(part, value):
    [found] = findings_of("secret-committed", {PATH: SECRET.format(part=part, value=value)})
    assert str(found.object) == f"{PATH}:5"
    assert value not in repr(found)
    assert "hunter2" not in repr(found)


@pytest.mark.parametrize(
    "value",
    ["''", "${TOKEN}", "'{{ token }}'", "<path:kv/data/a#token>", "ref+vault://a", "ENC[AES256_GCM,data:x]"],
)
def test_a_secret_that_something_fills_in_later_is_in_order(value):
    assert findings_of("secret-committed", {PATH: SECRET.format(part="stringData", value=value)}) == []


def test_external_secrets_are_in_order():
    for rule in ("secret-committed", "env-credential", "config-credential"):
        assert findings_of(rule, {PATH: GOOD}) == []


@pytest.mark.parametrize(
    ("name", "value", "is_secret"),
    [
        ("DATABASE_URL", "postgresql://user:hunter2@db/x", True),
        ("JWT_SECRET", "hunter2", True),
        ("OPENAI_API_KEY", "hunter2", True),
        ("CERT", "-----BEGIN RSA PRIVATE KEY-----hunter2", True),
        ("DATABASE_URL", "postgresql://user:$(DB_PASSWORD)@db/x", False),
        ("DATABASE_URL", "postgresql://db:5432/x", False),
        ("PASSWORD_FILE", "/run/secrets/password", False),
        ("DB_PASSWORD", "/run/secrets/password", False),
        ("SECRET_NAME", "hunter2", False),
        ("USE_TOKEN", "true", False),
        ("MAX_TOKENS", "hunter2", False),
    ],
)
def test_credentials_in_variables_and_configmaps(name, value, is_secret):
    variable = GOOD.replace(
        "            - name: LIMIT\n",
        f'            - name: {name}\n              value: "{value}"\n            - name: LIMIT\n',
        1,
    )
    config = GOOD.replace('  LOG_LEVEL: "INFO"\n', f'  {name}: "{value}"\n', 1)
    for rule, text in (("env-credential", variable), ("config-credential", config)):
        found = findings_of(rule, {PATH: text})
        assert len(found) == is_secret
        assert all("hunter2" not in repr(item) for item in found)


@pytest.mark.parametrize(
    ("rule", "old", "new", "line", "fix"),
    [
        ("rbac-wildcard", "verbs: [get]", 'verbs: ["*"]', 11, "verbs: [get, list, watch]"),
        ("rbac-wildcard", "resources: [configmaps]", 'resources: ["*"]', 10, "resources:"),
        (
            "rbac-cluster-admin",
            "kind: Role\n  name: api",
            "kind: ClusterRole\n  name: cluster-admin",
            19,
            "a Role",
        ),
        ("rbac-secrets", "resources: [configmaps]", "resources: [secrets]", 10, "resourceNames"),
        ("rbac-escalate", "verbs: [get]", "verbs: [get, impersonate]", 11, "remove impersonate"),
        ("rbac-escalate", "resources: [configmaps]", "resources: [nodes/proxy]", 10, "remove nodes/proxy"),
        ("rbac-binding", "kind: Role\n  name: api", "kind: Role\n  name: apy", 19, "name: api"),
        ("rbac-binding", "    name: api\n", "    name: apy\n", 22, "name: api"),
    ],
)
def test_rights_that_are_too_many_or_none(rule, old, new, line, fix):
    assert findings_of(rule, {PATH: ROLE}) == []
    text = ROLE.replace(old, new, 1)
    assert text != ROLE
    [found] = findings_of(rule, {PATH: text})
    assert str(found.object) == f"{PATH}:{line}"
    assert fix in found.fix.summary


def test_one_secret_by_name_may_be_read():
    text = ROLE.replace("resources: [configmaps]", "resources: [secrets]\n    resourceNames: [mine]")
    assert findings_of("rbac-secrets", {PATH: text}) == []
    assert len(findings_of("rbac-secrets", {PATH: text.replace("[get]", "[get, list]")})) == 1


def test_a_clusterrole_of_the_cluster_may_be_bound():
    text = ROLE.replace("kind: Role\n  name: api", "kind: ClusterRole\n  name: view")
    assert findings_of("rbac-binding", {PATH: text}) == []


def test_rights_are_a_reason_for_a_token():
    text = GOOD.replace("automountServiceAccountToken: false\n---", "---", 1)
    assert len(findings_of("pod-token-mounted", {PATH: text})) == 1
    bound = ROLE.partition("---\n")[2]
    assert findings_of("pod-token-mounted", {PATH: f"{text}---\n{bound}"}) == []
