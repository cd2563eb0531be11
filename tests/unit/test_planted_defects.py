"""Defects planted one at a time into a copy of our own artifacts: each is found, and nothing else is."""

from __future__ import annotations

import pytest
from planted_help import Copy, Defect, Seen, joined

from kitlib.checks.running import examine

pytestmark = pytest.mark.slow

API = "todo-app/backend/Dockerfile"
PAGE = "todo-app/frontend/Dockerfile"
COMPOSE = "todo-app/docker-compose.yml"
PODS = "manifests/production/deployments.yaml"
CHART = "charts/todo-app"
ARGO = "todo-app/deploy/argocd-application.yaml"
FLOW = ".github/workflows/deploy.yaml"
PULUMI = "todo-app/deploy/infrastructure/__main__.py"
SCRIPT = "todo-app/scripts/dev-workflow.sh"
MINIKUBE = "todo-app/scripts/setup-minikube.sh"
SPECS = "todo-app/specs"
SELECTOR = """    matchLabels:
      app.kubernetes.io/name: frontend
      app.kubernetes.io/part-of: todo-app
  template:
    metadata:
      labels:
"""
VERSIONED = SELECTOR.replace("matchLabels:\n", "matchLabels:\n      app.kubernetes.io/version: v1\n").replace(
    "  labels:\n", "  labels:\n        app.kubernetes.io/version: v1\n"
)
PROBES = """              path: /health/ready
              port: http
            periodSeconds: 10
"""
COMPILER = (
    "RUN apt-get update && apt-get install -y --no-install-recommends gcc=4:12 && rm -rf /var/lib/apt/*\n"
)
ARCHITECTURE = f"{SPECS}/architecture.md"
CONTAINER = f"{SPECS}/containers/api.md"


def defect(family, path, old, new, fix, *seen):
    """A `Defect`; each of `seen` is an id for the changed line, or a `Seen`."""
    return Defect(family, path, old, new, fix, tuple(s if isinstance(s, Seen) else Seen(s) for s in seen))


DOCKER = (
    defect("user-root", API, "USER 1000:1000", "USER 0:0", "USER 1000", "docker-user-root"),
    defect("user-named", API, "USER 1000:1000", "USER app", "USER 1000", "docker-user-named"),
    defect(
        "user-number",
        API,
        "useradd --uid 1000 --gid 1000",
        "useradd --system --gid 1000",
        "--uid",
        "docker-user-unknown-id",
    ),
    defect(
        "shell-form",
        API,
        'CMD ["python", "-m", "app.main"]',
        "CMD python -m app.main",
        'CMD ["python"',
        "docker-shell-form",
    ),
    defect("base-latest", API, "=python:3.11-slim", "=python:latest", "<version>", "docker-base-latest"),
    defect(
        "loopback", API, '"--host", "0.0.0.0"', '"--host", "127.0.0.1"', "0.0.0.0", "docker-binds-loopback"
    ),
    defect(
        "secret-in-image",
        API,
        'ENV PATH="/opt/venv/bin:$PATH"\nCOPY req',
        "ENV API_TOKEN=s3cr3t-t0k3n\nCOPY req",
        "secret",
        "docker-secret",
    ),
    defect("exposed-port", API, "EXPOSE 8000 9090", "EXPOSE 8080 9090", "EXPOSE", "port-not-exposed"),
    defect(
        "compiler",
        API,
        "# kit:keep packages\n",
        f"# kit:keep packages\n{COMPILER}",
        "COPY --from=",
        "docker-build-tools",
    ),
    defect("npm-production", PAGE, "RUN npm ci", "RUN npm ci --omit=dev", "npm ci", "docker-npm-production"),
    defect(
        "stage-name",
        PAGE,
        "COPY --from=builder /app/public",
        "COPY --from=build /app/public",
        "builder",
        "docker-stage-order",
    ),
    defect(
        "static-files",
        PAGE,
        "COPY --from=builder /app/.next/static ./.next/static\n",
        "",
        "static",
        Seen("nextjs-static-missing", "/app/.next/standalone"),
    ),
    defect(
        "hostname",
        PAGE,
        '["env", "HOSTNAME=0.0.0.0", "node", "server.js"]',
        '["node", "server.js"]',
        "HOSTNAME",
        "nextjs-hostname",
    ),
    defect(
        "standalone",
        "todo-app/frontend/next.config.ts",
        'output: "standalone"',
        'output: "export"',
        "standalone",
        Seen("nextjs-standalone-off", "/app/.next/standalone", PAGE),
    ),
)
COMPOSED = (
    defect(
        "compose-version",
        COMPOSE,
        "name: todo-app\n",
        'version: "3.8"\nname: todo-app\n',
        "remove the line",
        "compose-version",
    ),
    defect("compose-target", COMPOSE, "target: development", "target: dev", "development", "compose-target"),
    defect(
        "compose-wait",
        COMPOSE,
        "    depends_on:\n      api:\n        condition: service_healthy",
        "    depends_on:\n      - api",
        "service_healthy",
        Seen("compose-depends-on", "      - api"),
    ),
    defect(
        "compose-port",
        COMPOSE,
        "127.0.0.1:${POSTGRES_PORT:-5432}:5432",
        '"5432:5432"',
        "127.0.0.1",
        "compose-database-port",
    ),
    defect(
        "compose-latest", COMPOSE, "redis:7-alpine", "redis:latest", "redis:<major", "compose-image-latest"
    ),
    defect(
        "compose-password",
        COMPOSE,
        "POSTGRES_PASSWORD: ${POSTGRES_PASSWORD:?copy .env.example to .env and set it there}",
        "POSTGRES_PASSWORD: hunter2hunter2",
        "${POSTGRES_PASSWORD",
        "compose-password",
    ),
    defect(
        "compose-field", COMPOSE, "    read_only: true", "    readonly: true", "correct", "compose-config"
    ),
    defect(
        "compose-healthcheck",
        COMPOSE,
        """    healthcheck:
      test:
        - CMD
        - redis-cli
        - ping
      interval: 5s
      timeout: 5s
      retries: 12
      start_period: 30s
      start_interval: 1s
""",
        "",
        "redis-cli",
        Seen("compose-healthcheck", "  redis:", nth=-1),
    ),
)
MANIFESTS = (
    defect(
        "unknown-field",
        PODS,
        "revisionHistoryLimit",
        "revisionHistoryLimits",
        "revisionHistoryLimit",
        "schema",
    ),
    defect("memory-unit", PODS, "memory: 512Mi", "memory: 512m", "512Mi", "resources-absurd"),
    defect(
        "image-latest",
        PODS,
        "todo-frontend:1.0.0",
        "todo-frontend:latest",
        "todo-frontend:1.0.0",
        "image-version",
    ),
    defect(
        "probe-port",
        PODS,
        "path: /health/ready\n              port: http",
        "path: /health/ready\n              port: web",
        "http",
        "probe-port",
    ),
    defect(
        "liveness",
        PODS,
        "path: /health/live\n",
        "path: /health/ready\n",
        "liv",
        "probe-liveness-is-readiness",
    ),
    defect(
        "writable-root",
        PODS,
        "readOnlyRootFilesystem: true",
        "readOnlyRootFilesystem: false",
        "readOnlyRootFilesystem",
        "pod-writable-root",
    ),
    defect("root-user", PODS, "runAsUser: 1000", "runAsUser: 0", "runAsUser: 1000", "pod-security-rejected"),
    defect(
        "replicas",
        PODS,
        "spec:\n  revisionHistoryLimit: 5",
        "spec:\n  replicas: 3\n  revisionHistoryLimit: 5",
        "replicas",
        "hpa-replicas",
    ),
    defect("selector-version", PODS, SELECTOR, VERSIONED, "app.kubernetes.io/version", "selector-version"),
    defect(
        "service-account",
        PODS,
        "serviceAccountName: frontend",
        "serviceAccountName: front",
        "serviceAccountName: frontend",
        "service-account-missing",
    ),
    defect(
        "configmap-name",
        PODS,
        "name: frontend-config",
        "name: frontend-conf",
        "frontend-config",
        "config-missing",
    ),
    defect(
        "volume-name",
        PODS,
        "- name: tmp\n              mountPath",
        "- name: temp\n              mountPath",
        "tmp",
        "volume-missing",
    ),
    defect("container-port", PODS, "containerPort: 3000", "containerPort: 3001", "3000", "port-not-served"),
    defect(
        "hpa-target",
        "manifests/production/autoscalers.yaml",
        "kind: Deployment\n    name: frontend",
        "kind: Deployment\n    name: front-end",
        "frontend",
        "hpa-target",
    ),
    defect(
        "hpa-version",
        "manifests/production/autoscalers.yaml",
        "autoscaling/v2\n",
        "autoscaling/v2beta2\n",
        "autoscaling/v2",
        "api-removed",
    ),
    defect(
        "hpa-range",
        "manifests/production/autoscalers.yaml",
        "maxReplicas: 10",
        "maxReplicas: 1",
        "maxReplicas",
        "hpa-range",
    ),
    defect(
        "pdb",
        "manifests/production/disruption-budgets.yaml",
        "maxUnavailable: 1",
        "maxUnavailable: 0",
        "maxUnavailable",
        "pdb-blocks-drain",
    ),
    defect(
        "pdb-both",
        "manifests/production/disruption-budgets.yaml",
        "maxUnavailable: 1",
        "minAvailable: 1\n  maxUnavailable: 1",
        "remove minAvailable",
        "pdb-both",
    ),
    defect(
        "service-port",
        "manifests/production/services.yaml",
        "targetPort: http",
        "targetPort: web",
        "http",
        "service-target-port",
    ),
    defect(
        "service-selector",
        "manifests/production/services.yaml",
        "selector:\n    app.kubernetes.io/name: frontend",
        "selector:\n    app.kubernetes.io/name: front",
        "name: frontend",
        "service-selects-nothing",
    ),
    defect(
        "ingress-annotation",
        "manifests/production/ingress.yaml",
        "nginx.ingress.kubernetes.io/limit-rpm",
        "nginx.ingress.kubernetes.io/rate-limit",
        "limit-rpm",
        "ingress-annotation-unknown",
    ),
    defect(
        "ingress-class",
        "manifests/production/ingress.yaml",
        "    cert-manager",
        "    kubernetes.io/ingress.class: nginx\n    cert-manager",
        "remove it",
        "ingress-class-annotation",
    ),
    defect(
        "ingress-path-type",
        "manifests/production/ingress.yaml",
        "            pathType: Prefix\n",
        "",
        "pathType",
        Seen("ingress-path-type", "- path: /"),
    ),
    defect(
        "ingress-certificate",
        "manifests/production/ingress.yaml",
        "    cert-manager.io/cluster-issuer: letsencrypt-prod\n",
        "",
        "cert-manager.io/cluster-issuer",
        Seen("ingress-tls-secret", "secretName:"),
    ),
    defect(
        "pdb-missing",
        "manifests/production/disruption-budgets.yaml",
        "  name: frontend\n  namespace: todo-app\n",
        "  name: frontend\n  namespace: elsewhere\n",
        "maxUnavailable: 1",
        Seen("pdb-missing", "  name: frontend", PODS),
    ),
    defect(
        "probes-identical",
        PODS,
        PROBES,
        PROBES.replace("/ready", "/live").replace("periodSeconds: 10", "periodSeconds: 15"),
        "failureThreshold",
        Seen("probes-identical", "livenessProbe:"),
    ),
    defect(
        "ingress-backend",
        "manifests/production/ingress.yaml",
        "name: api\n",
        "name: apis\n",
        "name: api",
        "ingress-backend",
    ),
    defect(
        "ingress-tls",
        "manifests/production/ingress.yaml",
        "        - api.example.com\n",
        "",
        "api.example.com",
        Seen("ingress-tls-host", "host: api.example.com"),
    ),
    defect(
        "config-number",
        "manifests/production/config.yaml",
        'PORT: "8000"',
        "PORT: 8000",
        'PORT: "8000"',
        "config-not-text",
    ),
    defect(
        "env-missing",
        "manifests/production/config.yaml",
        "API_URL: http://api",
        "API_ADDRESS: http://api",
        "API_URL",
        Seen("env-missing", "envFrom:", PODS),
        "env-unused",
    ),
    defect(
        "pod-security",
        "manifests/production/namespace.yaml",
        "enforce: restricted",
        "enforce: strict",
        "restricted",
        "namespace-pod-security-level",
    ),
    defect(
        "policy-caller",
        "manifests/production/network-policies.yaml",
        "port: 8000",
        "port: 8001",
        "8000",
        Seen("policy-blocks-caller", "  egress:", nth=1),
    ),
    defect(
        "policy-dns",
        "manifests/production/network-policies.yaml",
        "port: 53\n          protocol: UDP",
        "port: 5353\n          protocol: UDP",
        "53",
        Seen("policy-dns", "  egress:"),
    ),
    defect(
        "rbac",
        "manifests/production/access.yaml",
        "rules: []",
        'rules:\n  - apiGroups: [""]\n    resources: [pods]\n    verbs: ["*"]',
        "get, list, watch",
        Seen("rbac-wildcard", "verbs"),
    ),
    defect(
        "secret-key",
        "manifests/production/external-secrets.yaml",
        "secretKey: password",
        "secretKey: passwort",
        "key: passwort",
        Seen("config-key-missing", "key: password", "manifests/production/postgresql.yaml"),
    ),
    defect(
        "external-secret-field",
        "manifests/production/external-secrets.yaml",
        "secretStoreRef:",
        "secretStoreReference:",
        "secretStoreRef",
        "schema",
    ),
    defect(
        "gateway-mode",
        "manifests/reference/gateway.yaml",
        "mode: Terminate",
        "mode: Terminated",
        "did you mean Terminate?",
        "schema",
    ),
    defect(
        "http-route-field",
        "manifests/reference/http-route.yaml",
        "hostnames:",
        "hosts:",
        "hostnames",
        "schema",
    ),
)
CHARTS = (
    defect(
        "chart-latest",
        f"{CHART}/values-prod.yaml",
        "api:\n  replicaCount: 2\n",
        "api:\n  replicaCount: 2\n  image:\n    tag: latest\n",
        "AppVersion",
        Seen("chart-latest", "tag: latest"),
        Seen("chart-render", "image: {{", f"{CHART}/templates/deployment.yaml"),
    ),
    defect(
        "chart-credential",
        f"{CHART}/values-prod.yaml",
        "existingSecret: todo-app-database",
        "password: correct-horse-battery",
        "existingSecret",
        "chart-credential",
    ),
    defect(
        "chart-condition",
        f"{CHART}/Chart.yaml",
        "condition: redis.enabled",
        "condition: redis.active",
        "redis",
        "chart-condition-missing",
    ),
    defect(
        "chart-quote",
        f"{CHART}/templates/deployment.yaml",
        "prometheus.io/port: {{ $.Values.metrics.port | quote }}",
        "prometheus.io/port: {{ $.Values.metrics.port }}",
        'port: "9090"',
        "config-not-text",
    ),
    defect(
        "chart-render",
        f"{CHART}/templates/service.yaml",
        ".Values.metrics.enabled }}",
        ".Values.metrics.enabled }",
        "Helm names",
        "chart-render",
    ),
    defect(
        "chart-checksum",
        f"{CHART}/templates/deployment.yaml",
        '        {{- include "todo-app.checksums" $part | nindent 8 }}\n',
        "",
        "checksum",
        Seen("checksum-missing", "    metadata:"),
    ),
    defect(
        "chart-target-port",
        f"{CHART}/templates/service.yaml",
        "targetPort: http",
        "targetPort: web",
        "http",
        "service-target-port",
    ),
    defect(
        "chart-typo",
        f"{CHART}/templates/deployment.yaml",
        "terminationGracePeriodSeconds",
        "terminationGraceSeconds",
        "terminationGracePeriodSeconds",
        "schema",
    ),
    defect(
        "chart-random",
        f"{CHART}/templates/secret.yaml",
        '{{ include "todo-app.redisUrl" $ | quote }}',
        "{{ randAlphaNum 20 | quote }}",
        "existingSecret",
        "chart-random",
    ),
    defect(
        "chart-values",
        f"{CHART}/values-prod.yaml",
        "maxReplicas: 10",
        "maxReplica: 10",
        "maxReplica",
        "chart-render",
    ),
)
DELIVERY = (
    defect(
        "argocd-parameter",
        ARGO,
        "name: api.image.tag",
        "name: api.image.tags",
        "api.image.tag",
        "argocd-parameter-unknown",
    ),
    defect(
        "argocd-path",
        ARGO,
        "path: charts/todo-app",
        "path: charts/todo",
        "charts/todo-app",
        "argocd-path-missing",
    ),
    defect(
        "argocd-values",
        ARGO,
        "- values-prod.yaml",
        "- values-production.yaml",
        "values-prod.yaml",
        "argocd-values-missing",
    ),
    defect(
        "argocd-revision",
        ARGO,
        "targetRevision: main",
        "targetRevision: HEAD",
        "main",
        "argocd-moving-revision",
    ),
    defect(
        "argocd-tag",
        ARGO,
        "value: $ARGOCD_APP_REVISION",
        "value: $ARGOCD_APP_REVISION_SHORT",
        "type=sha",
        "argocd-revision-tag",
    ),
    defect("argocd-field", ARGO, "selfHeal: true", "selfHealing: true", "selfHeal", "schema"),
    defect(
        "workflow-retired",
        FLOW,
        "azure/setup-helm@v5",
        "azure/setup-helm@v3",
        "v5",
        "workflow-action-retired",
    ),
    defect(
        "workflow-moving",
        FLOW,
        "aquasecurity/trivy-action@57a97c7e7821a5776cebc9bb87c984fa69cba8f1",
        "aquasecurity/trivy-action@master",
        "commit",
        "workflow-action-moving",
    ),
    defect(
        "workflow-tag", FLOW, 'api.image.tag=$TAG"', 'api.image.tag=v$TAG"', "tag", "workflow-tag-not-pushed"
    ),
    defect(
        "workflow-permissions",
        FLOW,
        "permissions:\n  contents: read\nconc",
        "conc",
        "permissions",
        Seen("workflow-permissions", "  test:"),
        Seen("workflow-permissions", "  deploy:"),
    ),
    defect(
        "workflow-secret",
        FLOW,
        "umask 077",
        'echo "${{ secrets.KUBE_CONFIG }}"',
        "remove",
        "workflow-secret-printed",
    ),
    defect(
        "workflow-path",
        FLOW,
        "working-directory: todo-app/frontend",
        "working-directory: todo-app/front",
        "todo-app/frontend",
        "workflow-path-missing",
    ),
    defect(
        "workflow-pull-request",
        FLOW,
        "if: matrix.push && github.event_name != 'pull_request'\n        uses",
        "if: matrix.push\n        uses",
        "pull_request",
        Seen("workflow-push-from-pull-request", "push: true", nth=-1),
    ),
    defect(
        "workflow-environment",
        FLOW,
        "    environment: production\n",
        "",
        "environment",
        Seen("workflow-environment", "  deploy:"),
    ),
    defect(
        "workflow-expression",
        FLOW,
        "${{ matrix.context }}",
        "${{ matrix.contexts }}",
        "write context",
        "actionlint",
    ),
    defect(
        "script-errexit",
        SCRIPT,
        "set -euo pipefail\n",
        "",
        "set -euo pipefail",
        Seen("script-no-errexit", "#!/usr"),
    ),
    defect(
        "script-docker-env",
        SCRIPT,
        "# Not `eval $(minikube docker-env)`: that needs the Docker runtime inside the cluster.",
        'eval "$(minikube docker-env)"',
        "image build",
        "minikube-docker-env",
    ),
    defect(
        "script-path",
        SCRIPT,
        '"todo-worker:$TAG" todo-app/worker',
        '"todo-worker:$TAG" todo-app/workers',
        "todo-app/worker",
        "script-path-missing",
    ),
    defect(
        "script-quotes",
        SCRIPT,
        'minikube status --profile "$PROFILE"',
        "minikube status --profile $PROFILE",
        "SC2086",
        "shellcheck-SC2086",
    ),
    defect(
        "script-tag",
        SCRIPT,
        'TAG="${TAG:-dev-$(date -u +%Y%m%d%H%M%S)}"',
        'TAG="${TAG:-dev}"',
        "TAG",
        "script-same-tag",
    ),
    defect("kubernetes-ended", MINIKUBE, "v1.35.0", "v1.28.0", "stable", "kubernetes-ended"),
    defect(
        "pulumi-replica",
        PULUMI,
        '"replicas": replicas["minimum"]',
        '"replica": replicas["minimum"]',
        "replicas",
        "pulumi-field",
    ),
    defect(
        "pulumi-property",
        PULUMI,
        "automount_service_account_token=",
        "automount_service_token=",
        "automount_service_account_token",
        "pulumi-field",
    ),
    defect(
        "pulumi-class",
        PULUMI,
        '"ingressClassName": "nginx", ',
        '"ingressClass": "nginx", ',
        "ingressClassName",
        "pulumi-field",
    ),
    defect(
        "pulumi-annotation",
        PULUMI,
        '"annotations": settings["ingress_annotations"]',
        '"annotations": {"kubernetes.io/ingress.class": "nginx"}',
        "ingressClassName",
        "pulumi-ingress-class",
    ),
)
CODE = (
    defect(
        "code-variable",
        "todo-app/backend/app/config.py",
        "    database_url: SecretStr\n",
        "    database_url: SecretStr\n    smtp_url: SecretStr\n",
        "SMTP_URL",
        Seen("env-missing", "      containers:", f"{CHART}/templates/deployment.yaml"),
    ),
    defect(
        "code-public-variable",
        "todo-app/frontend/src/lib/config.ts",
        "process.env.API_URL",
        "process.env.NEXT_PUBLIC_API_URL",
        "NEXT_PUBLIC_API_URL",
        Seen("nextjs-build-variable", "RUN npm run build", PAGE),
    ),
    defect(
        "code-revalidate",
        "todo-app/frontend/src/app/page.tsx",
        "export default",
        "export const revalidate = 60;\n\nexport default",
        "force-dynamic",
        "nextjs-isr-read-only",
    ),
)
DEFECTS = DOCKER + COMPOSED + MANIFESTS + CHARTS + DELIVERY + CODE
SPECIFIED = (
    defect("spec-replicas", ARCHITECTURE, "2-10 (HPA)", "10-2 (HPA)", "write 2-10", "spec-value"),
    defect("spec-quantity", ARCHITECTURE, "CPU: 100m-500m", "CPU: 100x-500m", "write 100m", "spec-value"),
    defect("spec-call", ARCHITECTURE, "**Calls**: api", "**Calls**: apis", "write api", "spec-calls-unknown"),
    defect(
        "spec-kubernetes",
        ARCHITECTURE,
        "Kubernetes 1.35+",
        "Kubernetes 1.28+",
        "write 1.3",
        "spec-kubernetes-ended",
    ),
    defect(
        "spec-container",
        ARCHITECTURE,
        "containers/frontend.md",
        "containers/front.md",
        "write containers/frontend.md",
        "spec-container-missing",
    ),
    defect(
        "spec-field",
        ARCHITECTURE,
        "- **Framework**: Next.js",
        "- **Framewrk**: Next.js",
        "Framework?",
        "spec-unknown",
    ),
    defect("spec-port", CONTAINER, "| 8000 | HTTP", "| 80000 | HTTP", "at most 65535", "spec-value"),
    defect(
        "spec-uid",
        CONTAINER,
        "Non-root (UID 1000)",
        "Non-root (UID 0)",
        "write Non-root (UID 1000)",
        "spec-security",
    ),
    defect("spec-probe", CONTAINER, "every 15s", "every 15x", "write every 15s", "spec-value"),
    defect(
        "spec-limit",
        CONTAINER,
        "256Mi request, 512Mi limit",
        "256Mi request, 128Mi limit",
        "write 128Mi-256Mi",
        "spec-value",
    ),
    defect(
        "spec-build-key",
        f"{SPECS}/build.yaml",
        "    platforms:",
        "    platform:",
        "platforms?",
        "spec-unknown",
    ),
    defect(
        "spec-platform",
        f"{SPECS}/build.yaml",
        "linux/arm64",
        "linux/arm46",
        "write linux/arm64",
        "spec-value",
    ),
    defect(
        "spec-delivery",
        f"{SPECS}/communication.yaml",
        "At-least-once",
        "Exactly-once",
        "write At-least-once",
        "spec-delivery",
    ),
    defect(
        "spec-agent-key",
        f"{SPECS}/agent.yaml",
        "requireApproval:",
        "requiresApproval:",
        "requireApproval?",
        "spec-unknown",
    ),
    defect(
        "spec-approval",
        f"{SPECS}/ai-operations.md",
        "5min | Manual |",
        "5min | Automatic |",
        "write Auto",
        "spec-value",
    ),
    defect(
        "spec-nodes",
        f"{SPECS}/infrastructure.md",
        "**Min Nodes**: 3",
        "**Min Nodes**: 30",
        "write at most 10",
        "spec-value",
    ),
    defect(
        "spec-cidr",
        f"{SPECS}/infrastructure.md",
        "10.1.0.0/16",
        "10.0.0.0/16",
        "outside of 10.0.0.0/16",
        "spec-value",
    ),
    defect("spec-memory", f"{SPECS}/local-cluster.md", "8192MB", "8192", "write 8192MB", "spec-value"),
)
RENDERED = (
    defect(
        "hand-edit",
        PODS,
        "memory: 512Mi",
        "memory: 768Mi",
        "put the change into the specs",
        "artifact-edited",
    ),
    defect(
        "spec-changed",
        CONTAINER,
        "**Application**: Copy source code",
        "**Application**: Copy the source",
        "kit spec render",
        Seen("artifact-stale", "#   Application:", API),
    ),
)
# The specification of an agent says of itself that its definition has to be applied first.
QUIET = [("spec-agent-group", f"{SPECS}/agent.yaml:2")]


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    return Copy(tmp_path_factory.mktemp("planted"))


def places(findings):
    return sorted((item.id, str(item.object)) for item in findings)


def assert_found(findings, expected, item):
    """The findings are those expected, and the first of the defect's has its fix."""
    assert places(findings) == expected, [f"{f.object}: {f.found}" for f in findings]
    fixes = [f.fix.summary for f in findings if f.id == item.seen[0].id and f.fix]
    assert fixes
    assert item.fix in fixes[0]


def test_the_artifacts_are_clean(copy):
    whole = joined(copy.chart, copy.rest)
    assert list(examine(whole).findings) == []
    assert places(copy.check_specs()) == QUIET
    assert copy.compare() == []


@pytest.mark.parametrize("item", DEFECTS, ids=lambda item: item.family)
def test_kit_check_finds_the_defect_and_nothing_else(copy, item):
    with copy.planted(item) as changed:
        assert_found(copy.check(item.path), copy.expected(item, changed), item)


@pytest.mark.parametrize("item", SPECIFIED, ids=lambda item: item.family)
def test_kit_spec_check_finds_the_defect_and_nothing_else(copy, item):
    with copy.planted(item) as changed:
        assert_found(copy.check_specs(), sorted(QUIET + copy.expected(item, changed)), item)


@pytest.mark.parametrize("item", RENDERED, ids=lambda item: item.family)
def test_kit_spec_render_finds_the_difference_and_nothing_else(copy, item):
    with copy.planted(item) as changed:
        assert_found(copy.compare(), copy.expected(item, changed), item)


def test_there_is_a_defect_of_each_family():
    families = [item.family for item in (*DEFECTS, *SPECIFIED, *RENDERED)]
    assert len(families) == len(set(families)) >= 30
