"""GitHub workflows: the tags that are pushed and the tags that are deployed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kitlib.checks.images import image_name
from kitlib.checks.rule import Hit, rule
from kitlib.checks.shell import options
from kitlib.checks.targets import File
from kitlib.checks.workflows import EXPRESSION, Job, Step, jobs, plain, tag_meaning

METADATA = "https://github.com/docker/metadata-action#typesha"


def pushes(job: Job) -> Iterator[tuple[Step, str]]:
    """The steps that push images, each with an image and its tag as they are written."""
    for step in job.steps:
        if (
            step.action == "docker/build-push-action"
            and str(step.inputs.get("push", "false")).lower() != "false"
        ):
            for tag in EXPRESSION.sub(
                lambda m: m[0].replace(" ", ""), str(step.inputs.get("tags", ""))
            ).split():
                yield step, tag.strip(",")
        for line in step.script:
            for words in line.commands:
                if words[:2] == ["docker", "push"] and len(words) > 2:
                    yield step, plain(words[-1])
                elif words[:2] == ["docker", "buildx"] and "--push" in words:
                    yield from ((step, plain(tag)) for tag in options(words, "-t", "--tag"))


def pushed_tags(file: File) -> set[str] | None:
    """What the tags that a workflow pushes can be; None when a part can't be told; empty without pushes."""
    found: set[str] = set()
    for job in jobs(file):
        for step, image in pushes(job):
            whole = re.fullmatch(r"\$\{\{\s*steps\.[\w-]+\.outputs\.tags\s*\}\}", image)
            tag = image if whole else _tag(image)
            meaning = tag_meaning(tag, step)
            if meaning is None:
                return None
            found |= meaning
    return found


def _tag(image: str) -> str:
    """The tag of an image that may hold expressions; `latest` without one."""
    bare = EXPRESSION.sub(lambda match: "x" * len(match[0]), image)
    slash = bare.rfind("/")
    colon = bare.find(":", slash + 1)
    return image[colon + 1 :] if colon >= 0 else "latest"


def _deployed_tags(job: Job) -> Iterator[tuple[Step, int, str, str]]:
    """Step, line, what is set, and the tag."""
    for step in job.steps:
        for line in step.script:
            for words in line.commands:
                for pair in options(words, "--set", "--set-string"):
                    key, _, value = pair.partition("=")
                    if key.endswith(("image.tag", "imageTag", "image_tag")):
                        yield step, line.number, key, value
                if words[:3] == ["kubectl", "set", "image"]:
                    images = [
                        word.partition("=")[2]
                        for word in words[3:]
                        if "=" in word and not word.startswith("-")
                    ]
                    yield from (
                        (step, line.number, image_name(image), _tag(plain(image))) for image in images
                    )


@rule(
    "workflow",
    "workflow-tag-not-pushed",
    "error",
    "The tag that is deployed is never pushed",
    why="the new pods wait in ImagePullBackOff, and the deployment times out",
    source=METADATA,
)
def tag_not_pushed(file: File) -> Iterator[Hit]:
    pushed = pushed_tags(file)
    if not pushed:
        return
    for job in jobs(file):
        for step, number, what, tag in _deployed_tags(job):
            meaning = tag_meaning(tag, step)
            if meaning and not meaning & pushed:
                yield Hit(
                    step.line_of(number, what),
                    f"{what}={plain(tag)}, while the build pushes {', '.join(sorted(pushed))}",
                    "the same tag in both places",
                    "tag the images with ${{ github.sha }}, in docker/metadata-action by "
                    "`type=sha,format=long,prefix=`, and deploy ${{ github.sha }}",
                )
