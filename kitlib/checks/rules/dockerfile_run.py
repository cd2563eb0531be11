"""Dockerfiles: how the container runs: its user, its process, its signals."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from kitlib.checks.dockerfiles import CREATES_USER, UID, Instruction, Stage, stages
from kitlib.checks.rule import Hit, rule
from kitlib.checks.targets import File, Project

USER_FIX = (
    "RUN groupadd --gid 1000 app && useradd --uid 1000 --gid 1000 --no-create-home app, then USER 1000:1000"
)
ALPINE_FIX = "RUN addgroup -g 1000 app && adduser -u 1000 -G app -D -H app, then USER 1000:1000"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
SHELLS = frozenset({"sh", "bash", "ash", "dash", "/bin/sh", "/bin/bash", "/bin/ash", "/bin/dash"})


def user_fix(stage: Stage) -> str:
    """How to make a user of number 1000 on the stage's distribution."""
    if "node" in stage.image.partition(":")[0].rpartition("/")[2]:
        return "the official Node images have a user 1000 (node) already: write USER 1000:1000"
    return ALPINE_FIX if "alpine" in stage.image else USER_FIX


@rule(
    "dockerfile",
    "docker-user-root",
    "error",
    "The image runs as root",
    why="a break-out from the process is root on the node's kernel, and Pod Security `restricted` rejects "
    "the pod",
    source="https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted",
)
def user_root(file: File) -> Iterator[Hit]:
    for stage in stages(file)[-1:]:
        safe_base = "nonroot" in stage.image or "rootless" in stage.image or "unprivileged" in stage.image
        item = stage.last("USER")
        if (not item and not safe_base) or (item and stage.user in ("root", "0")):
            yield Hit(
                file.at(item.line if item else stage.line),
                item.text if item else f"stage {stage.name or stage.index} has no USER",
                "USER 1000:1000",
                user_fix(stage),
            )


@rule(
    "dockerfile",
    "docker-user-named",
    "warning",
    "USER is a name, not a number",
    why="the kubelet can't tell that a name is not root: with runAsNonRoot and no runAsUser the container "
    "does not start (CreateContainerConfigError)",
    source="https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/kuberuntime/security_context.go",
)
def user_named(file: File) -> Iterator[Hit]:
    for stage in stages(file)[-1:]:
        item = stage.last("USER")
        if (
            item
            and stage.user
            and not stage.user.isdecimal()
            and stage.user != "root"
            and "$" not in stage.user
        ):
            number = stage.uid if stage.uid is not None else 1000
            yield Hit(
                file.at(item.line),
                item.text,
                f"USER {number}:{number}",
                f"write the number: USER {number}:{number}",
            )


@rule(
    "dockerfile",
    "docker-user-unknown-id",
    "warning",
    "The user's number is left to chance",
    why="`useradd -r` takes whatever system number is free (below 1000), so a pod with runAsUser: 1000 "
    "runs as someone else, who owns none of the files",
    source="https://manpages.debian.org/bookworm/passwd/useradd.8.en.html",
)
def user_unknown_id(file: File) -> Iterator[Hit]:
    for stage in stages(file)[-1:]:
        made = _numberless_user(stage)
        if made is not None:
            rows = file.text.splitlines()[made.line - 1 :]
            below = next((n for n, row in enumerate(rows) if re.search(r"\b(useradd|adduser)\b", row)), 0)
            yield Hit(
                file.at(made.line + below),
                f"a user without --uid, and USER {stage.user}",
                f"--uid {stage.user if stage.user.isdecimal() else 1000}, and the same number in the pod's "
                "runAsUser",
                user_fix(stage),
            )


def _numberless_user(stage: Stage) -> Instruction | None:
    """Where the user that runs is made without a number; a number under USER alone makes no user."""
    numbered = stage.user.isdecimal()
    if "node" in stage.image.partition(":")[0] or (stage.uid is not None and not numbered):
        return None  # the official Node images have a user 1000
    made = [(item, match[1]) for item in stage.all("RUN") for match in CREATES_USER.finditer(item.arguments)]
    if numbered and any(UID.search(arguments) for _, arguments in made):
        return None
    mine = [item for item, arguments in made if numbered or stage.user in arguments.split()]
    return mine[0] if mine else None


@rule(
    "dockerfile",
    "docker-shell-form",
    "warning",
    "The process does not get SIGTERM",
    why="a shell is process 1 and passes no signal on: each stop waits out the grace period and ends in "
    "SIGKILL, with requests cut off",
    source="https://docs.docker.com/reference/build-checks/json-args-recommended/",
)
def shell_form(file: File) -> Iterator[Hit]:
    for stage in stages(file)[-1:]:
        for item in filter(None, (stage.last("ENTRYPOINT"), stage.last("CMD"))):
            inner = item.arguments
            if item.exec_form:
                is_shell = len(item.value) > 2 and item.value[0] in SHELLS and item.value[1].startswith("-")
                inner = item.value[2] if is_shell else "exec"
            if not re.search(r"(^|[;&]\s*)exec\b", inner):
                words = ", ".join(f'"{word}"' for word in inner.split())
                yield Hit(
                    file.at(item.line),
                    item.text,
                    "the exec form, a JSON list",
                    f"write {item.name} [{words}]; where variables are needed: "
                    f'{item.name} ["sh", "-c", "exec {inner}"]',
                )


@rule(
    "dockerfile",
    "docker-binds-loopback",
    "error",
    "The server listens on the loopback address only",
    why="nothing outside the container reaches 127.0.0.1 of the container: probes and Services are refused",
    source="https://www.uvicorn.org/settings/#socket-binding",
)
def binds_loopback(file: File) -> Iterator[Hit]:
    seen: set[int] = set()
    for stage in stages(file):  # Compose may run an earlier one
        words = " ".join(stage.command).split()
        item = stage.last("CMD") or stage.last("ENTRYPOINT")
        if not item or item.line in seen or "--uds" in words or "--fd" in words:
            continue
        seen.add(item.line)
        host = next((b for a, b in pairwise(words) if a in ("--host", "-H", "--hostname")), "")
        host = next((word.split("=", 1)[1] for word in words if word.startswith("--host=")), host)
        silent = any(word.endswith(("uvicorn", "flask")) for word in words[:3]) and not host
        if host in LOOPBACK or (silent and "UVICORN_HOST" not in stage.environment):
            yield Hit(
                file.at(item.line),
                f"host {host}" if host else "no --host, which means 127.0.0.1",
                "--host 0.0.0.0",
                'add "--host", "0.0.0.0" to the command',
            )


@rule(
    "project",
    "docker-healthcheck-unused",
    "info",
    "Nothing uses the image's HEALTHCHECK",
    why="Kubernetes ignores it and asks its own probes; only Docker and Compose run it",
    source="https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/",
)
def healthcheck_unused(project: Project) -> Iterator[Hit]:
    if project.composes:
        return
    for file in project.dockerfiles:
        for stage in stages(file)[-1:]:
            item = stage.last("HEALTHCHECK")
            if item and item.arguments.upper() != "NONE":
                yield Hit(
                    file.at(item.line),
                    "HEALTHCHECK, and no Compose file in the project",
                    "probes in the pod's specification",
                    "give the container a livenessProbe and a readinessProbe; remove HEALTHCHECK or keep "
                    "it for Docker",
                )
