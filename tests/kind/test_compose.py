"""The rendered Compose file on the local Docker engine: the development stages, with the sources mounted."""

from __future__ import annotations

import json
import shutil
import uuid
from datetime import UTC, datetime

import pytest
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from kitlib import tools
from kitlib.app.images import checkout
from kitlib.errors import CommandFailed
from kitlib.lessons.stack import PORTS, Stack

GENERATED = shutil.ignore_patterns(
    "node_modules", ".next", ".venv", "__pycache__", ".*_cache", "tests", ".env"
)
patiently = retry(
    retry=retry_if_exception_type((AssertionError, OSError)),
    stop=stop_after_delay(120),
    wait=wait_fixed(0.5),
    reraise=True,
)


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    """The whole stack on a copy of the sources, up; gone with its volumes at the end."""
    folder = tmp_path_factory.mktemp("compose") / "todo-app"
    shutil.copytree(checkout() / "todo-app", folder, ignore=GENERATED)
    stack = Stack(f"kit-test-{uuid.uuid4().hex[:8]}", folder)
    try:
        yield stack.up()
    finally:
        stack.down()


def api(stack, path, body=None):
    return json.loads(stack.ask("api", 8000, path, body))


def frontend(stack, path, body=None):
    return json.loads(stack.ask("frontend", 3000, f"/api{path}", body))


def test_every_service_is_healthy_and_the_migration_is_done(stack):
    states = {name: (item["State"], item["Health"]) for name, item in stack.containers().items()}
    healthy = dict.fromkeys(("frontend", "api", "worker", "db", "redis"), ("running", "healthy"))
    assert states == healthy | {"migrate": ("exited", "")}
    assert stack.containers()["migrate"]["ExitCode"] == 0


def test_a_todo_of_the_api_is_seen_through_the_frontend_and_the_other_way_round(stack):
    first = api(stack, "/todos", {"title": "by the API"})
    second = frontend(stack, "/todos", {"title": "by the frontend"})
    assert {first["id"], second["id"]} <= {item["id"] for item in frontend(stack, "/todos")["items"]}
    assert {first["id"], second["id"]} <= {item["id"] for item in api(stack, "/todos")["items"]}
    assert "<html" in stack.ask("frontend", 3000, "/")


def test_the_worker_reminds_of_a_todo_that_is_due(stack):
    made = api(stack, "/todos", {"title": "overdue", "due_at": datetime.now(UTC).isoformat()})

    @patiently
    def reminded():
        assert api(stack, f"/todos/{made['id']}")["reminded_at"]

    reminded()


def test_a_changed_source_of_the_api_is_served_without_a_restart(stack):
    source = stack.folder / "backend/app/main.py"
    text = source.read_text()
    assert text.count('title="todo-api"') == 1
    source.write_text(text.replace('title="todo-api"', 'title="changed"'))

    @patiently
    def served():
        assert api(stack, "/openapi.json")["info"]["title"] == "changed"

    served()
    assert stack.containers()["api"]["ExitCode"] == 0


def test_a_changed_source_of_the_frontend_is_served_without_a_restart(stack):
    (stack.folder / "frontend/src/app/api/changed").mkdir()
    route = stack.folder / "frontend/src/app/api/changed/route.ts"
    route.write_text("export function GET() { return Response.json({ changed: true }); }\n")

    @patiently
    def served():
        assert frontend(stack, "/changed") == {"changed": True}

    served()


@pytest.mark.parametrize("service", ["api", "worker", "frontend"])
def test_no_service_is_root_or_holds_a_capability(stack, service):
    assert stack.run(service, "id", "-u").strip() == "1000"
    status = stack.run(service, "cat", "/proc/self/status")
    values = dict(line.split(":\t", 1) for line in status.splitlines())
    assert int(values["CapBnd"], 16) == 0
    assert values["NoNewPrivs"] == "1"


@pytest.mark.parametrize("service", ["api", "worker"])
def test_only_the_temporary_folder_can_be_written(stack, service):
    stack.run(service, "touch", "/tmp/here")
    with pytest.raises(CommandFailed, match="Read-only file system"):
        stack.run(service, "touch", "/app/here")


def test_ports_are_published_on_this_machine_only(stack):
    found = [
        entry["URL"]
        for item in stack.containers().values()
        for entry in item["Publishers"]
        if entry["PublishedPort"]
    ]
    assert len(found) == len(PORTS)
    assert set(found) == {"127.0.0.1"}


def test_a_part_of_it_needs_what_it_waits_for_and_nothing_else(stack):
    assert stack._with_needs(("api",)) == {"api", "migrate", "db", "redis"}
    assert list(stack.frame().loc["api", ["state", "health"]]) == ["running", "healthy"]


def test_without_a_password_nothing_starts(stack):
    careless = Stack(stack.project, stack.folder, {"POSTGRES_PASSWORD": ""})
    with pytest.raises(CommandFailed, match=r"copy \.env\.example to \.env"):
        careless.compose("up", "--detach", "--no-build")


def test_the_images_of_compose_have_the_stages_that_kubernetes_does_not_run(stack):
    command = ["docker", "image", "inspect", "--format", "{{json .Config}}"]
    config = json.loads(tools.run([*command, "todo-api:development"]).stdout)
    assert "--reload" in config["Cmd"]
    assert config.get("Healthcheck") is None
    assert config["User"] == "1000:1000"
