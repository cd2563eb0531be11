"""External executables: where they are, how they are made, how they are run.

`find` looks on PATH, then among the wheels of this environment, then in kit's cache, and at last builds the
tool from its Go module, at a pinned version. `run` starts a command without a shell and fails loudly.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sysconfig
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from kitlib.errors import CommandFailed, CommandTimeout, ToolNotFound, UsageError

OnLine = Callable[[str], None]


@dataclass(frozen=True)
class Tool:
    """An executable that kit needs.

    Args:
        name: the executable's name.
        version_command: arguments that print its version.
        supported: versions that will do, as (lowest, first that is too new).
        module: the Go package it is built from, with its pinned version; empty when it can't be built.
        version_variable: the Go variable that the linker sets to the version, where the program needs it.
        variables: other Go variables that the linker sets, as NAME=VALUE.
    """

    name: str
    version_command: tuple[str, ...]
    supported: tuple[tuple[int, ...], tuple[int, ...]]
    module: str = ""
    version_variable: str = ""
    variables: tuple[str, ...] = ()

    @property
    def file_name(self) -> str:
        """Its name in kit's cache; with a mark of the recipe where there are variables, so that one built
        with others is not taken for it."""
        if not self.variables:
            return self.name
        recipe = " ".join((self.module, *self.variables))
        return f"{self.name}-{hashlib.sha256(recipe.encode()).hexdigest()[:8]}"


# kind 0.27 is the first that writes the containerd 2 configuration the node images of 2025 on need; kubectl
# promises to work one minor version away from its server (kubernetes.io/releases/version-skew-policy), and
# the verbs kit uses have been stable since 1.28; Helm 4 changes --wait and --atomic, so 3 is pinned.
TOOLS = {
    tool.name: tool
    for tool in (
        Tool("kubectl", ("version", "--client"), ((1, 28), (2,))),
        Tool("kind", ("version",), ((0, 27), (1,)), "sigs.k8s.io/kind@v0.33.0"),
        Tool(
            "helm",
            ("version", "--short"),
            ((3, 14), (4,)),
            "helm.sh/helm/v3/cmd/helm@v3.19.5",
            "helm.sh/helm/v3/internal/version.version",
            (  # what .Capabilities.KubeVersion says without a cluster; from `go install` it would be 1.20
                "helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor=1",
                "helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor=34",
                "helm.sh/helm/v3/pkg/lint/rules.k8sVersionMajor=1",
                "helm.sh/helm/v3/pkg/lint/rules.k8sVersionMinor=34",
            ),
        ),
        Tool(
            "kwok",
            ("--version",),
            ((0, 6), (1,)),
            "sigs.k8s.io/kwok/cmd/kwok@v0.7.0",
            "sigs.k8s.io/kwok/pkg/consts.Version",
        ),
        Tool("minikube", ("version", "--short"), ((1, 30), (2,))),
        Tool("docker", ("version", "--format", "{{.Client.Version}}"), ((20, 10), (99,))),
        Tool("go", ("version",), ((1, 26), (2,))),
        # An S3-compatible store, on which the tests keep records.
        Tool(
            "versitygw",
            ("--version",),
            ((1,), (2,)),
            "github.com/versity/versitygw/cmd/versitygw@v1.8.0",
            "main.Version",
        ),
        # Of `kit check`: the first three are inside wheels; benchmarks/ compare with the last two.
        Tool("hadolint", ("--version",), ((2, 12), (3,))),
        Tool("shellcheck", ("--version",), ((0, 9), (1,))),
        Tool("docker-compose", ("version",), ((2, 20), (99,))),
        Tool(
            "actionlint",
            ("-version",),
            ((1, 7), (2,)),
            "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12",
            "github.com/rhysd/actionlint.version",
        ),
        Tool(
            "kube-score",
            ("version",),
            ((1, 20), (2,)),
            "github.com/zegl/kube-score/cmd/kube-score@v1.20.0",
            "main.version",
        ),
        Tool(
            "kubeconform",
            ("-v",),
            ((0, 6), (1,)),
            "github.com/yannh/kubeconform/cmd/kubeconform@v0.7.0",
            "main.version",
        ),
    )
}


@dataclass(frozen=True)
class Completed:
    """A command that ended; `stdout` holds both streams when `on_line` was given."""

    command: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str
    seconds: float


def run(
    command: Sequence[str | Path],
    *,
    timeout: float = 60.0,
    check: bool = True,
    input: str | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    on_line: OnLine | None = None,
    fix: str = "",
) -> Completed:
    """Run a command without a shell and wait for it.

    Args:
        command: the executable and its arguments; never a shell line.
        timeout: seconds; then the command and all it started are killed.
        check: raise when the exit code is not 0.
        input: text for its standard input; none: no input at all.
        env: variables set on top of this process's environment.
        cwd: the folder to run in.
        on_line: called with each line of either stream as it appears, for progress.
        fix: what to tell the person when it fails.

    Raises:
        ToolNotFound: no such executable.
        CommandFailed: a non-zero exit code, with `check`.
        CommandTimeout: it did not end in time.
    """
    argv = [str(part) for part in command]
    started = time.monotonic()
    try:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL if input is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if on_line else subprocess.PIPE,
            text=True,
            errors="replace",
            env={**os.environ, **env} if env else None,
            cwd=cwd,
            start_new_session=True,
        )
    except FileNotFoundError:
        raise ToolNotFound(f"{argv[0]} is not on this machine", fix=fix or "kit doctor") from None
    except PermissionError:
        raise ToolNotFound(f"{argv[0]} may not be executed by this user", fix=fix or "kit doctor") from None
    try:
        stdout, stderr = (
            _stream(process, input, timeout, on_line) if on_line else process.communicate(input, timeout)
        )
    except subprocess.TimeoutExpired:
        _kill_group(process)
        rest, errors = process.communicate()
        raise CommandTimeout(argv, timeout, (rest or "") + (errors or "")) from None
    except BaseException:
        _kill_group(process)  # Ctrl-C must not leave a half-done command behind
        process.wait()
        raise
    done = Completed(tuple(argv), process.returncode, stdout, stderr or "", time.monotonic() - started)
    if check and done.returncode != 0:
        raise CommandFailed(argv, done.returncode, done.stderr.strip() or done.stdout, fix=fix)
    return done


def find(name: str, *, build: bool = True) -> Path:
    """The path of an executable, built into kit's cache if there is no other way.

    Args:
        name: a key of `TOOLS`.
        build: build or install it when it is missing; otherwise raise.

    Raises:
        UsageError: kit knows no tool of that name.
        ToolNotFound: it is missing, or every one found has an unsupported version.
    """
    tool = TOOLS.get(name)
    if tool is None:
        raise UsageError(f"unknown tool {name!r}; kit knows {', '.join(sorted(TOOLS))}")
    rejected: list[str] = []
    for candidate in _candidates(name):
        version = version_of(candidate, tool)
        if version and tool.supported[0] <= version < tool.supported[1]:
            return candidate
        shown = ".".join(map(str, version)) if version else "unreadable"
        rejected.append(f"{candidate} has version {shown}")
    if build and (tool.module or name == "go"):
        return _provide(tool)
    low, high = (".".join(map(str, bound)) for bound in tool.supported)
    found = f" ({'; '.join(rejected)})" if rejected else ""
    raise ToolNotFound(f"{name} {low} or newer, before {high}, is needed{found}", fix="kit doctor")


@lru_cache(maxsize=64)
def version_of(path: Path, tool: Tool) -> tuple[int, ...]:
    """The version that an executable prints, as numbers; empty when it prints none."""
    done = run([path, *tool.version_command], timeout=20, check=False)
    match = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", done.stdout + done.stderr)
    return tuple(int(part) for part in match.groups() if part) if match else ()


def bin_dir() -> Path:
    """Where kit keeps the executables it built; made if absent."""
    from kitlib.settings import get_settings

    folder = get_settings().cache_dir / "bin"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _candidates(name: str) -> list[Path]:
    wheel = Path(sysconfig.get_path("scripts")) / name
    on_path = shutil.which(name)
    paths = [Path(on_path)] if on_path else []
    paths += [path for path in (wheel, bin_dir() / TOOLS[name].file_name) if os.access(path, os.X_OK)]
    return list(dict.fromkeys(path.absolute() for path in paths))


def _provide(tool: Tool) -> Path:
    from kitlib import golang

    if tool.name == "go":
        return golang.install_toolchain()
    built = bin_dir() / tool.file_name
    before = built.stat().st_mtime if built.exists() else 0.0
    with golang.workspace() as go:
        if built.exists() and built.stat().st_mtime > before:
            return built  # another process built it while we waited
        return go.install(
            tool.module, tool.file_name, version_variable=tool.version_variable, variables=tool.variables
        )


def _stream(
    process: subprocess.Popen[str], input: str | None, timeout: float, on_line: OnLine
) -> tuple[str, str]:
    """Feed `input`, hand out lines as they appear, and end within `timeout` seconds."""
    lines: list[str] = []

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            on_line(line.rstrip())

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    if input is not None and process.stdin is not None:
        process.stdin.write(input)
        process.stdin.close()
    process.wait(timeout)
    reader.join(5)
    return "".join(lines), ""


def _kill_group(process: subprocess.Popen[str]) -> None:
    """End a command and everything it started: it leads a process group of its own."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
