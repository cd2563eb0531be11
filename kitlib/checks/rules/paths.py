"""Paths that workflows and scripts name: folders to build, charts, values files, manifests."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path

from kitlib.checks.rule import Hit, rule
from kitlib.checks.shell import ShellLine, commands, option, options
from kitlib.checks.targets import File, Project, dig, mapping
from kitlib.checks.workflows import Job, Step, jobs, root_of

_MAKERS = {"mkdir", "git", "tar", "unzip", "curl", "wget"}
_WITH_VALUE = {
    *("-f", "--values", "-n", "--namespace", "--set", "--set-string", "--set-file", "--timeout", "--version"),
    *("--kube-context", "--kubeconfig", "--repo", "--description", "--history-max"),
}


def named_paths(words: list[str]) -> list[str]:
    """The files and folders that a docker, helm or kubectl command reads; without those only a run knows."""
    found: list[str] = []
    match words[:3]:
        case ["docker", "build", *_] | ["docker", "buildx", "build"]:
            found = [words[-1], option(words, "-f", "--file")]
        case ["helm", "upgrade" | "install" | "template" | "lint" | "package" | "dependency", *_]:
            found = [*options(words, "-f", "--values"), *_chart(words)]
        case ["kubectl", "apply" | "create" | "replace" | "diff", *_]:
            found = [*options(words, "-f", "--filename"), *options(words, "-k", "--kustomize")]
        case ["minikube", "image", "build"]:
            found = [words[-1], option(words, "-f", "--file")]
    return [path for path in found if path and _is_plain(path)]


def _is_plain(path: str) -> bool:
    return not (
        path.startswith(("-", "/", "~", "<")) or "://" in path or any(sign in path for sign in "$*?{`")
    )


def _chart(words: list[str]) -> list[str]:
    """The chart of a helm command, where it is a folder."""
    plain = [
        word for before, word in pairwise(words) if not word.startswith("-") and before not in _WITH_VALUE
    ]
    return [word for word in plain if word.startswith(("./", "../", "charts/"))]


def _exists(root: Path, folder: str, path: str) -> bool:
    return (root / posixpath.normpath(posixpath.join(folder, path))).exists()


def _line(file: File, line: ShellLine, path: str) -> int:
    """The line of a joined command on which a path stands."""
    rows = file.text.splitlines()[line.number - 1 :]
    return line.number + next((offset for offset, row in enumerate(rows) if path in row), 0)


@rule(
    "project",
    "workflow-path-missing",
    "error",
    "The workflow names a path that the repository does not have",
    why="the step fails in each run, often only after images were built and pushed",
    source="https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstepsrun",
)
def workflow_path(project: Project) -> Iterator[Hit]:
    for file in project.workflows:
        for job in jobs(file):
            checkouts = [step.inputs for step in job.steps if step.action == "actions/checkout"]
            if not checkouts or any(inputs.get("path") or inputs.get("repository") for inputs in checkouts):
                continue
            for step in job.steps:
                yield from _step(project, job, step)


def _step(project: Project, job: Job, step: Step) -> Iterator[Hit]:
    base = root_of(job.file)
    for name in ("context", "file"):
        path = str(step.inputs.get(name, ""))
        builds = step.action == "docker/build-push-action" and path and _is_plain(path)
        if builds and not _exists(project.root, base, path):
            yield _hit(project.root, step.at("with", name), path, base)
    folder = step.body.get("working-directory") or dig(job.body, ("defaults", "run", "working-directory"))
    folder = folder or dig(mapping(job.workflow), ("defaults", "run", "working-directory"), ".")
    folder = posixpath.normpath(posixpath.join(base, str(folder)))
    if own := str(step.body.get("working-directory") or ""):
        if not _is_plain(own):
            return
        if not _exists(project.root, base, own):
            yield _hit(project.root, step.at("working-directory"), own, base)
            return
    if any(words[0] in _MAKERS for line in step.script for words in line.commands):
        return
    for line in step.script:
        for words in line.commands:
            if words[0] == "cd" and len(words) == 2:
                if not _is_plain(words[1]):
                    return
                if not _exists(project.root, folder, words[1]):
                    yield _hit(project.root, job.file.at(_line(job.file, line, words[1])), words[1], folder)
                    return
                folder = posixpath.normpath(posixpath.join(folder, words[1]))
            for path in named_paths(words):
                if not _exists(project.root, folder, path):
                    yield _hit(project.root, job.file.at(_line(job.file, line, path)), path, folder)


def _hit(root: Path, where: str, path: str, folder: str) -> Hit:
    place = "the repository's folder" if folder == "." else f"{folder}/"
    return Hit(where, f"{path}, seen from {place}", "a path that exists", _fix(root, folder, path))


def _fix(root: Path, folder: str, path: str) -> str:
    """The nearest name beside the path that is missing; else the path itself."""
    full = posixpath.normpath(posixpath.join(folder, path))
    parent = root / posixpath.dirname(full)
    names = [entry.name for entry in parent.iterdir()] if parent.is_dir() else []
    near = get_close_matches(posixpath.basename(full), names, n=1)
    meant = posixpath.join(posixpath.dirname(path), near[0]) if near else "the path that is meant"
    return f"write {meant}, or create {full}"


@rule(
    "project",
    "script-path-missing",
    "error",
    "The script names a path that does not exist",
    why="the command fails, or, without `set -e`, the script goes on with what was there before",
    source="https://www.gnu.org/software/bash/manual/html_node/The-Set-Builtin.html",
)
def script_path(project: Project) -> Iterator[Hit]:
    for file in project.scripts:
        # Without a first line `#!…` it is a sheet of commands, whose paths are examples.
        if not file.text.startswith("#!") or any(words[0] in _MAKERS for _, words in commands(file.text)):
            continue
        folder = posixpath.dirname(file.path)
        # Where a script is started from can't be told, so any folder above it may be meant.
        folders = ["", folder, posixpath.dirname(folder), posixpath.dirname(posixpath.dirname(folder))]
        entered = [words[1] for _, words in commands(file.text) if words[0] == "cd" and len(words) == 2]
        folders += [
            posixpath.join(above, path) for above in list(folders) for path in entered if _is_plain(path)
        ]
        for line, words in commands(file.text):
            for path in named_paths(words):
                is_path = path.startswith(("./", "../")) or "/" in path
                if is_path and not any(_exists(project.root, above, path) for above in folders):
                    yield Hit(
                        file.at(_line(file, line, path)),
                        path,
                        "a path that exists",
                        _fix(project.root, "", path),
                    )
