"""What this machine lacks for kit, and the command that mends it."""

from __future__ import annotations

import platform
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from kitlib import docker, engine, tools
from kitlib.errors import KitError
from kitlib.progress import say, stage

DEBIAN_PACKAGES = {  # executable → Debian package
    "dockerd": "docker.io",
    "debootstrap": "debootstrap",
    "jq": "jq",
    "git": "git",
    "pg_lsclusters": "postgresql",  # the application's own tests start private servers of these two
    "redis-server": "redis-server",
    "chromium": "chromium",  # the tests look at JupyterLab and the reports with it
}
NODE = (20, 9)  # what Next.js 16 asks for; Debian 12 packages Node 18
# Every node watches files, and all share the machine's limits; a kubelet that gets no watch does not start
# (kind.sigs.k8s.io/docs/user/known-issues, "Pod errors due to too many open files").
INOTIFY = {"max_user_instances": 512, "max_user_watches": 524288}
INOTIFY_FOLDER = Path("/proc/sys/fs/inotify")


@dataclass(frozen=True)
class Check:
    """One thing kit needs: whether it is there, what was found, and how to get it."""

    name: str
    ok: bool
    detail: str
    fix: str = ""


def examine() -> list[Check]:
    """Look at Docker, kubectl, kind, helm, Node and, on Debian, the packages the offline path needs."""
    problem = docker.why_unusable()
    checks = [Check("docker", problem is None, problem[0] if problem else "it answers", _docker_fix(problem))]
    for name in ("kubectl", "kind", "helm"):
        try:
            checks.append(Check(name, True, str(tools.find(name, build=False))))
        except KitError as error:
            can_build = bool(tools.TOOLS[name].module)
            fix = "nothing to do: kit builds it when it is needed" if can_build else f"install {name}"
            checks.append(Check(name, can_build, error.message, fix))
    checks.append(_node())
    if INOTIFY_FOLDER.is_dir():
        checks.append(_watches())
    if is_debian():
        for program, package in DEBIAN_PACKAGES.items():
            found = shutil.which(program)
            checks.append(Check(program, bool(found), found or "missing", f"apt-get install {package}"))
    return checks


def fix() -> list[Check]:
    """As root raise the limit of file watches, on Debian install what is missing after saying so and start
    Docker; then look again."""
    if docker.is_root():
        _raise_watches()
    if is_debian() and docker.is_root():
        missing = [package for program, package in DEBIAN_PACKAGES.items() if not shutil.which(program)]
        if missing:
            say(f"installing Debian packages: {' '.join(missing)}")
            _apt(missing)
        if shutil.which("dockerd"):
            engine.start()
    return examine()


def is_debian() -> bool:
    """Whether Debian's package tools are here."""
    return shutil.which("apt-get") is not None and shutil.which("dpkg") is not None


def _node() -> Check:
    """No fault when missing: only the frontend's own tests run Node outside of a container."""
    found = shutil.which("node") if shutil.which("npm") else None
    said = tools.run([found, "--version"], check=False).stdout.strip() if found else ""
    version = tuple(int(part) for part in re.findall(r"\d+", said)[:2])
    if version >= NODE:
        return Check("node", True, f"{found} {said}")
    lowest = ".".join(map(str, NODE))
    why = f"{found} is {said}" if said else "missing"
    return Check("node", True, f"{why}; for `make todo-app` alone, which fetches Node {lowest} or newer")


def _low() -> dict[str, int]:
    """The limits of file watches that are lower than they should be, as they are."""
    now = {name: int((INOTIFY_FOLDER / name).read_text()) for name in INOTIFY}
    return {name: value for name, value in now.items() if value < INOTIFY[name]}


def _watches() -> Check:
    """No fault when low: a node or two run all the same."""
    low = _low()
    if not low:
        return Check("inotify", True, "enough file watches for many nodes")
    has = ", ".join(f"{name} {value}" for name, value in low.items())
    wants = " ".join(f"fs.inotify.{name}={INOTIFY[name]}" for name in low)
    return Check("inotify", True, f"{has}: enough for a node or two; for more: sudo sysctl -w {wants}")


def _raise_watches() -> None:
    for name in _low() if INOTIFY_FOLDER.is_dir() else ():
        say(f"raising fs.inotify.{name} to {INOTIFY[name]} until the next start of this machine")
        try:
            (INOTIFY_FOLDER / name).write_text(str(INOTIFY[name]))
        except OSError as error:  # a container may not; the check then says what there is
            say(f"it can't be raised here: {error.strerror}")


def _apt(packages: list[str]) -> None:
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    with stage(f"apt-get install {' '.join(packages)}") as progress:
        tools.run(["apt-get", "update", "-q"], timeout=300, on_line=progress.update)
        command = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages]
        tools.run(command, timeout=900, env=quiet, on_line=progress.update)


def _docker_fix(problem: tuple[str, str] | None) -> str:
    if problem is None:
        return ""
    by_platform = {
        "Darwin": "install and start Docker Desktop or colima (brew install colima docker; colima start)",
        "Windows": "install Docker Desktop with the WSL 2 backend, and run kit inside WSL",
    }
    return by_platform.get(platform.system(), problem[1])
