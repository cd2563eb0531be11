"""What the add-ons run, built from Go modules where no registry has it: once, into kit's cache."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from kitlib import docker, golang, tools
from kitlib.cluster.offline import binaries, images
from kitlib.progress import say
from kitlib.settings import get_settings

FOLDER = Path(__file__).parent
TRAEFIK_MODULE = "github.com/traefik/traefik/v3"
LEGO_MODULE = "github.com/go-acme/lego/v4"
LEGO_VERSION = "v4.33.0"  # what that Traefik asks for


@dataclass(frozen=True)
class Program:
    """An executable of an add-on.

    Args:
        name: the executable's name.
        version: its module's version.
        package: the Go package it is built from.
        image: the image that a registry has, as the manifests name it.
        folder: the folder with its Dockerfile, and with Go files of ours in go/.
        cpu_minutes: what compiling it takes.
        disk_gb: what compiling it takes until Go's caches are removed.
        version_variable: the Go variable that the linker sets to the version.
    """

    name: str
    version: str
    package: str
    image: str
    folder: Path
    cpu_minutes: int
    disk_gb: float
    version_variable: str

    @property
    def cost(self) -> str:
        """What building it takes, in words."""
        return (
            f"compiling {self.name} {self.version} takes about {self.cpu_minutes} CPU minutes, once, "
            f"and {self.disk_gb:g} GB of disk until it is done"
        )

    @property
    def binary(self) -> Path:
        """Where it is in kit's cache, built or not; what we changed in its sources is part of the name."""
        own = self.own_sources()
        return tools.bin_dir() / f"{self.name}-{self.version}{'-' + _digest(own) if own else ''}"

    @property
    def tag(self) -> str:
        """The image that is built here; a changed recipe has another name."""
        recipe = [self.folder / "Dockerfile", *self.own_sources()]
        return f"kit.local/{self.name}:{self.version}-{_digest(recipe)}"

    def own_sources(self) -> list[Path]:
        """The Go files of ours that take the place of the module's."""
        return sorted((self.folder / "go").rglob("*.go"))


TRAEFIK = Program(
    "traefik",
    "v3.6.12",
    f"{TRAEFIK_MODULE}/cmd/traefik",
    "docker.io/library/traefik:v3.6.12",
    FOLDER / "ingress",
    cpu_minutes=7,
    disk_gb=5.0,
    version_variable=f"{TRAEFIK_MODULE}/pkg/version.Version",
)
KUBE_ROUTER = Program(
    "kube-router",
    "v2.1.0",
    "github.com/cloudnativelabs/kube-router/v2/cmd/kube-router",
    "docker.io/cloudnativelabs/kube-router:v2.1.0",
    FOLDER / "network-policy",
    cpu_minutes=4,
    disk_gb=3.0,
    version_variable="github.com/cloudnativelabs/kube-router/v2/pkg/version.Version",
)


def image(program: Program) -> str:
    """The name of the program's image in this machine's Docker engine, built if it is not there.

    Raises:
        MachineError: too little disk to compile it, or the base image can't be made here.
        CommandFailed: compiling or building failed; shows its last lines.
    """
    if docker.image_id(program.tag) is None:
        if not program.binary.exists():
            compile_(program)
        base = images.debian_image()
        images.build(program.folder, program.tag, {program.name: program.binary}, {"BASE_IMAGE": base})
    return program.tag


def compile_(program: Program) -> Path:
    """Compile a program into kit's cache, after saying what that costs.

    Raises:
        MachineError, CommandFailed: as `image`.
    """
    say(f"no container registry answers: {program.cost}")
    binaries.require_disk(get_settings().cache_dir, program.disk_gb, f"compile {program.name}")
    with golang.workspace() as go:
        if program.binary.exists():  # another build, which this one waited for, was the same
            return program.binary
        if program is TRAEFIK:
            return _lean_traefik(go)
        package = f"{program.package}@{program.version}"
        return go.install(package, program.binary.name, version_variable=program.version_variable)


def _lean_traefik(go: golang.Go) -> Path:
    """Traefik without what most of it is: client libraries of 190 DNS services and of Amazon's cloud.

    Each folder of ours under go/ takes the place of the module's folder of that path.
    """
    with tempfile.TemporaryDirectory(dir=get_settings().cache_dir) as scratch:
        traefik, lego = Path(scratch) / "traefik", Path(scratch) / "lego"
        _copy(go.module_dir(f"{TRAEFIK_MODULE}@{TRAEFIK.version}"), traefik)
        _copy(go.module_dir(f"{LEGO_MODULE}@{LEGO_VERSION}"), lego)
        for source in TRAEFIK.own_sources():
            target = Path(scratch) / source.relative_to(TRAEFIK.folder / "go")
            shutil.rmtree(target.parent)
            target.parent.mkdir()
            shutil.copy(source, target)
        edit = ["mod", "edit", f"-replace={LEGO_MODULE}={lego}"]
        tools.run([go.executable, *edit], env=go.env, cwd=traefik)
        version = f"-X {TRAEFIK.version_variable}={TRAEFIK.version}"
        return go.build(traefik / "cmd/traefik", TRAEFIK.binary.name, ldflags=version)


def _copy(module: Path, target: Path) -> None:
    shutil.copytree(module, target)
    tools.run(["chmod", "-R", "u+w", target])  # Go's module files are read-only


def _digest(files: list[Path]) -> str:
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:8]
