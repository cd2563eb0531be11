"""The Docker engine: whether it can be used, and the few things kit asks of it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from kitlib import tools
from kitlib.errors import CommandFailed, MachineError
from kitlib.progress import Stage
from kitlib.settings import get_settings
from kitlib.turns import turn

BUILD_TIMEOUT = 1800.0


def require() -> None:
    """Raise unless the Docker engine answers this user.

    Raises:
        MachineError: Docker is not installed, does not run, or refuses this user; `fix` says what to do.
    """
    problem = why_unusable()
    if problem:
        message, fix = problem
        raise MachineError(message, fix=fix)


def why_unusable() -> tuple[str, str] | None:
    """What keeps Docker from being used and how to mend it; None when it answers."""
    if shutil.which("docker") is None:
        return "Docker is not installed", "kit doctor --fix, or see docs.docker.com/engine/install"
    done = tools.run(["docker", "info", "--format", "{{json .ServerErrors}}"], check=False, timeout=20)
    said = done.stderr + done.stdout
    if "permission denied" in said.lower():
        return (
            "Docker runs, but this user may not use it",
            "sudo usermod -aG docker $USER, then log in again",
        )
    if done.returncode != 0 or done.stdout.strip() not in ("null", "[]"):
        last = said.strip().splitlines()[-1] if said.strip() else "no answer"
        return f"the Docker engine does not answer: {last}", "kit doctor --fix, or systemctl start docker"
    return None


def data_root() -> Path:
    """The folder in which the engine keeps images and volumes."""
    done = tools.run(["docker", "info", "--format", "{{.DockerRootDir}}"], timeout=20)
    return Path(done.stdout.strip())


def image_id(reference: str) -> str | None:
    """The id of a local image, or None when there is none of that name."""
    done = tools.run(["docker", "image", "inspect", "-f", "{{.Id}}", reference], check=False)
    return done.stdout.strip() if done.returncode == 0 else None


def build(
    context: Path,
    tag: str,
    *,
    args: Mapping[str, str] | None = None,
    target: str | None = None,
    progress: Stage | None = None,
) -> str:
    """Build an image and return its id; the build uses the host's network, as registries need it here.

    One build at a time on a machine: the same one, which waited, then finds its layers built.

    Args:
        context: the folder with the Dockerfile.
        tag: the image's name.
        args: build arguments.
        target: the stage to stop at.
        progress: a stage that is told each line.

    Raises:
        CommandFailed: shows the last lines of the build.
    """
    command = ["docker", "build", "--network", "host", "-t", tag]
    for key, value in (args or {}).items():
        command += ["--build-arg", f"{key}={value}"]
    command += ["--target", target] if target else []
    # The classic builder is asked for by name: its output is lines, and buildx may be absent.
    with turn(get_settings().cache_dir / "docker-build.lock", "another image's build"):
        tools.run(
            [*command, context],
            env={"DOCKER_BUILDKIT": "0"},
            timeout=BUILD_TIMEOUT,
            on_line=progress.update if progress else lambda _: None,
        )
        built = image_id(tag)
    if built is None:
        raise CommandFailed(command, 0, f"the build ended well, but there is no image {tag}")
    return built


def containers(label: str) -> list[dict[str, str]]:
    """Every container, running or not, with a label (key=value): its ID, Names and State."""
    done = tools.run(
        ["docker", "ps", "-a", "--no-trunc", "--filter", f"label={label}", "--format", "{{json .}}"]
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def lacks_sys_resource() -> bool:
    """Whether this machine's bounding set lacks CAP_SYS_RESOURCE (bit 24), as in a sandboxed VM.

    There, privileged containers need the runtime wrapper, and kind some leniency.
    """
    try:
        status = Path("/proc/self/status").read_text()
    except FileNotFoundError:  # not Linux: Docker runs in a VM of its own, which has the capability
        return False
    bounding = next(line.split()[1] for line in status.splitlines() if line.startswith("CapBnd:"))
    return not int(bounding, 16) & (1 << 24)


def is_root() -> bool:
    """Whether this process may install packages and start an engine."""
    return hasattr(os, "geteuid") and os.geteuid() == 0
