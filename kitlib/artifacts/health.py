"""A health check as a command inside the container: what Docker and Compose run, who have no HTTP probes."""

from __future__ import annotations

from kitlib.errors import UsageError
from kitlib.specs.models.container import Check, Container

START_PERIOD_SECONDS = 30
_PYTHON = (
    "import {modules}urllib.request; "
    "urllib.request.urlopen(f'http://127.0.0.1:{port}{path}', timeout={timeout})"
)
_NODE = (
    "fetch(`http://127.0.0.1:${{{port}}}{path}`).then("
    "(answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"
)


def health_command(container: Container, check: Check) -> list[str]:
    """The command of a check, in exec form: its own, or a request by the language that the image has anyway.

    The port is the one of the variable PORT where the container has one, as its server reads it, too.

    Raises:
        UsageError: the check is a request, and the container has no port.
    """
    if check.command:
        return list(check.command)
    port = container.port("http") or next((entry.port for entry in container.ports), None)
    if port is None:
        raise UsageError(
            f"the {container.name}'s liveness is GET {check.path}, but its specification has no port",
            fix="add the port to the table under ## Ports, or make the check a command",
        )
    variable = any(entry.name == "PORT" for entry in container.variables)
    if container.language == "node":
        expression = f"process.env.PORT || {port}" if variable else str(port)
        return ["node", "-e", _NODE.format(port=expression, path=check.path)]
    expression = f'{{os.environ.get("PORT") or {port}}}' if variable else str(port)
    modules = "os, " if variable else ""
    timeout = max(check.timeout_seconds - 1, 1)
    return [
        "python",
        "-c",
        _PYTHON.format(modules=modules, port=expression, path=check.path, timeout=timeout),
    ]
