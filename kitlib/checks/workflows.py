"""GitHub workflows: jobs, steps, scripts, and what the expressions for image tags stand for."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kitlib.checks.shell import ShellLine, lines
from kitlib.checks.targets import File, mapping, sequence
from kitlib.documents import YamlDocument

EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
_OUTPUT = re.compile(r"echo\s+[\"']?(\w[\w-]*)=(.*?)[\"']?\s*>>\s*\"?\$\{?GITHUB_OUTPUT\}?\"?")
_PRIORITY = {
    "schedule": 1000,
    "semver": 900,
    "pep440": 900,
    "match": 800,
    "edge": 700,
    "ref": 600,
    "raw": 200,
}


@dataclass(frozen=True)
class Job:
    """A job of a workflow."""

    file: File
    document: YamlDocument
    name: str
    body: Mapping[str, Any]

    @property
    def steps(self) -> list[Step]:
        """The job's steps."""
        found = sequence(self.body.get("steps"))
        return [Step(self, index, mapping(body)) for index, body in enumerate(found)]

    def at(self, *path: str | int) -> str:
        """Where a field of the job stands."""
        return self.file.at(self.document.line(("jobs", self.name, *path)))

    @property
    def workflow(self) -> Mapping[str, Any]:
        return mapping(self.document.data)


@dataclass(frozen=True)
class Step:
    """A step of a job."""

    job: Job
    index: int
    body: Mapping[str, Any]

    @property
    def uses(self) -> str:
        return str(self.body.get("uses", ""))

    @property
    def action(self) -> str:
        """The action without its version, in lower case."""
        return self.uses.partition("@")[0].lower()

    @property
    def inputs(self) -> Mapping[str, Any]:
        return mapping(self.body.get("with"))

    def at(self, *path: str | int) -> str:
        """Where a field of the step stands."""
        return self.job.at("steps", self.index, *path)

    @property
    def script(self) -> list[ShellLine]:
        """The lines of `run`, with their numbers in the file."""
        text = self.body.get("run")
        if not isinstance(text, str):
            return []
        number = self.job.document.line(("jobs", self.job.name, "steps", self.index, "run"))
        row = self.job.file.text.splitlines()[number - 1]
        block = re.search(r"run:\s*[|>][+-]?\d?\s*(#.*)?$", row)
        return list(lines(EXPRESSION.sub(_word, text), number + bool(block)))

    def line_of(self, number: int, text: str) -> str:
        """The line, from a line of the script on, that has a text: where in a joined command it stands."""
        rows = self.job.file.text.splitlines()[number - 1 :]
        return self.job.file.at(number + next((offset for offset, row in enumerate(rows) if text in row), 0))


def _word(match: re.Match[str]) -> str:
    """An expression without spaces and signs that mean something to a shell; `expression` undoes it."""
    return (
        "${{" + "".join(f"%{ord(sign):02x}" if sign in " '\"|&;()<>%" else sign for sign in match[1]) + "}}"
    )


def plain(text: str) -> str:
    """A word of a step's script with its expressions as they were written."""
    return re.sub(r"%([0-9a-f]{2})", lambda match: chr(int(match[1], 16)), text) if "${{" in text else text


def jobs(file: File) -> Iterator[Job]:
    """The jobs of a workflow."""
    for document in file.documents:
        for name, body in mapping(mapping(document.data).get("jobs")).items():
            yield Job(file, document, name, mapping(body))


def root_of(file: File) -> str:
    """The repository's folder: the one above `.github`."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(file.path), "../.."))


def tag_meaning(text: str, step: Step, depth: int = 0) -> set[str] | None:
    """What a tag can be, in words that can be compared; None where only the run itself knows.

    The words: a literal tag; `github.sha`; `sha-short` with its prefix, such as `sha-<short>`; `<branch>`,
    `<semver>` and so on for what docker/metadata-action makes.
    """
    text = plain(text).strip().strip("\"'")
    text = re.sub(r"\$\{?GITHUB_SHA\}?", "${{ github.sha }}", text)
    text = re.sub(r"\$\{?GITHUB_REF_NAME\}?", "${{ github.ref_name }}", text)
    text = re.sub(r"\$\{?([A-Z_][A-Z0-9_]*)\}?(?![\w}])", r"${{ env.\1 }}", text)
    match = EXPRESSION.search(text)
    if match is None:
        return {text}
    if depth > 8:
        return None
    inner = _expression(match[1], step, depth + 1)
    if inner is None:
        return None
    rest = [text[: match.start()] + value + text[match.end() :] for value in inner]
    found = [
        {value} if not EXPRESSION.search(value) else tag_meaning(value, step, depth + 1) for value in rest
    ]
    return None if any(item is None for item in found) else {v for item in found if item for v in item}


def _expression(text: str, step: Step, depth: int) -> set[str] | None:
    if text in ("github.sha", "github.ref_name"):
        return {text}
    if match := re.fullmatch(r"env\.(\w+)", text):
        for scope in (step.body, step.job.body, step.job.workflow):
            value = mapping(scope.get("env")).get(match[1])
            if value is not None:
                return tag_meaning(str(value), step, depth)
        return None
    if match := re.fullmatch(r"steps\.([\w-]+)\.outputs\.([\w-]+)", text):
        return _step_output(step.job, match[1], match[2], depth)
    if match := re.fullmatch(r"needs\.([\w-]+)\.outputs\.([\w-]+)", text):
        job = next((job for job in jobs(step.job.file) if job.name == match[1]), None)
        value = mapping(job.body.get("outputs")).get(match[2]) if job else None
        return tag_meaning(str(value), job.steps[0], depth) if job and value and job.steps else None
    return None


def _step_output(job: Job, id: str, name: str, depth: int) -> set[str] | None:
    for step in job.steps:
        if step.body.get("id") != id:
            continue
        if step.action == "docker/metadata-action":
            return _metadata(step, name, depth)
        for line in str(step.body.get("run", "")).splitlines():
            match = _OUTPUT.search(line)
            if match and match[1] == name:
                return tag_meaning(match[2], step, depth)
    return None


def _metadata(step: Step, output: str, depth: int) -> set[str] | None:
    """The tags that docker/metadata-action makes; `version` is the one of the highest priority."""
    rows = [row.strip() for row in str(step.inputs.get("tags") or "").splitlines() if row.strip()]
    found: list[tuple[int, set[str] | None]] = []
    for row in rows or ["type=schedule", "type=ref,event=branch", "type=ref,event=tag", "type=ref,event=pr"]:
        options = dict(part.partition("=")[::2] for part in row.split(","))
        kind = options.get("type", "raw")
        priority = (
            int(options["priority"]) if options.get("priority", "").isdigit() else _PRIORITY.get(kind, 100)
        )
        found.append((priority, _metadata_tag(kind, options, row, step, depth)))
    if output == "version":
        highest = max(priority for priority, _ in found)
        # Rules for another event make no tag, so of several kinds any could be the version.
        found = [item for item in found if item[0] == highest or len(found) > 1]
        kinds = {value for _, values in found for value in sorted(values or ())}
        return (
            kinds
            if len(kinds) == 1
            else {f"the version that docker/metadata-action picks of {', '.join(sorted(kinds))}"}
        )
    values = [item for _, item in found]
    return None if any(item is None for item in values) else {v for item in values if item for v in item}


def _metadata_tag(kind: str, options: dict[str, str], row: str, step: Step, depth: int) -> set[str] | None:
    if kind == "sha":
        prefix = options.get("prefix", "sha-")
        return {f"{prefix}{'github.sha' if options.get('format') == 'long' else '<short>'}"}
    if kind == "raw":
        value = options.get("value") or (row if "=" not in row else "")
        meaning = tag_meaning(value, step, depth)
        return {f"{options.get('prefix', '')}{item}" for item in meaning} if meaning else None
    return {f"<{options.get('event') or kind}>"}
