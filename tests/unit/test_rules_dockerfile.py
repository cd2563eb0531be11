"""The rules on Dockerfiles: each with a file that breaks it and one that does not; and the parser."""

from __future__ import annotations

import pytest
from checks_help import findings_of

from kitlib.checks.dockerfiles import stages
from kitlib.checks.targets import File

GOOD = """\
ARG PYTHON_IMAGE=python:3.11-slim
FROM ${PYTHON_IMAGE} AS builder
RUN apt-get update && apt-get install -y --no-install-recommends build-essential
RUN python -m venv /opt/venv
FROM ${PYTHON_IMAGE} AS production
RUN groupadd --gid 1000 app && useradd --uid 1000 --gid 1000 --no-create-home app
WORKDIR /app
COPY --from=builder /opt/venv /opt/venv
COPY app ./app
ENV LOG_LEVEL=INFO
USER 1000:1000
EXPOSE 8000
CMD ["uvicorn", "app.main:app", "--host", "0.0.0.0", "--port", "8000"]
"""

BROKEN = [
    ("docker-base-latest", GOOD.replace("python:3.11-slim", "python:latest"), [1]),
    ("docker-base-latest", GOOD.replace("python:3.11-slim", "python"), [1]),
    ("docker-base-not-arg", GOOD.replace("FROM ${PYTHON_IMAGE} AS p", "FROM python:3.11-slim AS p"), [5]),
    ("docker-build-tools", GOOD.replace("COPY app", "RUN apt-get install -y gcc\nCOPY app"), [9]),
    ("docker-secret", GOOD.replace("LOG_LEVEL=INFO", "DATABASE_PASSWORD=hunter2"), [10]),
    ("docker-secret", "ARG X\nFROM a:1\nARG NPM_TOKEN=abc\nUSER 1\n", [3]),
    (
        "docker-stage-order",
        GOOD.replace("RUN python -m venv", "COPY --from=production /a /b\nRUN python"),
        [4],
    ),
    ("docker-stage-order", GOOD.replace("--from=builder", "--from=7"), [8]),
    ("docker-user-root", GOOD.replace("USER 1000:1000\n", ""), [5]),
    ("docker-user-root", GOOD.replace("USER 1000:1000", "USER root"), [11]),
    ("docker-user-root", GOOD.replace("USER 1000:1000", "USER 0:0"), [11]),
    ("docker-user-named", GOOD.replace("USER 1000:1000", "USER app"), [11]),
    (
        "docker-user-unknown-id",
        GOOD.replace("useradd --uid 1000", "useradd -r").replace("1000:1000", "app"),
        [6],
    ),
    (
        "docker-shell-form",
        GOOD.replace(GOOD[GOOD.index("CMD") :], "CMD uvicorn app:app --host 0.0.0.0\n"),
        [13],
    ),
    (
        "docker-shell-form",
        GOOD.replace(GOOD[GOOD.index("CMD") :], 'CMD ["sh", "-c", "uvicorn app:app"]\n'),
        [13],
    ),
    ("docker-shell-form", GOOD + "ENTRYPOINT ./start.sh\n", [14]),
    ("docker-binds-loopback", GOOD.replace('"--host", "0.0.0.0", ', ""), [13]),
    ("docker-binds-loopback", GOOD.replace("0.0.0.0", "127.0.0.1"), [13]),
]


@pytest.mark.parametrize(("rule", "text", "lines"), BROKEN)
def test_a_broken_dockerfile_is_reported_on_its_line(rule, text, lines):
    found = findings_of(rule, {"app/Dockerfile": text})
    assert [item.object for item in found] == [f"app/Dockerfile:{line}" for line in lines]
    assert all(item.fix and item.fix.summary and item.why for item in found)


@pytest.mark.parametrize("rule", sorted({rule for rule, _, _ in BROKEN}))
def test_a_good_dockerfile_is_not_reported(rule):
    assert findings_of(rule, {"Dockerfile": GOOD}) == []


HEALTHY = [
    ("docker-base-latest", "FROM scratch\nUSER 1\n"),
    ("docker-base-latest", "FROM python@sha256:abc\nUSER 1\n"),
    ("docker-base-latest", "FROM a:1 AS one\nFROM one\n"),
    ("docker-base-latest", "ARG BASE\nFROM $BASE\n"),
    ("docker-base-not-arg", "FROM kit.local/debian:bookworm\n"),
    ("docker-build-tools", "FROM a:1\nRUN apk add gcc && pip install x && apk del gcc\n"),
    ("docker-build-tools", "FROM a:1\nRUN apt-get install -y nginx\n"),
    ("docker-secret", "FROM a:1\nENV TOKENIZERS_PARALLELISM=false NEXT_PUBLIC_API_KEY=x\nARG DB_PASSWORD\n"),
    ("docker-stage-order", "FROM a:1\nCOPY --from=busybox /bin/sh /bin/sh\n"),
    ("docker-user-root", "FROM gcr.io/distroless/static:nonroot\n"),
    ("docker-user-root", "FROM a:1 AS one\nUSER 1000\nFROM one\n"),
    ("docker-user-named", "FROM a:1\nARG UID=1000\nUSER $UID\n"),
    ("docker-shell-form", "FROM a:1\nCMD exec uvicorn app:app\n"),
    ("docker-shell-form", 'FROM a:1\nENTRYPOINT ["sh", "-c", "cd /x; exec server"]\n'),
    ("docker-binds-loopback", 'FROM a:1\nENV UVICORN_HOST=0.0.0.0\nCMD ["uvicorn", "app:app"]\n'),
    ("docker-binds-loopback", 'FROM a:1\nCMD ["uvicorn", "app:app", "--uds", "/run/x"]\n'),
]


@pytest.mark.parametrize(("rule", "text"), HEALTHY)
def test_what_only_looks_alike_is_not_reported(rule, text):
    assert findings_of(rule, {"Dockerfile": text}) == []


NODE = """\
FROM node:20-alpine AS deps
COPY package.json package-lock.json ./
RUN npm ci --only=production
FROM node:20-alpine AS builder
COPY --from=deps /app/node_modules ./node_modules
COPY . .
RUN npm run build
FROM node:20-alpine
CMD ["node", "server.js"]
"""


@pytest.mark.parametrize("option", ["--only=production", "--omit=dev", "--production"])
def test_a_build_without_development_dependencies(option):
    text = NODE.replace("--only=production", option)
    found = findings_of("docker-npm-production", {"Dockerfile": text})
    assert [item.object for item in found] == ["Dockerfile:3"]


@pytest.mark.parametrize(
    "text",
    [
        NODE.replace(" --only=production", ""),
        NODE.replace("RUN npm run build\n", ""),
        NODE.replace("RUN npm run build", "RUN npm ci\nRUN npm run build"),
    ],
)
def test_a_build_that_has_what_it_needs(text):
    assert findings_of("docker-npm-production", {"Dockerfile": text}) == []


def test_copy_of_everything_wants_a_dockerignore():
    text = "FROM a:1\nCOPY . .\n"
    found = findings_of("docker-no-dockerignore", {"app/Dockerfile": text})
    assert [item.object for item in found] == ["app/Dockerfile:2"]
    for name in ("app/.dockerignore", ".dockerignore", "app/Dockerfile.dockerignore"):
        assert findings_of("docker-no-dockerignore", {"app/Dockerfile": text, name: ".git\n"}) == []
    assert findings_of("docker-no-dockerignore", {"app/Dockerfile": "FROM a:1\nCOPY app app\n"}) == []


def test_a_healthcheck_counts_only_with_compose():
    text = "FROM a:1\nHEALTHCHECK CMD true\n"
    found = findings_of("docker-healthcheck-unused", {"Dockerfile": text})
    assert [(item.object, item.severity) for item in found] == [("Dockerfile:2", "info")]
    compose = {"docker-compose.yml": "services: {api: {build: .}}\n"}
    assert findings_of("docker-healthcheck-unused", {"Dockerfile": text} | compose) == []
    assert findings_of("docker-healthcheck-unused", {"Dockerfile": "FROM a:1\nHEALTHCHECK NONE\n"}) == []


def test_stages_inherit_and_fill_in_variables():
    text = (
        "ARG BASE=node:20\nARG PORT=8000\nFROM ${BASE} AS one\nARG PORT\nENV A=1 B=${A}2\nWORKDIR /app\n"
        "EXPOSE ${PORT}/tcp $MISSING\nFROM one AS two\nWORKDIR src\nUSER ${UID:-1000}:1000\nEXPOSE 9090\n"
        'ENTRYPOINT ["server"]\nCMD ["--port", "80"]\n'
    )
    one, two = stages(File("Dockerfile", text))
    assert (one.base, one.base_text, one.line, two.parent) == ("node:20", "${BASE}", 3, one)
    assert two.image == "node:20"
    assert two.environment == {"PORT": "8000", "A": "1", "B": "12"}
    assert (two.ports, two.workdir, two.uid) == ({8000, 9090}, "/app/src", 1000)
    assert two.command == ("server", "--port", "80")


def test_the_users_number_comes_from_the_command_that_makes_it():
    text = "FROM node:20-alpine\nRUN adduser --system --uid 1001 nextjs\nUSER nextjs\n"
    assert stages(File("Dockerfile", text))[0].uid == 1001


@pytest.mark.parametrize(
    "text", ["", "FROM\n", "RUN x\n", "FROM a:1\nRUN <<EOF\n", "{% if x %}\nFROM a\n{% endif %}\n"]
)
def test_odd_dockerfiles_have_no_rule_break(text):
    for stage in stages(File("Dockerfile", text)):
        assert stage.ports == set()
