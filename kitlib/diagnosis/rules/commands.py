"""Containers that can't be started at all: what they are told to run is not there, or can't run."""

from __future__ import annotations

import re

from kitlib.diagnosis.cause import Cause, quote_all
from kitlib.diagnosis.evidence import Evidence
from kitlib.diagnosis.suspects import Status
from kitlib.diagnosis.templates import container_path, kubectl
from kitlib.findings import Finding, Fix

_DOCS = "kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container"
# The words of runc and containerd.
_EXEC = re.compile(
    r'exec: "([^"]+)": (executable file not found in \$PATH|stat [^:]*: no such file or directory|'
    r"no such file or directory|permission denied|is a directory)"
)
_FORMAT = re.compile(r"exec format error")
_FOLDER = re.compile(r"chdir to cwd|mkdir [^:]*: (?:read-only|permission)|working directory", re.IGNORECASE)


def commands(evidence: Evidence) -> list[Cause]:
    """A command that the image does not have."""
    found: dict[str, Cause] = {}
    for item in evidence.statuses:
        for message in _messages(item):
            if match := _EXEC.search(message):
                found.setdefault(item.name, _missing(evidence, item, match[1], match[2], message))
            elif _FORMAT.search(message):
                found.setdefault(item.name, _format(evidence, item, message))
            elif _FOLDER.search(message) and item.spec.get("workingDir"):
                has = str(item.spec["workingDir"])
                path = container_path(evidence.workload, item.name, "workingDir")
                found.setdefault(
                    item.name,
                    _cause(evidence, item, "working-folder", path, has, "a folder of the image", message),
                )
    return list(found.values())


def _messages(item: Status) -> list[str]:
    states = (item.state("waiting"), item.state("terminated"), item.state("terminated", last=True))
    return [str(state["message"]) for state in states if state.get("message")]


def _missing(evidence: Evidence, item: Status, program: str, why: str, message: str) -> Cause:
    command, args = item.spec.get("command") or [], item.spec.get("args") or []
    field = "command" if command else "args" if args and args[0] == program else "image"
    path = container_path(evidence.workload, item.name, field)
    expected = "a program that the image has" if "permission" not in why else "a file that may be executed"
    return _cause(evidence, item, "command-missing", path, program, expected, message)


def _format(evidence: Evidence, item: Status, message: str) -> Cause:
    path = container_path(evidence.workload, item.name, "image")
    expected = "an image for the node's architecture"
    return _cause(evidence, item, "image-architecture", path, str(item.spec.get("image")), expected, message)


def _cause(
    evidence: Evidence, item: Status, rule: str, path: str, found: str, expected: str, message: str
) -> Cause:
    kind = "init container" if item.init else "container"
    finding = Finding(
        "error",
        rule,
        f"{kind} {item.name} can't be started: {found}",
        evidence.ref,
        found=found,
        expected=expected,
        why=f"the runtime starts exactly what command and args say, or the image's own command ({_DOCS})",
        fix=Fix(f"correct {path}", command=f"kubectl edit {kubectl(evidence.workload)}"),
        evidence=quote_all([(message, item.source)]),
        field=path,
    )
    return Cause(finding, affects=(evidence.ref,))
