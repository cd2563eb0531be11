"""`docker compose config`: what Compose itself says of each file; it needs no Docker engine for that."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from kitlib import tools
from kitlib.checks.about import About
from kitlib.checks.targets import File, Project
from kitlib.findings import Finding

ABOUT = About(
    "compose-config",
    "error",
    "Compose refuses a file",
    "`docker compose up` ends with this message",
    "https://docs.docker.com/reference/cli/docker/compose/config",
)
SECONDS = 60.0
_WARNING = re.compile(r'level=warning msg="((?:[^"\\]|\\.)*)"')
_REQUIRED = re.compile(r"\$\{(\w+):?\?")  # ${NAME:?message} is for whoever starts it to set
_STEP = re.compile(r"\b((?:services|networks|volumes|secrets|configs)(?:[.\[][\w-]+\]?)+)")


def run(project: Project) -> Iterator[Finding]:
    """Compose's findings, errors and warnings.

    Raises:
        ToolError: Compose is missing or hangs.
    """
    compose = tools.find("docker-compose", build=False)
    for file in project.composes:
        layers = [part for path in _layers(project, file) for part in ("--file", project.root / path)]
        required = dict.fromkeys(_REQUIRED.findall(file.text), "placeholder") or None
        command = [compose, *layers, "config", "--quiet"]
        done = tools.run(command, timeout=SECONDS, check=False, env=required)
        for message in dict.fromkeys(_WARNING.findall(done.stderr)):
            text = _plain(message.replace('\\"', '"'), project.root)
            if "`version` is obsolete" not in text:  # a rule of ours says it, with its line
                about = replace(ABOUT, severity="warning", title="Compose warns of a file")
                yield about.finding(_place(file, text), text, "no warning", "set or correct what it names")
        if done.returncode:
            words = [
                line for line in done.stderr.splitlines() if line.strip() and "level=warning" not in line
            ]
            text = _plain(" ".join(words), project.root)
            yield ABOUT.finding(
                _place(file, text), text, "a file that Compose accepts", "correct what it names"
            )


def _layers(project: Project, file: File) -> list[str]:
    """The file, after the one it overrides: `docker-compose.prod.yml` goes on top of `docker-compose.yml`."""
    folder, _, name = file.path.rpartition("/")
    base = re.sub(r"^((?:docker-)?compose)[.-].*(\.ya?ml)$", r"\1\2", name)
    path = f"{folder}/{base}" if folder else base
    return (
        [path, file.path] if base != name and any(c.path == path for c in project.composes) else [file.path]
    )


def _place(file: File, message: str) -> str:
    """The line of the key that a message names, such as `services.api.ports`."""
    match = _STEP.search(message)
    if match and file.documents:
        steps = [int(s) if s.isdigit() else s for s in re.findall(r"[\w-]+", match[1])]
        extra = re.search(r"additional propert\w+ '?([\w-]+)", message)
        return file.at(file.documents[0].line([*steps, *([extra[1]] if extra else [])]))
    return file.at(1)


def _plain(message: str, root: Path) -> str:
    return " ".join(message.replace(f"{root}/", "").split())[:400]
