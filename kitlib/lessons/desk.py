"""A learner's JupyterLab: copies of the notebooks, bound to the learner's place by its environment."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from kitlib.errors import UsageError
from kitlib.notebooks.refresh import runnable

FIRST = "00-start.ipynb"
COURSE = Path(__file__).parents[2] / "notebooks"
QUIET = Path(__file__).with_name("jupyterlab")  # keeps JupyterLab from asking the internet for news


def prepare(name: str, folder: Path) -> dict[str, str]:
    """Copy the notebooks that a learner does not have yet; what they changed stays.

    Args:
        name: the learner's.
        folder: the learner's, as `kit classroom enrol` wrote it.

    Returns:
        The environment of the learner's server.

    Raises:
        UsageError: nobody of that name was enrolled here.
    """
    env = folder / "env"
    if not env.is_file():
        raise UsageError(f"{name} was not enrolled here", fix=f"kit classroom enrol {name}")
    own = folder / "notebooks"
    for source in sorted(COURSE.rglob("*.ipynb")):
        copy = own / source.relative_to(COURSE)
        if runnable(source) and not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy)
    set_ = dict(line.split("=", 1) for line in env.read_text().splitlines())
    jupyter = {
        f"JUPYTER_{kind}_DIR": str(folder / "jupyter" / kind.lower()) for kind in ("CONFIG", "RUNTIME")
    } | {"JUPYTER_CONFIG_PATH": str(QUIET)}
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("KIT_", "KUBE"))}
    cache = {key: value for key, value in os.environ.items() if key == "KIT_CACHE_DIR"}
    return {**kept, **cache, **jupyter, **set_}


def command(folder: Path, port: int) -> list[str]:
    """What starts JupyterLab on a learner's notebooks, opened at the first."""
    options = [f"--notebook-dir={folder / 'notebooks'}", f"--LabApp.default_url=/lab/tree/{FIRST}"]
    root = ["--allow-root"] if os.geteuid() == 0 else []
    return [
        sys.executable, "-m", "jupyter", "lab", "--no-browser", f"--ServerApp.port={port}", *root, *options,
    ]  # fmt: skip


def serve(name: str, folder: Path, port: int) -> None:
    """Become the learner's JupyterLab.

    Raises:
        UsageError: nobody of that name was enrolled here.
    """
    environment = prepare(name, folder)
    started = command(folder, port)
    os.execve(started[0], started, environment)
