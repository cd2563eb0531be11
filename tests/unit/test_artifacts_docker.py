"""The rendered Dockerfiles and Compose file, against the specifications and other people's tools."""

from __future__ import annotations

import json

import dockerfile
import pytest
import yaml
from artifacts_help import application, rendered, with_container

from kitlib import tools
from kitlib.artifacts.dockerfiles import dockerfile as render_dockerfile
from kitlib.errors import CommandFailed, UsageError
from kitlib.specs.models.container import Check, Variable

pytestmark = pytest.mark.slow

SERVICES = {"api": "backend", "worker": "worker", "frontend": "frontend"}
NO_REQUEST = Check(command=("python", "-m", "probe"))


def commands(text):
    return dockerfile.parse_string(text)


def values(text, name):
    return [command.value for command in commands(text) if command.cmd.upper() == name]


def stages(text):
    """Stage → its commands as (name, values)."""
    found, current = {}, None
    for command in commands(text):
        if command.cmd.upper() == "FROM":
            current = found.setdefault(command.value[2], [])
        elif current is not None:
            current.append((command.cmd.upper(), command.value))
    return found


def compose(app=None):
    return yaml.safe_load(rendered(app)["todo-app/docker-compose.yml"])


def compose_config(tmp_path, **variables):
    (tmp_path / "docker-compose.yml").write_text(rendered()["todo-app/docker-compose.yml"])
    command = [tools.find("docker-compose"), "config", "--format", "json"]
    return tools.run(command, cwd=tmp_path, env=variables)


# --- Dockerfiles


@pytest.mark.parametrize(("service", "folder"), SERVICES.items())
def test_each_service_has_a_development_and_a_production_stage(service, folder):
    text = rendered()[f"todo-app/{folder}/Dockerfile"]
    container = application().containers[service]
    found = stages(text)
    assert list(found)[-1] == "production"
    for stage, command in (("development", container.development_command), ("production", container.command)):
        assert ("CMD", tuple(command)) in found[stage]
    every_from = [value[0] for value in values(text, "FROM")]
    base = f"{container.language.upper()}_IMAGE"
    assert {name for name in every_from if name not in found} == {f"${{{base}}}"}
    assert values(text, "ARG")[0] == (f"{base}={container.base_image}",)


@pytest.mark.parametrize(("service", "folder"), SERVICES.items())
def test_user_and_ports_are_the_specifications(service, folder):
    text = rendered()[f"todo-app/{folder}/Dockerfile"]
    container = application().containers[service]
    assert set(values(text, "USER")) == {("1000:1000",)}
    exposed = {int(port) for value in values(text, "EXPOSE") for port in value}
    assert exposed == {port.port for port in container.ports}
    other = with_container(service, security=container.security.model_copy(update={"uid": 4321}))
    changed = rendered(other)[f"todo-app/{folder}/Dockerfile"]
    assert set(values(changed, "USER")) == {("4321:4321",)}
    assert "1000" not in changed.replace(container.base_image, "")


@pytest.mark.parametrize("folder", SERVICES.values())
def test_hadolint_has_nothing_to_say(folder, tmp_path):
    (tmp_path / "Dockerfile").write_text(rendered()[f"todo-app/{folder}/Dockerfile"])
    tools.run([tools.find("hadolint"), tmp_path / "Dockerfile"])


@pytest.mark.parametrize("folder", SERVICES.values())
def test_processes_get_signals_because_no_shell_stands_before_them(folder):
    text = rendered()[f"todo-app/{folder}/Dockerfile"]
    assert all(command.json for command in commands(text) if command.cmd.upper() in ("CMD", "ENTRYPOINT"))


def test_python_packages_are_the_locked_ones_with_their_hashes():
    text = rendered()["todo-app/backend/Dockerfile"]
    assert "--require-hashes -r requirements.txt" in text
    assert any("--require-hashes" in value[0] for value in values(text, "RUN"))


def test_next_is_built_with_all_packages_and_served_by_its_standalone_output():
    text = rendered()["todo-app/frontend/Dockerfile"]
    assert ("npm ci",) in values(text, "RUN")
    assert "production" not in text.partition("RUN npm ci")[2].partition("\n")[0]
    copied = [value for name, value in stages(text)["production"] if name == "COPY"]
    assert ("CMD", ("env", "HOSTNAME=0.0.0.0", "node", "server.js")) in stages(text)["production"]
    assert copied == [
        ("/app/.next/standalone", "./"),
        ("/app/.next/static", "./.next/static"),
        ("/app/public", "./public"),
    ]


def test_the_health_check_asks_what_the_liveness_says():
    api, worker, frontend = (rendered()[f"todo-app/{SERVICES[n]}/Dockerfile"] for n in SERVICES)
    assert "--interval=15s --timeout=5s" in api
    assert "/health/live'" in api
    assert 'CMD ["python", "-m", "worker.heartbeat"]' in worker
    assert "/health/live`" in frontend
    assert (
        "HEALTHCHECK" not in rendered(with_container("worker", liveness=None))["todo-app/worker/Dockerfile"]
    )


def test_variables_of_the_image_and_of_the_build():
    container = application().containers["api"]
    more = (
        Variable(name="COMMIT", required=False, source="Build"),
        Variable(name="GREETING", required=False, default='say "hi"', source="Image"),
    )
    text = render_dockerfile(container.model_copy(update={"variables": (*container.variables, *more)}))
    found = stages(text)
    assert ("ARG", ("COMMIT",)) in found["builder"]
    (environment,) = (value for name, value in found["runtime"] if name == "ENV")
    assert '"say \\"hi\\""' in environment
    assert "LOG_LEVEL" not in environment  # a ConfigMap's


def test_folders_that_must_be_writable_belong_to_the_user():
    text = rendered()["todo-app/frontend/Dockerfile"]
    assert ("mkdir -p /app/.next/cache && chown 1000:1000 /app/.next/cache",) in values(text, "RUN")


def test_an_alpine_base_has_other_commands_for_users():
    text = render_dockerfile(
        application().containers["api"].model_copy(update={"base_image": "python:3.11-alpine"})
    )
    assert "adduser -D" in text
    assert "useradd" not in text


@pytest.mark.parametrize(
    ("field", "empty", "said"), [("source", "", "## Source"), ("command", (), "## Command")]
)
def test_what_a_dockerfile_needs_is_asked_for(field, empty, said):
    with pytest.raises(UsageError, match=said):
        rendered(with_container("api", **{field: empty}))


def test_a_request_without_a_port_is_refused():
    container = application().containers["api"].model_copy(update={"ports": ()})
    with pytest.raises(UsageError, match="has no port"):
        render_dockerfile(container)
    text = render_dockerfile(container.model_copy(update={"liveness": NO_REQUEST}))
    assert "EXPOSE" not in text
    assert 'CMD ["python", "-m", "probe"]' in text


# --- Compose


def test_compose_accepts_it_and_resolves_the_addresses(tmp_path):
    found = json.loads(compose_config(tmp_path, POSTGRES_PASSWORD="pw").stdout)
    assert "version" not in found
    environment = found["services"]["api"]["environment"]
    assert environment["DATABASE_URL"] == "postgresql://todoapp:pw@db:5432/todoapp"
    assert found["services"]["frontend"]["environment"]["API_URL"] == "http://api:8000"
    test = found["services"]["frontend"]["healthcheck"]["test"]
    assert "${process.env.PORT || 3000}" in test[-1].replace("$$", "$")


def test_a_missing_password_is_asked_for(tmp_path):
    with pytest.raises(CommandFailed, match=r"copy \.env\.example to \.env"):
        compose_config(tmp_path, POSTGRES_PASSWORD="")


def test_no_password_stands_in_the_file():
    text = rendered()["todo-app/docker-compose.yml"]
    assert all("${POSTGRES_PASSWORD:?" in line for line in text.splitlines() if "PASSWORD" in line)
    assert "POSTGRES_PASSWORD=\n" in rendered()["todo-app/.env.example"]


def test_the_example_names_every_variable_of_the_file():
    text, example = rendered()["todo-app/docker-compose.yml"], rendered()["todo-app/.env.example"]
    used = {part.split("}")[0].split(":")[0] for part in text.replace("$${", "").split("${")[1:]}
    assert used == {line.lstrip("# ").split("=")[0] for line in example.splitlines() if "=" in line}


def test_what_a_service_calls_is_healthy_before_it_starts():
    services = compose()["services"]
    healthy, done = {"condition": "service_healthy"}, {"condition": "service_completed_successfully"}
    assert services["frontend"]["depends_on"] == {"api": healthy}
    assert services["api"]["depends_on"] == {"migrate": done, "db": healthy, "redis": healthy}
    assert services["worker"]["depends_on"] == services["api"]["depends_on"]
    assert services["migrate"]["depends_on"] == {"db": healthy}
    for name in ("api", "db", "redis"):
        assert services[name]["healthcheck"]["test"][0] == "CMD"


def test_without_a_migration_there_is_no_such_service():
    services = compose(with_container("api", migration=()))["services"]
    assert "migrate" not in services
    assert "migrate" not in services["api"]["depends_on"]


def test_every_port_is_published_on_this_machine_only():
    ports = [port for service in compose()["services"].values() for port in service.get("ports", ())]
    assert len(ports) == 5
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_sources_are_mounted_and_packages_are_not():
    services = compose()["services"]
    assert services["api"]["volumes"] == ["./backend/app:/app/app:ro"]
    assert services["frontend"]["volumes"] == [
        "./frontend/src:/app/src:ro",
        "./frontend/public:/app/public:ro",
    ]


def test_images_are_variables_with_the_seeds_defaults():
    services = compose()["services"]
    assert services["db"]["image"] == "${POSTGRES_IMAGE:-postgres:15-alpine}"
    assert services["redis"]["image"] == "${REDIS_IMAGE:-redis:7-alpine}"
    assert services["api"]["build"]["args"] == {"PYTHON_IMAGE": "${PYTHON_IMAGE:-python:3.11-slim}"}
    assert services["api"]["build"]["target"] == "development"


def test_a_required_variable_that_nothing_gives_is_named():
    container = application().containers["worker"]
    more = (*container.variables, Variable(name="TOPIC", required=True, source="ConfigMap"))
    with pytest.raises(UsageError, match="TOPIC of the worker is required"):
        rendered(with_container("worker", variables=more))


def test_a_required_secret_comes_from_the_env_file():
    container = application().containers["worker"]
    more = (*container.variables, Variable(name="KEY", required=True, description="A key.", source="Secret"))
    files = rendered(with_container("worker", variables=more))
    found = yaml.safe_load(files["todo-app/docker-compose.yml"])["services"]["worker"]["environment"]
    assert found["KEY"].startswith("${KEY:?")
    assert "# A key.\nKEY=\n" in files["todo-app/.env.example"]
