"""The runner image: kitlib with its locked dependencies, and the runbooks; named by its content."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

import kitlib
from kitlib import docker, standins, tools
from kitlib.cluster import Cluster, manage
from kitlib.cluster.offline import registry
from kitlib.cluster.providers import provider
from kitlib.errors import ToolNotFound, UsageError
from kitlib.progress import stage
from kitlib.runbooks import catalogue
from kitlib.settings import get_settings

SOURCES = Path(__file__).parent / "image"
GROUP = "runner"  # of pyproject.toml: what runs runbooks, without what only a person at a desk needs
ONLINE = "python:3.11-slim"
_SKIPPED = ("__pycache__", ".pyc", ".ipynb_checkpoints")


def ensure(cluster: Cluster, context: str | None = None, given: str | None = None) -> str:
    """The image to run in a cluster, built and loaded where it is missing.

    Args:
        cluster: where it is to run.
        context: of the user's own kubeconfig, by which the cluster was reached; none: it is kit's.
        given: an image that the cluster can pull; none: the settings' one, else one that is built here.

    Raises:
        UsageError: the cluster is none that kit can load images into, and no image is given.
        MachineError, CommandFailed: it can't be built.
    """
    settings = get_settings()
    if chosen := given or settings.runner_image:
        return chosen
    if context or settings.context:
        raise UsageError(
            f"kit loads no images into {cluster.context}, which it did not make",
            fix="kit runbook image, push it to your registry, and name it with KIT_RUNNER_IMAGE",
        )
    record = manage.known()
    if record.provider == "embedded":
        raise UsageError(
            f"cluster {record.name} is embedded, which runs no containers",
            fix="kit cluster up --provider kind --name NAME",
        )
    name = build()
    provider(record.provider).load(record.name, [name])
    return name


def build() -> str:
    """Build the image, unless one of this content is there; returns its name.

    Raises:
        UsageError: this is no checkout, which alone has the lock.
        ToolNotFound: uv, which reads the lock, is not there.
        MachineError, CommandFailed: see kitlib.docker.build and kitlib.standins.image.
    """
    docker.require()
    base = ONLINE if registry.answers() else standins.image("python")
    files = content(catalogue.folder(), requirements(checkout()))
    name = f"kit-runner:{digest(files, base)}"
    if docker.image_id(name):
        return name
    with stage(f"build {name}") as progress, tempfile.TemporaryDirectory() as folder:
        for path, data in files.items():
            target = Path(folder, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
            target.chmod(0o755 if path == "kit" else 0o644)
        docker.build(Path(folder), name, args={"PYTHON_IMAGE": base}, progress=progress)
    return name


def content(runbooks: Path, locked: str) -> dict[str, bytes]:
    """The files of the build, by path.

    Args:
        runbooks: the folder of the runbooks.
        locked: the dependencies, as pip reads them.
    """
    files = {path.name: path.read_bytes() for path in sorted(SOURCES.iterdir()) if path.is_file()}
    files["requirements.txt"] = locked.encode()
    for place, folder in (("kitlib", Path(kitlib.__file__).parent), ("runbooks", runbooks)):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not any(part.endswith(_SKIPPED) for part in path.parts):
                files[f"{place}/{path.relative_to(folder)}"] = path.read_bytes()
    return files


def digest(files: dict[str, bytes], base: str) -> str:
    """Names this content on this base image."""
    return hashlib.sha256(repr((base, sorted(files.items()))).encode()).hexdigest()[:12]


def requirements(root: Path) -> str:
    """What the image gets, each at its locked version and with its hashes, out of uv.lock.

    Raises:
        ToolNotFound: there is no uv to read the lock.
    """
    uv = shutil.which("uv") or str(get_settings().cache_dir / "bootstrap" / "bin" / "uv")
    if not os.access(uv, os.X_OK):
        raise ToolNotFound("uv is needed to read uv.lock", fix="make setup, or pip install uv")
    options = ["--frozen", "--only-group", GROUP, "--no-emit-project", "--no-header", "--no-annotate"]
    return tools.run([uv, "export", *options, "--project", root, "--quiet"]).stdout


def checkout() -> Path:
    """The root of kitlib's checkout.

    Raises:
        UsageError: kitlib was installed from a wheel, which has no lock.
    """
    root = Path(kitlib.__file__).parents[1]
    if not (root / "uv.lock").is_file():
        raise UsageError(
            "the runner image is built in a checkout of kitlib, which has the locked dependencies",
            fix="name an image that the cluster can pull with KIT_RUNNER_IMAGE",
        )
    return root
