"""Next.js: variables the build needs, and what it writes while it runs on a read-only root."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from kitlib.checks.dockerfiles import stages
from kitlib.checks.images import deployed
from kitlib.checks.rule import Hit, rule
from kitlib.checks.rules.dockerfile_build import BUILDS_NODE
from kitlib.checks.rules.nextjs import REVALIDATE, SELF_HOSTING, VARIABLES, App, apps
from kitlib.checks.sources import sources, variables
from kitlib.checks.targets import Container, KubeObject, Project, mapping, sequence


@rule(
    "project",
    "nextjs-build-variable",
    "warning",
    "The build does not get a NEXT_PUBLIC_ variable that the code reads",
    why="`next build` replaces it by `undefined` in the browser's scripts",
    source=VARIABLES,
)
def build_variable(project: Project) -> Iterator[Hit]:
    for app in apps(project):
        builder = next(
            (s for s in stages(app.file) if any(BUILDS_NODE.search(item.arguments) for item in s.all("RUN"))),
            None,
        )
        given = builder.environment if builder else {}
        for variable in variables(project, app.folder).values():
            if builder and variable.name.startswith("NEXT_PUBLIC_") and variable.name not in given:
                line = next(item.line for item in builder.all("RUN") if BUILDS_NODE.search(item.arguments))
                yield Hit(
                    app.file.at(line),
                    f"no ARG {variable.name}, which {variable.where} reads",
                    f"ARG {variable.name} before the build",
                    f"add `ARG {variable.name}` above this line, and give it with --build-arg",
                )


def _read_only(project: Project) -> Iterator[tuple[App, KubeObject, Container]]:
    """The containers with a read-only root whose image is a standalone Next.js."""
    for item, container, file, _ in deployed(project):
        app = App.of(file)
        if app and not container.init and container.get("securityContext", "readOnlyRootFilesystem") is True:
            yield app, item, container


@rule(
    "project",
    "nextjs-cache-read-only",
    "warning",
    "Next.js can't write its cache",
    why="the image optimiser and the data cache write below .next/cache; on a read-only root each write "
    "is an error in the log and nothing is cached",
    source=SELF_HOSTING,
)
def cache_read_only(project: Project) -> Iterator[Hit]:
    for app, item, container in _read_only(project):
        cache = posixpath.join(app.stage.workdir, ".next/cache")
        emptied = {str(mapping(v).get("name")) for v in sequence(item.pod_spec.get("volumes"))}
        mounts = [mapping(entry) for entry in sequence(container.get("volumeMounts"))]
        paths = [str(m.get("mountPath", "")).rstrip("/") for m in mounts if str(m.get("name")) in emptied]
        if not any(cache == path or cache.startswith(f"{path}/") for path in paths):
            yield Hit(
                str(container.at("volumeMounts")),
                f"no volume on {cache} in {container.name}",
                f"an emptyDir on {cache}",
                f"add to the container `volumeMounts: [{{name: next-cache, mountPath: {cache}}}]` and to "
                f"the pod "
                "`volumes: [{name: next-cache, emptyDir: {}}]`",
            )


@rule(
    "project",
    "nextjs-isr-read-only",
    "warning",
    "A page is revalidated, but the root is read-only",
    why="incremental static regeneration writes the new page below .next/server; with a read-only root "
    "each pod keeps serving the page of the build, or renders it again and again",
    source=SELF_HOSTING,
)
def isr_read_only(project: Project) -> Iterator[Hit]:
    seen: set[str] = set()
    for app, item, _ in _read_only(project):
        for file in sources(project, app.folder):
            for number, line in enumerate(file.text.splitlines(), 1):
                if REVALIDATE.search(line) and file.at(number) not in seen:
                    seen.add(file.at(number))
                    yield Hit(
                        file.at(number),
                        f"`{line.strip()}`, and {item.kind} {item.name} has a read-only root",
                        "a dynamic page, or a cacheHandler that keeps pages elsewhere, such as in Redis",
                        'write `export const dynamic = "force-dynamic"` instead, or set cacheHandler in '
                        "next.config",
                    )
