"""Rules on Services, Ingresses, NetworkPolicies and certificates."""

from __future__ import annotations

import pytest
from checks_help import findings_of
from kube_cases import GOOD, PATH, Case, check

SERVICE = "  selector:\n    app.kubernetes.io/name: api\n  ports:\n"
NGINX = '    nginx.ingress.kubernetes.io/limit-rpm: "100"\n'
TYPE = "            pathType: Prefix\n"
DNS = GOOD[
    GOOD.index("    - to:\n        - namespaceSelector") : GOOD.index(
        "    - to: [{podSelector: {matchLabels: {app: redis}}}]"
    )
]
TO_REDIS = "    - to: [{podSelector: {matchLabels: {app: redis}}}]\n      ports: [{port: 6379}]\n"
ISSUER = "kind: ClusterIssuer\nmetadata: {name: letsencrypt-prod}"


@pytest.mark.parametrize(
    "case",
    [
        Case(
            "service-selects-nothing",
            SERVICE,
            SERVICE.replace("name: api", "name: ap"),
            "name: ap",
            "app.kubernetes.io/name: api",
        ),
        Case(
            "service-selects-nothing",
            SERVICE,
            SERVICE.replace("  ports", "    tier: web\n  ports"),
            "tier: web",
            "remove tier",
        ),
        Case(
            "service-target-port",
            "      targetPort: 8000\n",
            "      targetPort: 8080\n",
            "8080",
            "targetPort: http",
        ),
        Case(
            "service-target-port",
            "      targetPort: 8000\n",
            "      targetPort: htp\n",
            "htp",
            "targetPort: http",
        ),
        Case("service-target-port", "      targetPort: 8000\n", "", "port: 80", "targetPort: http"),
        Case(
            "service-port-names",
            "  ports:\n    - name: http\n      port: 80\n",
            "  ports:\n    - port: 9090\n      targetPort: 8000\n    - name: http\n      port: 80\n",
            "9090",
            "name: port-9090",
        ),
        Case(
            "service-port-names",
            "  ports:\n    - name: http\n      port: 80\n",
            "  ports:\n    - name: http\n      port: 81\n"
            "      targetPort: 8000\n    - name: http\n      port: 80\n",
            "name: http",
            "name: port-80",
        ),
        Case(
            "statefulset-service",
            "serviceName: redis",
            "serviceName: redis-headless",
            "redis-headless",
            "redis",
        ),
        Case(
            "statefulset-not-headless",
            "  replicas: 1\n  serviceName",
            "  replicas: 3\n  serviceName",
            "spec:",
            "clusterIP: None",
        ),
        Case(
            "ingress-class-annotation",
            NGINX,
            f"    kubernetes.io/ingress.class: nginx\n{NGINX}",
            "ingress.class",
            "remove it",
        ),
        Case(
            "ingress-annotation-unknown",
            "limit-rpm",
            "rate-limit",
            "rate-limit",
            'nginx.ingress.kubernetes.io/limit-rpm: "100"',
        ),
        Case(
            "ingress-annotation-unknown",
            "limit-rpm",
            "rate-limit-window",
            "rate-limit-window",
            "counts per minute",
        ),
        Case(
            "ingress-annotation-unknown",
            "limit-rpm",
            "ssl-redirct",
            "ssl-redirct",
            "nginx.ingress.kubernetes.io/ssl-redirect",
        ),
        Case("ingress-annotation-unknown", "limit-rpm", "quux", "quux", "remove"),
        Case("ingress-path-type", TYPE, "", "path: /", "pathType: Prefix"),
        Case("ingress-path-type", TYPE, "            pathType: prefix\n", "prefix", "pathType: Prefix"),
        Case(
            "ingress-path-type", "          - path: /\n", "          - path: api\n", "path: api", "path: /api"
        ),
        Case(
            "ingress-backend",
            "                name: api\n                port:",
            "                name: app\n                port:",
            "name: app",
            "name: api",
        ),
        Case(
            "ingress-backend",
            "                  number: 80\n",
            "                  number: 8000\n",
            "8000",
            "port: {number: 80}",
        ),
        Case(
            "ingress-backend",
            "                  number: 80\n",
            "                  name: web\n",
            "name: web",
            "port: {number: 80}",
        ),
        Case(
            "ingress-nginx-retired",
            NGINX,
            f"    kubernetes.io/ingress.class: nginx\n{NGINX}",
            "ingress.class",
            "Traefik",
        ),
        Case(
            "ingress-tls-host",
            "        - api.example.com\n",
            "        - api.example.org\n",
            "api.example.",
            "- api.example",
        ),
        Case(
            "ingress-duplicate",
            TYPE,
            TYPE + "            backend: {service: {name: api, port: {number: 80}}}\n"
            "          - path: /\n            pathType: Exact\n",
            "path: /",
            "remove path /",
        ),
        Case("policy-dns", DNS, "", "egress", "port: 53"),
        Case(
            "policy-selects-nothing",
            "    matchLabels: {app.kubernetes.io/name: api}\n  policyTypes",
            "    matchLabels: {app: api}\n  policyTypes",
            "podSelector",
            "app.kubernetes.io/name: api",
        ),
        Case("policy-blocks-caller", TO_REDIS, "", "egress", "podSelector: {matchLabels: {app: redis}}"),
        Case(
            "policy-blocks-caller",
            "      ports: [{port: 6379}]\n---\napiVersion: networking",
            "      ports: [{port: 6380}]\n---\napiVersion: networking",
            "egress",
            "port: 6379",
        ),
        Case(
            "policy-blocks-caller",
            "    - from: [{podSelector: {matchLabels: {app.kubernetes.io/name: api}}}]\n",
            "    - from: [{podSelector: {matchLabels: {app: worker}}}]\n",
            "ingress:",
            "app.kubernetes.io/name: api",
        ),
        Case(
            "cert-manager-group",
            "apiVersion: cert-manager.io/v1\n",
            "apiVersion: certmanager.k8s.io/v1alpha1\n",
            "certmanager.k8s.io",
            "apiVersion: cert-manager.io/v1",
        ),
        Case(
            "cert-manager-group",
            "cert-manager.io/cluster-issuer",
            "certmanager.k8s.io/cluster-issuer",
            "certmanager.k8s.io",
            "cert-manager.io/cluster-issuer: letsencrypt-prod",
        ),
        Case(
            "cert-issuer",
            ISSUER,
            ISSUER.replace("ClusterIssuer", "Issuer"),
            "cluster-issuer",
            "cert-manager.io/issuer: letsencrypt-prod",
        ),
        Case(
            "cert-issuer",
            "cert-manager.io/cluster-issuer: ",
            "cert-manager.io/issuer: ",
            "cert-manager.io/issuer",
            "cert-manager.io/cluster-issuer",
        ),
    ],
    ids=str,
)
def test_a_defect_is_found_where_it_is_and_a_healthy_network_has_none(case):
    check(case)


def test_a_certificate_names_the_kind_of_its_issuer():
    certificate = (
        "---\napiVersion: cert-manager.io/v1\nkind: Certificate\n"
        "metadata: {name: a}\nspec:\n  issuerRef: {name: letsencrypt-prod}\n"
    )
    [found] = findings_of("cert-issuer", {PATH: GOOD + certificate})
    assert found.fix.summary == "kind: ClusterIssuer"
    healthy = certificate.replace("{name", "{kind: ClusterIssuer, name")
    assert findings_of("cert-issuer", {PATH: GOOD + healthy}) == []


def policy(text, name="all"):
    return (
        f"---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
        f"metadata: {{name: {name}, namespace: shop}}\nspec:\n{text}"
    )


def without_policies(text):
    parts = text.split("---\n")
    return "---\n".join(part for part in parts if "kind: NetworkPolicy" not in part)


def test_denying_all_egress_needs_dns_beside_it():
    text = without_policies(GOOD) + policy("  podSelector: {}\n  policyTypes: [Egress]\n")
    [found] = findings_of("policy-dns", {PATH: text})
    assert str(found.object).endswith(str(len(text.splitlines())))
    allowed = text + policy(
        "  podSelector: {}\n  policyTypes: [Egress]\n  egress: [{ports: [{port: 53, protocol: UDP}]}]\n",
        "dns",
    )
    assert findings_of("policy-dns", {PATH: allowed}) == []


def test_a_store_that_calls_nobody_may_be_held_without_dns():
    assert findings_of("policy-dns", {PATH: GOOD}) == []


@pytest.mark.parametrize(
    ("value", "called"),
    [
        ("redis://redis:6379/0", True),
        ("redis://user:p%40ss@redis.shop.svc.cluster.local/0", True),
        ("redis.shop:6379", True),
        ("redis.other:6379", False),
        ("https://redis.example.com", False),
        ("the redis queue", False),
    ],
)
def test_a_call_is_seen_in_a_variable(value, called):
    text = GOOD.replace("redis://redis:6379/0", f'"{value}"').replace(TO_REDIS, "")
    assert bool(findings_of("policy-blocks-caller", {PATH: text})) is called


def test_a_host_alone_is_a_call_when_its_variable_says_so():
    for name, called in (("REDIS_HOST", True), ("QUEUE_NAME", False), ("CORS_ORIGINS", False)):
        text = GOOD.replace("  REDIS_URL: redis://redis:6379/0", f"  {name}: redis").replace(TO_REDIS, "")
        assert bool(findings_of("policy-blocks-caller", {PATH: text})) is called, name


def test_policies_add_up_and_addresses_may_be_pods():
    denied = GOOD.replace(TO_REDIS, "")
    more = policy(
        "  podSelector: {}\n  policyTypes: [Egress]\n  egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8}}]}]\n",
        "more",
    )
    assert findings_of("policy-blocks-caller", {PATH: denied + more}) == []
    named = GOOD.replace("      ports: [{port: 6379}]\n---", "      ports: [{port: redis}]\n---", 1)
    assert findings_of("policy-blocks-caller", {PATH: named}) == []
    spread = GOOD.replace(
        "      ports: [{port: 6379}]\n---", "      ports: [{port: 6000, endPort: 7000}]\n---", 1
    )
    assert findings_of("policy-blocks-caller", {PATH: spread}) == []


def test_a_wildcard_certificate_covers_its_hosts():
    text = GOOD.replace("        - api.example.com\n", '        - "*.example.com"\n', 1)
    assert findings_of("ingress-tls-host", {PATH: text}) == []
    deeper = text.replace("host: api.example.com", "host: a.api.example.com", 1)
    assert len(findings_of("ingress-tls-host", {PATH: deeper})) >= 1


def test_a_canary_shares_the_path_of_its_ingress():
    one = GOOD[
        GOOD.index("apiVersion: networking.k8s.io/v1\nkind: Ingress") : GOOD.index("apiVersion: gateway")
    ]
    twice = GOOD + "---\n" + one.replace("name: shop\n", "name: shop-2\n", 1).rstrip("-\n") + "\n"
    assert len(findings_of("ingress-duplicate", {PATH: twice})) == 1
    canary = 'nginx.ingress.kubernetes.io/canary: "true"'
    text = (
        GOOD
        + "---\n"
        + one.replace("name: shop\n", "name: shop-2\n", 1)
        .replace('nginx.ingress.kubernetes.io/limit-rpm: "100"', canary)
        .rstrip("-\n")
        + "\n"
    )
    assert findings_of("ingress-duplicate", {PATH: text}) == []


def test_a_service_without_a_selector_or_without_pods_around_is_left_alone():
    outside = (
        "apiVersion: v1\nkind: Service\nmetadata: {name: db}\n"
        "spec: {type: ExternalName, externalName: db.example.com}\n"
    )
    assert findings_of("service-selects-nothing", {PATH: f"{GOOD}---\n{outside}"}) == []
    alone = (
        "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n"
        "spec: {selector: {app: x}, ports: [{port: 80}]}\n"
    )
    assert findings_of("service-selects-nothing", {PATH: alone}) == []
