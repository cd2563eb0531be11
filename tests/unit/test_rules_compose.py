"""The rules on Compose files."""

from __future__ import annotations

import pytest
from checks_help import findings_of

COMPOSE = """\
services:
  api:
    build:
      context: ./backend
      target: development
    volumes:
      - ./backend:/app
    environment:
      - DATABASE_URL=postgresql://app:${POSTGRES_PASSWORD:?}@db:5432/app
      - LOG_LEVEL=DEBUG
    ports:
      - "8000:8000"
    depends_on:
      db:
        condition: service_healthy
      worker:
        condition: service_started
  worker:
    build: ./backend
  db:
    image: postgres:15-alpine
    environment:
      POSTGRES_USER: app
      POSTGRES_PASSWORD: ${POSTGRES_PASSWORD:?}
    ports:
      - "127.0.0.1:5432:5432"
    healthcheck:
      test: ["CMD-SHELL", "pg_isready -U app"]
"""
DOCKERFILE = "FROM python:3.11 AS production\nWORKDIR /app\nFROM production AS development\n"
LONG = """\
    depends_on:
      db:
        condition: service_healthy
      worker:
        condition: service_started
"""
HEALTH = '    healthcheck:\n      test: ["CMD-SHELL", "pg_isready -U app"]\n'

BROKEN = [
    ("compose-version", ("services:", "version: '3.8'\nservices:"), 1),
    ("compose-target", ("target: development", "target: dev"), 5),
    ("compose-depends-on", (LONG, "    depends_on:\n      - worker\n      - db\n"), 15),
    ("compose-depends-on", ("condition: service_healthy", "condition: service_started"), 14),
    ("compose-healthcheck", (HEALTH, ""), 20),
    ("compose-password", ("POSTGRES_PASSWORD: ${POSTGRES_PASSWORD:?}", "POSTGRES_PASSWORD: hunter2"), 24),
    ("compose-password", ("${POSTGRES_PASSWORD:?}@", "hunter2@"), 9),
    ("compose-database-port", ("127.0.0.1:5432", "5432"), 26),
    ("compose-database-port", ("127.0.0.1:5432", "0.0.0.0:5432"), 26),
    ("compose-image-latest", ("postgres:15-alpine", "postgres"), 21),
    ("compose-image-latest", ("15-alpine", "latest"), 21),
]


def files(text):
    return {"docker-compose.yml": text, "backend/Dockerfile": DOCKERFILE}


@pytest.mark.parametrize(("rule", "change", "line"), BROKEN)
def test_each_defect_is_reported_on_its_line(rule, change, line):
    assert change[0] in COMPOSE
    found = findings_of(rule, files(COMPOSE.replace(*change)))
    assert [item.object for item in found] == [f"docker-compose.yml:{line}"]


@pytest.mark.parametrize("rule", sorted({rule for rule, _, _ in BROKEN}))
def test_a_good_file_is_not_reported(rule):
    assert findings_of(rule, files(COMPOSE)) == []


def test_an_unknown_service_or_a_default_password_is_no_defect():
    text = COMPOSE.replace("${POSTGRES_PASSWORD:?}@", "${POSTGRES_PASSWORD:-dev}@").replace(
        "- LOG_LEVEL", "- API_TOKEN"
    )
    assert findings_of("compose-password", files(text.replace("API_TOKEN=DEBUG", "API_TOKEN"))) == []


def test_a_mount_over_node_modules():
    compose = "services:\n  web:\n    build: ./web\n    volumes:\n      - ./web:/app\n"
    node = {"web/Dockerfile": "ARG N=node:20-alpine\nFROM ${N}\nWORKDIR /app\nRUN npm ci\n"}
    found = findings_of("compose-node-modules", {"compose.yaml": compose} | node)
    assert [item.object for item in found] == ["compose.yaml:5"]
    kept = compose + "      - /app/node_modules\n"
    assert findings_of("compose-node-modules", {"compose.yaml": kept} | node) == []
    python = {"web/Dockerfile": "FROM python:3.11\nWORKDIR /app\n"}
    assert findings_of("compose-node-modules", {"compose.yaml": compose} | python) == []


@pytest.mark.parametrize(
    "text",
    [
        "services: [1, 2]\n",
        "services: {a: 3, b: {build: 7, ports: x, environment: [1], depends_on: 2}}\n",
        "- 1\n",
    ],
)
@pytest.mark.parametrize("rule", sorted({rule for rule, _, _ in BROKEN} | {"compose-node-modules"}))
def test_odd_shapes_are_borne(rule, text):
    assert not [item for item in findings_of(rule, files(text)) if item.id == "rule-failed"]
