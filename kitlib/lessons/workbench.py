"""Docker in lessons: an image that is built, looked into, run, and run with more or fewer rights."""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kitlib import docker, standins, tools
from kitlib.app import images
from kitlib.checks.rules.secrets import credential
from kitlib.cluster.offline import registry
from kitlib.errors import WaitTimeout
from kitlib.progress import say, stage

if TYPE_CHECKING:
    import pandas

SECONDS = 60.0
HARDENED = (
    "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges",
)  # fmt: skip
# Programs that run inside a container, with nothing but Python's own modules.
_ASK = """
import sys, urllib.error, urllib.request
try:
    answer = urllib.request.urlopen("http://127.0.0.1:8000" + sys.argv[1], timeout=10)
except urllib.error.HTTPError as error:
    answer = error
print(answer.status, answer.read().decode())
"""
_RIGHTS = """
import json, os
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
def writes(path):
    try:
        open(path, "w").close()
    except OSError:
        return False
    return True
print(json.dumps({
    "user": os.getuid(),
    "capabilities": bin(int(status["CapEff"], 16)).count("1"),
    "may gain rights": status["NoNewPrivs"].strip() == "0",
    "writes /app": writes("/app/trial"),
    "writes /tmp": writes("/tmp/trial"),
}))
"""
_CONTENTS = """
import json, os, shutil, stat
from importlib.metadata import distributions
def setuid(path):
    found = os.lstat(path)
    return stat.S_ISREG(found.st_mode) and bool(found.st_mode & stat.S_ISUID)
places = [p for p in ("/bin", "/sbin", "/usr/bin", "/usr/sbin") if not os.path.islink(p)]
programs = [os.path.join(folder, name) for folder in places for name in os.listdir(folder)]
status = "/var/lib/dpkg/status"
system = [line for line in open(status) if line.startswith("Package: ")] if os.path.exists(status) else []
print(json.dumps({
    "system packages": len(system),
    "Python packages": len({item.name for item in distributions()}),
    "programs": len(programs),
    "of those setuid": sorted(os.path.basename(path) for path in programs if setuid(path)),
    "compilers": [name for name in ("gcc", "cc", "make") if shutil.which(name)],
}))
"""


@dataclass(frozen=True)
class Image:
    """A local image.

    Args:
        name: its name and tag.
        id: what it is, whatever its name comes to mean.
        megabytes: all of its layers together.
        layers: how many.
        user: who runs in it; empty: root.
        command: what it starts.
        health: what `docker run` asks it, to know how it is; empty: nothing.
    """

    name: str
    id: str
    megabytes: int
    layers: int
    user: str
    command: tuple[str, ...]
    health: tuple[str, ...]

    def __repr__(self) -> str:
        asked = "a health check" if self.health else "no health check"
        started = " ".join(self.command) or "nothing"
        return (
            f"{self.name}: {self.megabytes} MB in {self.layers} layers, user {self.user or 'root'}, "
            f"{asked}, starts {started}"
        )


class Container:
    """A container that runs.

    Args:
        id: Docker's.
    """

    def __init__(self, id: str) -> None:
        self.id = id

    def health(self) -> str:
        """How Docker finds it after its first health check: `healthy` or `unhealthy`.

        Raises:
            WaitTimeout: no check was made for a minute, or it ended; with its last lines.
        """
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            state = json.loads(_docker("inspect", "--format", "{{json .State}}", self.id))
            if not state["Running"]:  # Docker calls that unhealthy, too
                break
            found = str(state.get("Health", {}).get("Status", "none"))
            if found in ("healthy", "unhealthy"):
                return found
            time.sleep(0.2)
        raise WaitTimeout(f"the container is not healthy\n{self.logs(5)}")

    def ask(self, path: str) -> str:
        """The status and the text that its server on port 8000 answers, asked from inside."""
        return self.python(_ASK, path)

    def python(self, program: str, *arguments: str) -> str:
        """What a Python program prints that is run beside the container's own."""
        return _docker("exec", self.id, "python", "-c", program, *arguments).strip()

    def logs(self, lines: int) -> str:
        """The last lines that it printed."""
        done = tools.run(["docker", "logs", "--tail", str(lines), self.id], timeout=SECONDS)
        return (done.stdout + done.stderr).strip()


def answers(what: str) -> bool:
    """Whether Docker answers here; where it does not, says what can't be shown, and why.

    Args:
        what: which needs it, such as `building an image`.
    """
    problem = docker.why_unusable()
    if problem:
        say(f"{what}: not here, {problem[0]}; {problem[1]}")
    return problem is None


def build(component: str, target: str = "production") -> Image:
    """Build a stage of one of the application's images, from its Dockerfile in the checkout.

    Args:
        component: api, frontend or worker.
        target: the stage.

    Raises:
        UsageError: this is no checkout of the project.
        CommandFailed: the build failed; shows its last lines.
    """
    folder, argument, base = images.SOURCES[component]
    args = {} if registry.answers() else {argument: standins.image(base)}
    name = f"todo-{component}:{target if target == 'development' else f'lesson-{target}'}"
    with stage(f"build {name}") as progress:
        context = images.checkout() / "todo-app" / folder
        docker.build(context, name, args=args, target=target, progress=progress)
    return image(name)


def image(name: str) -> Image:
    """What is known about a local image.

    Raises:
        CommandFailed: there is none of that name.
    """
    found = json.loads(_docker("image", "inspect", "--format", "{{json .}}", name))
    config = found["Config"]
    return Image(
        name,
        found["Id"],
        round(found["Size"] / 1e6),
        len(found["RootFS"]["Layers"]),
        config.get("User") or "",
        tuple(config.get("Cmd") or ()),
        tuple((config.get("Healthcheck") or {}).get("Test") or ()),
    )


@contextmanager
def run(image: Image, *options: str, **variables: str) -> Iterator[Container]:
    """Run an image as long as the block lasts.

    Args:
        image: which.
        options: of `docker run`, such as `HARDENED`.
        variables: its environment.

    Raises:
        CommandFailed: Docker does not start it.
    """
    name = f"kit-lesson-{uuid.uuid4().hex[:8]}"
    soon = ("--health-interval", "1s")  # the image's own is for a service that runs for days
    given = [part for key, value in variables.items() for part in ("--env", f"{key}={value}")]
    try:
        yield Container(_docker("run", "--detach", "--name", name, *soon, *options, *given, image.id).strip())
    finally:
        tools.run(["docker", "rm", "--force", name], timeout=SECONDS, check=False)


def layers(image: Image) -> pandas.DataFrame:
    """What each instruction of the Dockerfile put into an image, in MB, the first one at the top."""
    import pandas

    lines = _docker("history", "--no-trunc", "--format", "{{json .}}", "--human=false", image.id)
    rows = [
        {"MB": round(int(item["Size"]) / 1e6, 1), "instruction": _instruction(item["CreatedBy"])}
        for item in map(json.loads, reversed(lines.splitlines()))
    ]
    return pandas.DataFrame([row for row in rows if row["MB"]])


def _instruction(created: str) -> str:
    """The line of the Dockerfile, without what the builder puts before it, and without digests."""
    line = " ".join(created.rpartition("#(nop)")[2].removeprefix("/bin/sh -c").split())
    short = re.sub(r"\b(file|dir|multi):[0-9a-f]{64}\b", r"\1", line)[:48]
    return short or "the base image, imported as a whole"


def rights(image: Image, ways: Mapping[str, Sequence[str]]) -> pandas.DataFrame:
    """What a process may do in a container, by the way it is started: a column for each.

    Args:
        image: one with Python.
        ways: a name → options of `docker run`.
    """
    import pandas

    columns = {name: _inside(image, _RIGHTS, *options) for name, options in ways.items()}
    return pandas.DataFrame(columns, list(next(iter(columns.values()))))


def contents(image: Image) -> dict[str, Any]:
    """What an attacker would find in an image with Python: packages, programs, compilers, secrets."""
    lines = json.loads(_docker("image", "inspect", "--format", "{{json .Config.Env}}", image.id))
    variables = dict(line.split("=", 1) for line in lines)
    kept = [name for name, value in variables.items() if credential(name, value)]
    return _inside(image, _CONTENTS, "--user", "0") | {"secrets": kept}


def _inside(image: Image, program: str, *options: str) -> dict[str, Any]:
    started = ("run", "--rm", "--network", "none", *options, "--entrypoint", "python", image.id)
    found: dict[str, Any] = json.loads(_docker(*started, "-c", program))
    return found


def _docker(*arguments: str) -> str:
    return tools.run(["docker", *arguments], timeout=SECONDS).stdout
