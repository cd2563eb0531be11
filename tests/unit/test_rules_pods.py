"""Rules on pods: security, images, resources, probes."""

from __future__ import annotations

import pytest
from checks_help import findings_of
from kube_cases import GOOD, NAMESPACE, PATH, Case, check

SECURITY = "            allowPrivilegeEscalation: false\n            readOnlyRootFilesystem: true\n"
TMP = "          emptyDir: {}\n"
RESOURCES = GOOD[GOOD.index("          resources:\n") : GOOD.index("          securityContext:\n")]
LIVENESS = "            httpGet:\n              path: /health/live\n              port: http\n"
READINESS = GOOD[GOOD.index("          readinessProbe:\n") : GOOD.index("          volumeMounts:\n")]


@pytest.mark.parametrize(
    "case",
    [
        Case(
            "pod-privileged",
            SECURITY,
            f"            privileged: true\n{SECURITY}",
            "privileged: true",
            "privileged: false",
        ),
        Case(
            "pod-privileged",
            "      serviceAccountName: api\n",
            "      hostNetwork: true\n      serviceAccountName: api\n",
            "hostNetwork",
            "false",
        ),
        Case("pod-privileged", TMP, "          hostPath: {path: /var/run}\n", "hostPath", "emptyDir"),
        Case(
            "pod-privileged",
            "              drop: [ALL]",
            "              drop: [ALL]\n              add: [SYS_ADMIN]",
            "add:",
            "SYS_ADMIN",
        ),
        Case(
            "pod-host-port",
            "              containerPort: 8000",
            "              containerPort: 8000\n              hostPort: 80",
            "hostPort",
            "remove",
        ),
        Case(
            "pod-runs-as-root", "        runAsNonRoot: true\n", "", "securityContext:", "runAsNonRoot: true"
        ),
        Case(
            "pod-runs-as-root",
            "        runAsNonRoot: true\n",
            "        runAsNonRoot: false\n",
            "runAsNonRoot: false",
            "runAsNonRoot: true",
        ),
        Case(
            "pod-runs-as-root",
            "        runAsUser: 1000\n",
            "        runAsUser: 0\n",
            "runAsUser: 0",
            "runAsUser: 1000",
        ),
        Case("pod-user-unnumbered", "        runAsUser: 1000\n", "", "runAsNonRoot: true", "runAsUser: 1000"),
        Case(
            "pod-privilege-escalation",
            "            allowPrivilegeEscalation: false\n",
            "",
            "securityContext:",
            "allowPrivilegeEscalation: false",
        ),
        Case(
            "pod-capabilities",
            "            capabilities:\n              drop: [ALL]\n",
            "",
            "securityContext:",
            "drop: [ALL]",
        ),
        Case(
            "pod-seccomp",
            "        seccompProfile: {type: RuntimeDefault}\n",
            "",
            "securityContext:",
            "RuntimeDefault",
        ),
        Case(
            "pod-seccomp",
            "        seccompProfile: {type: RuntimeDefault}\n",
            "        seccompProfile: {type: Unconfined}\n",
            "Unconfined",
            "RuntimeDefault",
        ),
        Case(
            "pod-writable-root",
            "            readOnlyRootFilesystem: true\n",
            "",
            "securityContext:",
            "readOnlyRootFilesystem: true",
        ),
        Case(
            "pod-token-mounted",
            "automountServiceAccountToken: false\n---",
            "---",
            "serviceAccountName: api",
            "automountServiceAccountToken: false",
        ),
        Case(
            "pod-token-mounted",
            "      automountServiceAccountToken: false\n",
            "",
            "spec:",
            "automountServiceAccountToken: false",
        ),
        Case(
            "image-version",
            "ghcr.io/myorg/api:v1.0.0",
            "ghcr.io/myorg/api:latest",
            "image:",
            "image: ghcr.io/myorg/api:1.0.0",
        ),
        Case(
            "image-version",
            "ghcr.io/myorg/api:v1.0.0",
            "localhost:5000/api",
            "image:",
            "image: localhost:5000/api:1.0.0",
        ),
        Case(
            "image-pull-never",
            "imagePullPolicy: IfNotPresent",
            "imagePullPolicy: Never",
            "Never",
            "IfNotPresent",
        ),
        Case("image-name", "ghcr.io/myorg/api:v1.0.0", "/todo-api:dev", "image:", "image: todo-api:dev"),
        Case(
            "image-name", "ghcr.io/myorg/api:v1.0.0", "ghcr.io/MyOrg/api:v1", "image:", "ghcr.io/myorg/api:v1"
        ),
        Case(
            "image-retired",
            "image: redis:7",
            "image: docker.io/bitnami/redis:7.4.1",
            "bitnami",
            "image: redis",
        ),
        Case(
            "image-retired",
            "image: redis:7",
            "image: registry.k8s.io/ingress-nginx/controller:v1.12.0",
            "ingress-nginx",
            "Traefik",
        ),
        Case("resources-missing", RESOURCES, "", "- name: api", "resources: {requests"),
        Case("resources-missing", "              memory: 512Mi\n", "", "resources:", "limits: {memory"),
        Case(
            "resources-quantity",
            "              memory: 512Mi\n",
            "              memory: 512MB\n",
            "512MB",
            "memory: 512Mi",
        ),
        Case(
            "resources-quantity",
            "              cpu: 500m\n",
            "              cpu: half\n",
            "half",
            "cpu: 500m",
        ),
        Case(
            "resources-absurd",
            "              memory: 512Mi\n",
            "              memory: 512m\n",
            "512m",
            "memory: 512Mi",
        ),
        Case(
            "resources-absurd",
            "              memory: 512Mi\n",
            "              memory: 512\n",
            "512",
            "memory: 512Mi",
        ),
        Case("resources-absurd", "              cpu: 500m\n", "              cpu: 500\n", "500", "cpu: 500m"),
        Case(
            "resources-request-above-limit",
            "              memory: 128Mi\n",
            "              memory: 1Gi\n",
            "1Gi",
            "memory: 512Mi",
        ),
        Case("emptydir-memory", TMP, "          emptyDir: {medium: Memory}\n", "Memory", "sizeLimit"),
        Case("probe-readiness-missing", READINESS, "", "- name: api", "port: http"),
        Case(
            "probe-port", "              port: http\n", "              port: web\n", "port: web", "port: http"
        ),
        Case(
            "probe-port",
            "              port: 8000\n",
            "              port: 8080\n",
            "port: 8080",
            "port: http",
        ),
        Case(
            "probe-liveness-is-readiness",
            "path: /health/live",
            "path: /health/ready",
            "/health/ready",
            "path: /health/live",
        ),
        Case(
            "probe-celery-ping",
            LIVENESS,
            "            exec:\n              command: [celery, -A, worker, inspect, ping]\n",
            "celery",
            "heartbeat",
        ),
        Case(
            "probe-celery-ping",
            LIVENESS,
            '            exec:\n              command: [sh, -c, "celery inspect ping -d x"]\n',
            "celery",
            "heartbeat",
        ),
        Case(
            "probe-timeout",
            "            timeoutSeconds: 5\n",
            "            timeoutSeconds: 30\n",
            "30",
            "timeoutSeconds: 10",
        ),
        Case(
            "probe-success-threshold",
            "            timeoutSeconds: 5\n",
            "            successThreshold: 2\n",
            "2",
            "1",
        ),
    ],
    ids=str,
)
def test_a_defect_is_found_where_it_is_and_a_healthy_pod_has_none(case):
    check(case)


def test_a_namespace_that_enforces_a_level_rejects_pods_and_one_rule_alone_says_so():
    text = GOOD.replace("        seccompProfile: {type: RuntimeDefault}\n", "", 1)
    restricted = {PATH: text, "manifests/namespace.yaml": NAMESPACE.format(level="restricted")}
    [found] = findings_of("pod-security-rejected", restricted)
    assert "seccompProfile" in found.found
    assert findings_of("pod-seccomp", restricted) == []
    baseline = restricted | {"manifests/namespace.yaml": NAMESPACE.format(level="baseline")}
    assert findings_of("pod-security-rejected", baseline) == []
    assert len(findings_of("pod-seccomp", baseline)) == 1
    healthy = {PATH: GOOD, "manifests/namespace.yaml": NAMESPACE.format(level="restricted")}
    assert findings_of("pod-security-rejected", healthy) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            "        - name: tmp\n          emptyDir: {}",
            "        - name: tmp\n          nfs: {server: a, path: /}",
        ),
        (
            "        runAsNonRoot: true\n",
            "        runAsNonRoot: true\n        sysctls: [{name: kernel.msgmax, value: '1'}]\n",
        ),
        (
            "        runAsNonRoot: true\n",
            "        runAsNonRoot: true\n        seLinuxOptions: {type: spc_t}\n",
        ),
        (
            "            readOnlyRootFilesystem: true\n",
            "            readOnlyRootFilesystem: true\n            procMount: Unmasked\n",
        ),
    ],
)
def test_the_rarer_fields_of_the_standards_are_known(old, new):
    text = GOOD.replace(old, new, 1)
    assert text != GOOD
    files = {PATH: text, "manifests/namespace.yaml": NAMESPACE.format(level="restricted")}
    assert len(findings_of("pod-security-rejected", files)) == 1


def test_a_container_may_say_for_itself_what_its_pod_leaves_open():
    text = GOOD.replace(
        "        runAsNonRoot: true\n        runAsUser: 1000\n"
        "        seccompProfile: {type: RuntimeDefault}\n",
        "        fsGroup: 1000\n",
        1,
    )
    own = (
        f"            runAsNonRoot: true\n            runAsUser: 1000\n"
        f"            seccompProfile: {{type: RuntimeDefault}}\n{SECURITY}"
    )
    text = text.replace(SECURITY, own, 1)
    for rule in ("pod-runs-as-root", "pod-seccomp", "pod-user-unnumbered"):
        assert findings_of(rule, {PATH: text}) == [], rule


def test_a_namespace_says_a_level_that_exists():
    def labels(text):
        return {
            "manifests/namespace.yaml": NAMESPACE.format(level="x").replace(
                "pod-security.kubernetes.io/enforce: x", text
            )
        }

    [found] = findings_of("namespace-pod-security", labels("app: shop"))
    assert found.fix.summary.startswith("pod-security.kubernetes.io/enforce: restricted")
    [found] = findings_of(
        "namespace-pod-security-level", labels("pod-security.kubernetes.io/enforce: strict")
    )
    assert str(found.object).endswith("namespace.yaml:6")
    healthy = labels("pod-security.kubernetes.io/enforce: restricted")
    assert findings_of("namespace-pod-security", healthy) == []
    assert findings_of("namespace-pod-security-level", healthy) == []


def test_on_a_developers_machine_local_images_are_in_order():
    text = GOOD.replace("imagePullPolicy: IfNotPresent", "imagePullPolicy: Never", 1)
    assert findings_of("image-pull-never", {"manifests/dev/app.yaml": text}) == []
    text = GOOD.replace("api:v1.0.0\n          imagePullPolicy: IfNotPresent", "api", 1)
    assert findings_of("image-version", {"manifests/dev/app.yaml": text}) == []
    [found] = findings_of("image-pull-always", {"manifests/dev/app.yaml": text})
    assert found.fix.summary == "imagePullPolicy: IfNotPresent"
    assert findings_of("image-pull-always", {"manifests/dev/app.yaml": GOOD}) == []


@pytest.mark.parametrize(
    "image", ["redis", "redis:7@sha256:" + "a" * 64, "localhost:5000/a/b__c:1", "[::1]:5000/a:1"]
)
def test_images_that_can_be_read(image):
    text = GOOD.replace("ghcr.io/myorg/api:v1.0.0", f'"{image}"', 1)
    assert findings_of("image-name", {PATH: text}) == []


def test_a_digest_is_a_version():
    text = GOOD.replace("api:v1.0.0", "api@sha256:" + "a" * 64, 1)
    assert findings_of("image-version", {PATH: text}) == []


def test_a_probe_on_a_distroless_image_runs_no_shell():
    shell = READINESS.replace(
        "            httpGet:\n              path: /health/ready\n              port: 8000\n",
        "            exec:\n              command: [sh, -c, 'true']\n",
    )
    text = GOOD.replace(READINESS, shell, 1)
    assert findings_of("probe-exec-distroless", {PATH: text}) == []
    text = text.replace("ghcr.io/myorg/api:v1.0.0", "gcr.io/distroless/python3:1", 1)
    [found] = findings_of("probe-exec-distroless", {PATH: text})
    assert "httpGet" in found.expected
    own = text.replace("[sh, -c, 'true']", "[/app/health]")
    assert findings_of("probe-exec-distroless", {PATH: own}) == []


def test_a_worker_that_nobody_calls_needs_no_readiness():
    text = GOOD.replace(READINESS, "", 1).replace(
        "            - name: http\n              containerPort: 8000\n", "", 1
    )
    assert findings_of("probe-readiness-missing", {PATH: text}) == []


def test_an_init_container_is_looked_at_too():
    text = GOOD.replace(
        "      containers:\n        - name: api\n",
        "      initContainers:\n        - name: first\n"
        "          image: busybox\n      containers:\n        - name: api\n",
        1,
    )
    for rule in ("image-version", "resources-missing", "pod-writable-root", "pod-capabilities"):
        assert ["first" in f.found or "busybox" in f.found for f in findings_of(rule, {PATH: text})] == [True]
