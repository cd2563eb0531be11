"""The rendered Compose file on the local Docker engine: the development stages, with the sources mounted.

Compose 5 builds by buildx alone, which a machine may lack; so kit builds the images, under the names that the
file gives them. Where no registry answers, stand-ins take the place of the base images.
"""

from __future__ import annotations

import json
import secrets
import shutil
import urllib.error
import urllib.request
import uuid
from datetime import UTC, datetime

import pytest
import yaml
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from kitlib import docker, standins, tools
from kitlib.app.images import checkout
from kitlib.cluster.offline import registry
from kitlib.errors import CommandFailed

STAND_INS = {
    "PYTHON_IMAGE": "python",
    "NODE_IMAGE": "node",
    "POSTGRES_IMAGE": "postgres",
    "REDIS_IMAGE": "redis",
}
PORTS = ("FRONTEND_PORT", "API_PORT", "API_METRICS_PORT", "POSTGRES_PORT", "REDIS_PORT")
GENERATED = shutil.ignore_patterns(
    "node_modules", ".next", ".venv", "__pycache__", ".*_cache", "tests", ".env"
)
patiently = retry(
    retry=retry_if_exception_type((AssertionError, OSError)),
    stop=stop_after_delay(120),
    wait=wait_fixed(0.5),
    reraise=True,
)


class Stack:
    """A Compose project of its own, on a copy of the sources."""

    def __init__(self, folder, variables):
        self.folder = folder
        self.variables = variables
        self.project = f"kit-test-{uuid.uuid4().hex[:8]}"

    def compose(self, *arguments, timeout=300):
        command = [tools.find("docker-compose"), "--project-name", self.project, *arguments]
        return tools.run(command, cwd=self.folder, env=self.variables, timeout=timeout).stdout

    def containers(self):
        lines = self.compose("ps", "--all", "--format", "json").splitlines()
        return {item["Service"]: item for item in map(json.loads, lines)}

    def run(self, service, *command):
        return self.compose("exec", "-T", service, *command)

    def ask(self, service, port, path, body=None):
        """The answer of a published port."""
        address = self.compose("port", service, str(port)).strip()
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} if data else {}
        request = urllib.request.Request(f"http://{address}{path}", data, headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read().decode()

    def api(self, path, body=None):
        return json.loads(self.ask("api", 8000, path, body))

    def frontend(self, path, body=None):
        return json.loads(self.ask("frontend", 3000, f"/api{path}", body))


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    """The whole stack, up; gone with its volumes at the end."""
    docker.require()
    folder = tmp_path_factory.mktemp("compose") / "todo-app"
    shutil.copytree(checkout() / "todo-app", folder, ignore=GENERATED)
    images = {} if registry.answers() else {name: standins.image(of) for name, of in STAND_INS.items()}
    variables = {"POSTGRES_PASSWORD": secrets.token_urlsafe(12), **dict.fromkeys(PORTS, "0"), **images}
    services = yaml.safe_load((folder / "docker-compose.yml").read_text())["services"]
    for image, build in {
        item["image"]: item["build"] for item in services.values() if "build" in item
    }.items():
        args = {name: images[name] for name in build["args"] if name in images}
        docker.build(folder / build["context"], image, args=args, target=build["target"])
    stack = Stack(folder, variables)
    try:
        stack.compose("up", "--detach", "--no-build", "--wait", "--wait-timeout", "180", timeout=400)
        yield stack
    finally:
        stack.compose("down", "--volumes", "--timeout", "5")


def test_every_service_is_healthy_and_the_migration_is_done(stack):
    states = {name: (item["State"], item["Health"]) for name, item in stack.containers().items()}
    healthy = dict.fromkeys(("frontend", "api", "worker", "db", "redis"), ("running", "healthy"))
    assert states == healthy | {"migrate": ("exited", "")}
    assert stack.containers()["migrate"]["ExitCode"] == 0


def test_a_todo_of_the_api_is_seen_through_the_frontend_and_the_other_way_round(stack):
    first = stack.api("/todos", {"title": "by the API"})
    second = stack.frontend("/todos", {"title": "by the frontend"})
    assert {first["id"], second["id"]} <= {item["id"] for item in stack.frontend("/todos")["items"]}
    assert {first["id"], second["id"]} <= {item["id"] for item in stack.api("/todos")["items"]}
    assert "<html" in stack.ask("frontend", 3000, "/")


def test_the_worker_reminds_of_a_todo_that_is_due(stack):
    made = stack.api("/todos", {"title": "overdue", "due_at": datetime.now(UTC).isoformat()})

    @patiently
    def reminded():
        assert stack.api(f"/todos/{made['id']}")["reminded_at"]

    reminded()


def test_a_changed_source_of_the_api_is_served_without_a_restart(stack):
    source = stack.folder / "backend/app/main.py"
    text = source.read_text()
    assert text.count('title="todo-api"') == 1
    source.write_text(text.replace('title="todo-api"', 'title="changed"'))

    @patiently
    def served():
        assert stack.api("/openapi.json")["info"]["title"] == "changed"

    served()
    assert stack.containers()["api"]["ExitCode"] == 0


def test_a_changed_source_of_the_frontend_is_served_without_a_restart(stack):
    (stack.folder / "frontend/src/app/api/changed").mkdir()
    route = stack.folder / "frontend/src/app/api/changed/route.ts"
    route.write_text("export function GET() { return Response.json({ changed: true }); }\n")

    @patiently
    def served():
        assert stack.frontend("/changed") == {"changed": True}

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


def test_without_a_password_nothing_starts(stack):
    careless = Stack(stack.folder, {**stack.variables, "POSTGRES_PASSWORD": ""})
    with pytest.raises(CommandFailed, match=r"copy \.env\.example to \.env"):
        careless.compose("up", "--detach", "--no-build")


def test_the_images_of_compose_have_the_stages_that_kubernetes_does_not_run(stack):
    command = ["docker", "image", "inspect", "--format", "{{json .Config}}"]
    config = json.loads(tools.run([*command, "todo-api:development"]).stdout)
    assert "--reload" in config["Cmd"]
    assert config.get("Healthcheck") is None
    assert config["User"] == "1000:1000"
