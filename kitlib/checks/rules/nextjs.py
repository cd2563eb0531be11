"""Next.js in a container: standalone output, variables frozen by the build, and a read-only root."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from kitlib.checks.dockerfiles import Stage, pairs, stages
from kitlib.checks.rule import Hit, rule
from kitlib.checks.rules.dockerfile_build import BUILDS_NODE
from kitlib.checks.sources import folder_of
from kitlib.checks.targets import File, Project, dig, mapping, sequence

CONFIGS = tuple(f"next.config.{end}" for end in ("js", "mjs", "cjs", "ts", "mts"))
STANDALONE = re.compile(r"\boutput\s*:\s*['\"]standalone['\"]")
REVALIDATE = re.compile(r"\bexport\s+const\s+revalidate\s*=\s*[1-9]|\brevalidate\s*:\s*[1-9]")
OUTPUT = "https://nextjs.org/docs/app/api-reference/config/next-config-js/output"
SELF_HOSTING = "https://nextjs.org/docs/app/guides/self-hosting#caching-and-isr"
VARIABLES = "https://nextjs.org/docs/app/guides/environment-variables"


@dataclass(frozen=True)
class App:
    """A Dockerfile that takes over Next.js' standalone output.

    Args:
        file: the Dockerfile.
        stage: its last stage.
        line: where the standalone output is copied.
        folder: the application's folder: that of the Dockerfile.
    """

    file: File
    stage: Stage
    line: int
    folder: str

    @classmethod
    def of(cls, file: File) -> App | None:
        """The application of a Dockerfile; None when it copies no standalone output."""
        for stage in stages(file)[-1:]:
            for item in stage.all("COPY"):
                if ".next/standalone" in item.arguments:
                    return cls(file, stage, item.line, folder_of(file))
        return None


def apps(project: Project) -> Iterator[App]:
    """The project's Next.js applications with a standalone image."""
    return (app for file in project.dockerfiles if (app := App.of(file)))


def _config(project: Project, folder: str) -> File | None:
    names = [posixpath.normpath(posixpath.join(folder, name)) for name in CONFIGS]
    return next((file for file in project.others if file.path in names), None)


@rule(
    "project",
    "nextjs-standalone-off",
    "error",
    "The Dockerfile copies a standalone output that the build does not make",
    why='`next build` writes .next/standalone only with output: "standalone"; COPY then fails',
    source=OUTPUT,
)
def standalone_off(project: Project) -> Iterator[Hit]:
    for app in apps(project):
        config = _config(project, app.folder)
        if config is None or not STANDALONE.search(config.text):
            yield Hit(
                app.file.at(app.line),
                f'no output: "standalone" in {config.path}'
                if config
                else "no next.config beside the Dockerfile",
                'output: "standalone"',
                f'write `output: "standalone"` into '
                f"{config.path if config else f'{app.folder}/next.config.mjs'}",
            )


@rule(
    "project",
    "nextjs-public-missing",
    "error",
    "The Dockerfile copies a folder public/ that does not exist",
    why="COPY of a missing path ends the build; Next.js itself works without the folder",
    source=OUTPUT,
)
def public_missing(project: Project) -> Iterator[Hit]:
    for app in apps(project):
        for item in app.stage.all("COPY"):
            from_build = item.flag("from") and re.search(r"(^|/)public/?$", item.value[0])
            if from_build and not (project.root / app.folder / "public").is_dir():
                yield Hit(
                    app.file.at(item.line),
                    f"`{item.text}`, and no {posixpath.join(app.folder, 'public')}/",
                    "the folder, with at least one file so that git keeps it",
                    f"mkdir {posixpath.join(app.folder, 'public')} and put favicon.ico or .gitkeep into "
                    "it, or remove this line",
                )


@rule(
    "project",
    "nextjs-static-missing",
    "error",
    "The image has no .next/static",
    why="the standalone output leaves the browser's scripts and styles out: every page loads without them",
    source=OUTPUT,
)
def static_missing(project: Project) -> Iterator[Hit]:
    for app in apps(project):
        if not any(".next/static" in item.arguments for item in app.stage.all("COPY")):
            yield Hit(
                app.file.at(app.line),
                "no COPY of .next/static",
                "both folders, each copied on its own",
                "add `COPY --from=<builder> /app/.next/static ./.next/static` below this line",
            )


@rule(
    "project",
    "nextjs-start-command",
    "error",
    "The command does not fit the standalone output",
    why="`next start` needs node_modules and refuses the standalone output; its server is server.js",
    source=OUTPUT,
)
def start_command(project: Project) -> Iterator[Hit]:
    for app in apps(project):
        words = " ".join(app.stage.command)
        item = app.stage.last("CMD") or app.stage.last("ENTRYPOINT")
        if item and re.search(r"\bnext start\b|\b(npm|yarn|pnpm)( run)? start\b", words):
            yield Hit(
                app.file.at(item.line), words, 'CMD ["node", "server.js"]', 'write CMD ["node", "server.js"]'
            )


@rule(
    "project",
    "nextjs-hostname",
    "error",
    "The server binds to the pod's name, not to every address",
    why="server.js listens on $HOSTNAME, which Kubernetes sets to the pod's name: `kubectl port-forward` "
    "and health checks on localhost are refused",
    source=OUTPUT,
)
def hostname(project: Project) -> Iterator[Hit]:
    for app in apps(project):
        in_command = re.search(r"\bHOSTNAME=(\S+)", " ".join(app.stage.command))
        found = in_command[1] if in_command else app.stage.environment.get("HOSTNAME", "not set")
        if found not in ("0.0.0.0", "::"):
            item = app.stage.last("CMD")
            yield Hit(
                app.file.at(item.line if item else app.line),
                f"HOSTNAME={found}",
                "ENV HOSTNAME=0.0.0.0",
                "write `ENV HOSTNAME=0.0.0.0` into the last stage",
            )


@rule(
    "project",
    "nextjs-public-variable",
    "warning",
    "A NEXT_PUBLIC_ variable is set where it has no effect",
    why="`next build` writes its value into the browser's scripts; what the pod or the last stage sets "
    "comes too late",
    source=VARIABLES,
)
def public_variable(project: Project) -> Iterator[Hit]:
    fix = (
        "give {0} to the build as a build argument (ARG {0} and ENV {0}=${0} before `next build`), one image "
        "for each value; or read a variable without NEXT_PUBLIC_ on the server, and pass it to the page"
    )
    found = [*_runtime_dockerfiles(project), *_runtime_objects(project), *_runtime_values(project)]
    for where, name, place in found:
        yield Hit(where, f"{name} in {place}", "the value at build time", fix.format(name))


def _runtime_dockerfiles(project: Project) -> Iterator[tuple[str, str, str]]:
    for app in apps(project):
        builds_here = any(BUILDS_NODE.search(item.arguments) for item in app.stage.all("RUN"))
        for item in app.stage.instructions:
            for name, _ in pairs(item, {}) if item.name == "ENV" and not builds_here else ():
                if name.startswith("NEXT_PUBLIC_"):
                    yield app.file.at(item.line), name, "the last stage"


def _runtime_objects(project: Project) -> Iterator[tuple[str, str, str]]:
    manifests = [
        bundle for bundle in project.bundles if bundle.origin != "chart"
    ]  # a chart's values are looked at
    for bundle in manifests:
        for item in bundle.objects:
            for container in item.containers():
                for index, entry in enumerate(sequence(container.get("env"))):
                    name = str(mapping(entry).get("name"))
                    if name.startswith("NEXT_PUBLIC_"):
                        yield str(container.at("env", index)), name, f"the container {container.name}"
            for name in mapping(item.get("data")) if item.kind == "ConfigMap" else ():
                if name.startswith("NEXT_PUBLIC_"):
                    yield str(item.at("data", name)), name, f"ConfigMap {item.name}"


def _runtime_values(project: Project) -> Iterator[tuple[str, str, str]]:
    for chart in project.charts:
        for file in chart.files:
            for document in file.documents if posixpath.basename(file.path).startswith("values") else ():
                for component, body in mapping(document.data).items():
                    for name in mapping(dig(body, ("env",))):
                        if name.startswith("NEXT_PUBLIC_"):
                            line = document.line((component, "env", name))
                            yield file.at(line), name, f"{component}.env"
