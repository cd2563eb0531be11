"""Dockerfiles: what goes wrong while an image is built, and what should not be in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches

from kitlib.checks.dockerfiles import Instruction, Stage, pairs, stages
from kitlib.checks.rule import Hit, rule
from kitlib.checks.shell import commands
from kitlib.checks.targets import File, Project

BUILD_TOOLS = frozenset(
    [
        "build-essential",
        "build-base",
        "gcc",
        "g++",
        "clang",
        "make",
        "cmake",
        "python3-dev",
        "python-dev",
        "musl-dev",
    ]
)
INSTALLERS = frozenset({"apt-get", "apt", "apk", "yum", "dnf", "microdnf"})
REMOVES = re.compile(r"\b(?:apt-get|apt|apk|yum|dnf)\b[^&|;]*\b(?:purge|remove|autoremove|del)\b")
SECRET = re.compile(
    r"(^|_)(PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|CREDENTIALS?|DATABASE_URL)(_KEY)?$"
)
PRODUCTION_ONLY = re.compile(r"--(only|omit)[= ](prod\w*|dev)\b|--production\b|(^|\s)-P\b")
BUILDS_NODE = re.compile(r"\b(npm|pnpm|yarn|bun)\s+(run\s+)?build\b|\bnext\s+build\b")


@rule(
    "dockerfile",
    "docker-npm-production",
    "error",
    "The build runs without the development dependencies",
    why="TypeScript, the bundler and most build plugins are devDependencies; without them the build step "
    "fails",
    source="https://docs.npmjs.com/cli/v11/commands/npm-ci",
)
def npm_production(file: File) -> Iterator[Hit]:
    found = stages(file)
    for stage in found:
        build = next((item for item in stage.all("RUN") if BUILDS_NODE.search(item.arguments)), None)
        install = build and _production_install(stage, found)
        if build and install:
            yield Hit(
                file.at(install.line),
                f"`{install.arguments}`, and line {build.line} builds from these modules",
                "a full `npm ci` in the stage that the build uses",
                "write `RUN npm ci`; Next.js' standalone output needs no node_modules in the final stage, "
                "any other application runs `npm prune --omit=dev` after the build",
            )


def _production_install(stage: Stage, found: list[Stage]) -> Instruction | None:
    """The install without devDependencies whose modules a stage has, if no full one follows."""
    sources = [stage]
    for copy in stage.all("COPY"):
        if "node_modules" in copy.arguments:
            sources += [other for other in found if copy.flag("from") in (other.name, str(other.index))]
    installs = [
        item
        for source in sources
        for item in source.all("RUN")
        if re.search(r"\bnpm (ci|i|install)\b", item.arguments)
    ]
    partial = [item for item in installs if PRODUCTION_ONLY.search(item.arguments)]
    return partial[0] if partial and len(partial) == len(installs) else None


@rule(
    "dockerfile",
    "docker-base-latest",
    "error",
    "A base image has no version",
    why="the same Dockerfile gives another image tomorrow, and a rebuild can break without any change",
    source="https://docs.docker.com/build/building/best-practices/#pin-base-image-versions",
)
def base_latest(file: File) -> Iterator[Hit]:
    seen: set[int] = set()
    for stage in stages(file):
        name, _, tag = stage.base.rpartition("/")[2].partition(":")
        unpinned = "@" not in stage.base and tag in ("", "latest")
        line = _base_line(file, stage)
        known = stage.parent is not None or _is_local(stage.base) or "$" in stage.base
        if unpinned and not known and line not in seen:
            seen.add(line)
            yield Hit(
                file.at(line),
                stage.base,
                "a version tag or a digest",
                f"name the version: {stage.base.removesuffix(':latest')}:<version>, such as the one "
                f"`docker image inspect {name}` shows",
            )


def _base_line(file: File, stage: Stage) -> int:
    """Where a base image's name stands: its FROM, or the ARG that gives its default."""
    argument = re.fullmatch(r"\$\{?(\w+)\}?", stage.base_text)
    pattern = re.compile(rf"ARG\s+{argument[1]}=" if argument else r"(?!)", re.IGNORECASE)
    rows = file.text.splitlines()[: stage.line]
    return next((number for number, row in enumerate(rows, 1) if pattern.match(row)), stage.line)


@rule(
    "dockerfile",
    "docker-base-not-arg",
    "info",
    "A base image can't be replaced from outside",
    why="a mirror, an offline stand-in or a patched base then needs an edit of the Dockerfile in every stage",
    source="https://docs.docker.com/reference/dockerfile/#understand-how-arg-and-from-interact",
)
def base_not_arg(file: File) -> Iterator[Hit]:
    seen: set[str] = set()
    for stage in stages(file):
        fixed = "$" not in stage.base_text and not stage.parent and not _is_local(stage.base)
        if fixed and stage.base not in seen:
            seen.add(stage.base)
            argument = re.sub(r"\W+", "_", stage.base.partition(":")[0].rpartition("/")[2]).upper() + "_IMAGE"
            yield Hit(
                file.at(stage.line),
                f"FROM {stage.base_text}",
                "an ARG with this image as its default",
                f"write `ARG {argument}={stage.base}` before the first FROM, and `FROM ${{{argument}}}` here",
            )


def _is_local(image: str) -> bool:
    """`scratch`, and images that only this machine has, such as kit.local/debian."""
    host = image.partition("/")[0]
    return image == "scratch" or ("/" in image and (host.endswith(".local") or host.startswith("localhost")))


@rule(
    "dockerfile",
    "docker-build-tools",
    "warning",
    "The final image holds a compiler",
    why="it adds hundreds of megabytes and gives an intruder the means to build more tools",
    source="https://docs.docker.com/build/building/multi-stage/",
)
def build_tools(file: File) -> Iterator[Hit]:
    for stage in stages(file)[-1:]:
        runs = list(stage.all("RUN"))
        if any(REMOVES.search(item.arguments) for item in runs):
            return
        for item in runs:
            installed = {
                re.split("[=~<>]", word)[0]
                for _, words in commands(item.arguments)
                if words[0] in INSTALLERS
                for word in words
            }
            if tools := sorted(installed & BUILD_TOOLS):
                yield Hit(
                    file.at(item.line),
                    ", ".join(tools),
                    "compilers in a builder stage only",
                    "move this RUN into a stage of its own and take its result over with COPY --from=<stage>",
                )


@rule(
    "dockerfile",
    "docker-secret",
    "error",
    "A secret is built into the image",
    why="ENV and ARG stay in the image's history, where whoever can pull the image reads them",
    source="https://docs.docker.com/reference/build-checks/secrets-used-in-arg-or-env/",
)
def secret(file: File) -> Iterator[Hit]:
    for stage in stages(file):
        for item in stage.instructions:
            for name, value in pairs(item, {}) if item.name in ("ARG", "ENV") else ():
                literal = value and not value.startswith("$")
                if SECRET.search(name.upper()) and not name.startswith("NEXT_PUBLIC_") and literal:
                    yield Hit(
                        file.at(item.line),
                        f"{item.name} {name}=…",
                        "no value in the Dockerfile",
                        f"while building: RUN --mount=type=secret,id={name.lower()} …; while running: a "
                        f"Kubernetes Secret gives {name} to the container; then change the secret itself",
                    )


@rule(
    "dockerfile",
    "docker-stage-order",
    "error",
    "COPY --from names a stage that comes later or does not exist",
    why="a stage sees only those above it; BuildKit then looks for an image of that name and fails",
    source="https://docs.docker.com/reference/dockerfile/#copy---from",
)
def stage_order(file: File) -> Iterator[Hit]:
    found = stages(file)
    for stage in found:
        earlier = {name for other in found[: stage.index] for name in (other.name, str(other.index))}
        later = {name for other in found[stage.index :] for name in (other.name, str(other.index)) if name}
        for item in stage.instructions:
            source = item.flag("from")
            unknown_number = source.isdecimal() and int(source) >= len(found)
            # A plain name may be an image of Docker Hub, but not one that is nearly a stage's.
            plain = re.fullmatch(r"[\w-]+", source) is not None
            near = get_close_matches(source, earlier, n=1, cutoff=0.75) if plain else []
            if source and source not in earlier and (source in later or unknown_number or near):
                move = f"move the stage {source} above this one, or name an earlier stage"
                yield Hit(
                    file.at(item.line),
                    f"--from={source} in stage {stage.name or stage.index}",
                    f"one of the stages above: {', '.join(sorted(filter(None, earlier))) or 'there is none'}",
                    move if source in later or not near else f"write --from={near[0]}",
                )


@rule(
    "project",
    "docker-no-dockerignore",
    "warning",
    "COPY . . without a .dockerignore",
    why="the image gets .git, local .env files and node_modules of another platform; each change of any "
    "file ends the build cache",
    source="https://docs.docker.com/build/concepts/context/#dockerignore-files",
)
def no_dockerignore(project: Project) -> Iterator[Hit]:
    for file in project.dockerfiles:
        copies = [
            item
            for stage in stages(file)
            for item in stage.instructions
            if item.name in ("COPY", "ADD") and not item.flag("from") and item.value[:1] in ((".",), ("./",))
        ]
        folder = (project.root / file.path).parent
        above = [folder, *(parent for parent in folder.parents if parent.is_relative_to(project.root))]
        names = [
            folder / f"{(project.root / file.path).name}.dockerignore",
            *(p / ".dockerignore" for p in above),
        ]
        if copies and not any(name.is_file() for name in names):
            yield Hit(
                file.at(copies[0].line),
                f"`{copies[0].text}` and no .dockerignore",
                "a .dockerignore in the build context",
                "write a .dockerignore with at least: .git, .env*, node_modules, .next, __pycache__, .venv",
            )
