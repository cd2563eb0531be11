"""The rules on Next.js in a container."""

from __future__ import annotations

import pytest
from checks_help import findings_of

DOCKERFILE = """\
ARG NODE_IMAGE=node:20-alpine
FROM ${NODE_IMAGE} AS builder
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci
COPY app ./app
ARG NEXT_PUBLIC_API_URL
RUN npm run build
FROM ${NODE_IMAGE} AS production
WORKDIR /app
COPY --from=builder /app/public ./public
COPY --from=builder /app/.next/standalone ./
COPY --from=builder /app/.next/static ./.next/static
USER 1000:1000
ENV PORT=3000 HOSTNAME=0.0.0.0
EXPOSE 3000
CMD ["node", "server.js"]
"""
CONFIG = 'export default {\n  output: "standalone",\n};\n'
PAGE = "export const url = process.env.NEXT_PUBLIC_API_URL;\n"
POD = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: frontend}
spec:
  template:
    spec:
      containers:
        - name: frontend
          image: ghcr.io/me/todo-frontend:1.0
          securityContext: {readOnlyRootFilesystem: true}
          volumeMounts:
            - {name: cache, mountPath: /app/.next/cache}
      volumes:
        - {name: cache, emptyDir: {}}
"""
GOOD = {
    "frontend/Dockerfile": DOCKERFILE,
    "frontend/next.config.mjs": CONFIG,
    "frontend/public/.gitkeep": "",
    "frontend/app/page.tsx": PAGE,
    "manifests/frontend.yaml": POD,
}
CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: f}\ndata:\n  NEXT_PUBLIC_API_URL: http://x\n"

BROKEN = [
    ("nextjs-standalone-off", {"frontend/next.config.mjs": "export default {};\n"}, "frontend/Dockerfile:12"),
    ("nextjs-standalone-off", {"frontend/next.config.mjs": None}, "frontend/Dockerfile:12"),
    ("nextjs-public-missing", {"frontend/public/.gitkeep": None}, "frontend/Dockerfile:11"),
    (
        "nextjs-static-missing",
        {"frontend/Dockerfile": ("COPY --from=builder /app/.next/static", "#")},
        "frontend/Dockerfile:12",
    ),
    (
        "nextjs-start-command",
        {"frontend/Dockerfile": ('["node", "server.js"]', '["npm", "start"]')},
        "frontend/Dockerfile:17",
    ),
    ("nextjs-hostname", {"frontend/Dockerfile": (" HOSTNAME=0.0.0.0", "")}, "frontend/Dockerfile:17"),
    (
        "nextjs-hostname",
        {
            "frontend/Dockerfile": (
                '["node", "server.js"]',
                '["env", "HOSTNAME=127.0.0.1", "node", "server.js"]',
            )
        },
        "frontend/Dockerfile:17",
    ),
    ("nextjs-public-variable", {"manifests/config.yaml": CONFIG_MAP}, "manifests/config.yaml:5"),
    (
        "nextjs-public-variable",
        {"frontend/Dockerfile": ("ENV PORT=3000", "ENV NEXT_PUBLIC_API_URL=x")},
        "frontend/Dockerfile:15",
    ),
    (
        "nextjs-build-variable",
        {"frontend/Dockerfile": ("ARG NEXT_PUBLIC_API_URL\n", "")},
        "frontend/Dockerfile:7",
    ),
    (
        "nextjs-cache-read-only",
        {"manifests/frontend.yaml": ("/app/.next/cache", "/tmp")},
        "manifests/frontend.yaml:11",
    ),
    (
        "nextjs-isr-read-only",
        {"frontend/app/page.tsx": PAGE + "export const revalidate = 60;\n"},
        "frontend/app/page.tsx:2",
    ),
]


@pytest.mark.parametrize(("rule", "change", "where"), BROKEN)
def test_each_defect_is_reported_where_it_is(rule, change, where):
    files = dict(GOOD)
    for path, text in change.items():
        if text is None:
            del files[path]
        else:
            files[path] = files[path].replace(*text) if isinstance(text, tuple) else text
    assert [item.object for item in findings_of(rule, files)] == [where]


@pytest.mark.parametrize("rule", sorted({rule for rule, _, _ in BROKEN}))
def test_a_good_application_is_not_reported(rule):
    assert findings_of(rule, GOOD) == []


def test_a_writable_root_needs_no_volume_and_may_revalidate():
    files = GOOD | {
        "manifests/frontend.yaml": POD.replace("readOnlyRootFilesystem: true", "").replace(
            "/app/.next", "/x"
        ),
        "frontend/app/page.tsx": PAGE + "export const revalidate = 60;\n",
    }
    assert findings_of("nextjs-cache-read-only", files) == []
    assert findings_of("nextjs-isr-read-only", files) == []


def test_a_chart_that_sets_a_public_variable_is_reported_once():
    chart = {
        "chart/Chart.yaml": "apiVersion: v2\nname: chart\nversion: 1.0.0\n",
        "chart/values.yaml": "frontend:\n  env:\n    NEXT_PUBLIC_API_URL: https://x\n",
        "chart/templates/config.yaml": CONFIG_MAP.replace(
            "http://x", "{{ .Values.frontend.env.NEXT_PUBLIC_API_URL }}"
        ),
    }
    found = findings_of("nextjs-public-variable", chart)
    assert [item.object for item in found] == ["chart/values.yaml:3"]


def test_other_node_applications_are_left_alone():
    files = {"api/Dockerfile": 'FROM node:20\nUSER 1000\nCMD ["node", "index.js"]\n'}
    assert all(not findings_of(rule, files) for rule, _, _ in BROKEN)
