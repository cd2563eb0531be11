"""The workflow's first job: the services' own tests, and the specifications held against the artifacts."""

from __future__ import annotations

from typing import Any

from kitlib.artifacts.artifact import context, slug
from kitlib.artifacts.workflow_build import CHECKOUT
from kitlib.specs.application import Application

SETUP_NODE = "actions/setup-node@v6"
UV = "pipx install 'uv>=0.8'"  # the runner has pipx; one action of a third party less to trust
RENDERED = "uv run --frozen kit spec render --check"
SERVERS = "sudo apt-get update && sudo apt-get install --yes postgresql redis-server"


def test_job(app: Application) -> dict[str, Any]:
    """Run every service's tests; the Python ones start PostgreSQL and Redis of their own."""
    steps: list[dict[str, Any]] = [{"uses": CHECKOUT}, {"name": "Install uv", "run": UV}]
    node = _node_version(app)
    steps += [{"uses": SETUP_NODE, "with": {"node-version": node}}] if node else []
    steps.append(
        {
            "name": "Specifications and artifacts agree",
            "run": f"uv run --frozen kit spec check {slug(app)}/specs\n{RENDERED}\n",
        }
    )
    if any(container.language == "python" for container in app.containers.values()):
        steps.append({"name": "Install the servers that the tests start", "run": SERVERS})
    for name, container in app.containers.items():
        run = "uv run --frozen pytest tests" if container.language == "python" else "npm ci\nnpm test\n"
        folder = f"{slug(app)}/{context(app, name)}"
        steps.append({"name": f"Test the {name}", "working-directory": folder, "run": run})
    return {"runs-on": "ubuntu-latest", "timeout-minutes": 30, "steps": steps}


def _node_version(app: Application) -> str | None:
    """The major version of the Node images: of node:20-alpine, 20."""
    images = (c.base_image for c in app.containers.values() if c.language == "node")
    image = next(images, None)
    return image.rpartition(":")[2].partition("-")[0] if image else None
