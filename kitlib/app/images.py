"""The application's images: built from the checkout, tagged by their content."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kitlib import docker, standins, tools
from kitlib.cluster.offline import registry
from kitlib.errors import UsageError
from kitlib.progress import stage

SOURCES = {  # the chart's component → its folder under todo-app/, its build argument, what stands in for that
    "api": ("backend", "PYTHON_IMAGE", "python"),
    "frontend": ("frontend", "NODE_IMAGE", "node"),
    "worker": ("worker", "PYTHON_IMAGE", "python"),
}
STAND_INS = {"postgresql": "postgres", "redis": "redis"}  # the subchart → its image


@dataclass(frozen=True)
class Image:
    """An image as the chart's values name it."""

    repository: str
    tag: str

    def __str__(self) -> str:
        return f"{self.repository}:{self.tag}"


def checkout() -> Path:
    """The root of the project's checkout: the chart and the application's sources are not in the wheel.

    Raises:
        UsageError: kit runs neither from a checkout nor inside one.
    """
    here = Path.cwd()
    for folder in (here, *here.parents, Path(__file__).parents[2]):
        if (folder / "charts/todo-app/Chart.yaml").is_file() and (folder / "todo-app").is_dir():
            return folder
    raise UsageError(
        "charts/todo-app and todo-app/ are not here: kit app works in a checkout of the project",
        fix="cd into the checkout and run kit app again",
    )


def build_all(root: Path) -> dict[str, Image]:
    """Build what the cluster can't pull: our three images, and the stand-ins where no registry answers.

    Args:
        root: the checkout.

    Returns:
        The images by the chart component that runs them.

    Raises:
        MachineError, CommandFailed: see kitlib.docker.build and kitlib.standins.image.
    """
    online = registry.answers()
    built = {}
    for component, (folder, argument, base) in SOURCES.items():
        args = {} if online else {argument: standins.image(base)}
        built[component] = _build(f"todo-{component}", root / "todo-app" / folder, args)
    if not online:
        for component, name in STAND_INS.items():
            repository, _, tag = standins.image(name).rpartition(":")
            built[component] = Image(repository, tag)
    return built


def _build(repository: str, context: Path, args: dict[str, str]) -> Image:
    """Build an image and tag it with the start of its id: what changed has a new name, and so rolls out."""
    with stage(f"build {repository}") as progress:
        identity = docker.build(
            context, f"{repository}:dev", args=args, target="production", progress=progress
        )
        image = Image(repository, f"dev-{identity.removeprefix('sha256:')[:12]}")
        tools.run(["docker", "tag", identity, str(image)])
    return image
