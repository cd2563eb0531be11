"""The application's Compose file, running: a project of its own, on free ports, with a new password.

Compose 5 builds by buildx alone, which a machine may lack; so kit builds the images, under the names that the
file gives them. Where no registry answers, stand-ins take the place of the base images.
"""

from __future__ import annotations

import json
import secrets
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from kitlib import docker, markup, standins, tools
from kitlib.app.images import checkout
from kitlib.cluster.offline import registry
from kitlib.progress import stage

if TYPE_CHECKING:
    import pandas

SECONDS = 300.0
STAND_INS = {
    "PYTHON_IMAGE": "python",
    "NODE_IMAGE": "node",
    "POSTGRES_IMAGE": "postgres",
    "REDIS_IMAGE": "redis",
}
PORTS = ("FRONTEND_PORT", "API_PORT", "API_METRICS_PORT", "POSTGRES_PORT", "REDIS_PORT")


class Stack:
    """A Compose project.

    Args:
        project: its name.
        folder: where docker-compose.yml and the sources are; none: those of the checkout.
        variables: the environment that the file is read with, over free ports and a new password.

    Raises:
        MachineError: Docker does not answer; or a stand-in can't be built here.
    """

    def __init__(
        self, project: str, folder: Path | None = None, variables: Mapping[str, str] | None = None
    ) -> None:
        docker.require()
        self.project = project
        self.folder = folder or checkout() / "todo-app"
        self.services: dict[str, Any] = yaml.safe_load((self.folder / "docker-compose.yml").read_text())[
            "services"
        ]
        used = {name for name in STAND_INS if f"${{{name}:-" in json.dumps(self.services)}
        self._bases = {} if registry.answers() else {name: standins.image(STAND_INS[name]) for name in used}
        password = {"POSTGRES_PASSWORD": secrets.token_urlsafe(12)}
        self.variables = password | dict.fromkeys(PORTS, "0") | self._bases | dict(variables or {})

    def up(self, *services: str) -> Stack:
        """Build and start services and all that they wait for, until each is healthy.

        Args:
            services: which; none: all.

        Raises:
            CommandFailed: one was not built, or did not become healthy; Compose's last lines.
        """
        wanted = self._with_needs(services or tuple(self.services))
        builds = {
            item["image"]: item["build"]
            for name, item in self.services.items()
            if name in wanted and "build" in item
        }
        for image, build in builds.items():
            args = {name: self._bases[name] for name in build["args"] if name in self._bases}
            with stage(f"build {image}"):
                docker.build(self.folder / build["context"], image, args=args, target=build["target"])
        with stage(f"start {', '.join(sorted(wanted))}, each when what it waits for is healthy"):
            self.compose("up", "--detach", "--no-build", "--wait", "--wait-timeout", "180", *services)
        return self

    def down(self) -> None:
        """Stop it, and remove its containers, its network and its volumes."""
        self.compose("down", "--volumes", "--timeout", "5")

    def compose(self, *arguments: str) -> str:
        """What a Compose command prints.

        Raises:
            CommandFailed: it failed.
        """
        command: list[str | Path] = [tools.find("docker-compose"), "--project-name", self.project, *arguments]
        return tools.run(command, cwd=self.folder, env=self.variables, timeout=SECONDS).stdout

    def containers(self) -> dict[str, dict[str, Any]]:
        """Each service's container, as Compose describes it; those that have ended as well."""
        lines = self.compose("ps", "--all", "--format", "json").splitlines()
        return {item["Service"]: item for item in map(json.loads, lines)}

    def run(self, service: str, *command: str) -> str:
        """What a command prints in a service's container."""
        return self.compose("exec", "-T", service, *command)

    def ask(self, service: str, port: int, path: str, body: Mapping[str, Any] | None = None) -> str:
        """What a published port answers.

        Args:
            service: whose.
            port: inside of its container.
            path: of the URL.
            body: sent as JSON by POST; none: GET.

        Raises:
            OSError: nothing answers, or with an error.
        """
        address = self.compose("port", service, str(port)).strip()
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} if data else {}
        request = urllib.request.Request(f"http://{address}{path}", data, headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return str(answer.read().decode())

    def frame(self) -> pandas.DataFrame:
        """The containers as a table: how each is, and which ports of this machine lead to it."""
        import pandas

        rows = {
            name: {
                "state": item["State"],
                "health": item["Health"] or f"exit code {item['ExitCode']}",
                "published": ", ".join(
                    f"{port['URL']}:{port['PublishedPort']} → {port['TargetPort']}"
                    for port in item.get("Publishers") or []
                    if port["PublishedPort"]
                ),
            }
            for name, item in self.containers().items()
        }
        return pandas.DataFrame.from_dict(rows, orient="index")

    def _repr_html_(self) -> str:
        return markup.frame(self.frame())

    def __repr__(self) -> str:
        return f"<Stack {self.project}: {', '.join(self.containers())}>"

    def _with_needs(self, services: tuple[str, ...]) -> set[str]:
        found = set(services)
        for name in services:
            found |= self._with_needs(tuple(self.services[name].get("depends_on", ())))
        return found
