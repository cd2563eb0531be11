"""The variables that a container gets against those that its code and its specification ask for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from kitlib.checks.agreement import Disagreement, settled
from kitlib.checks.dockerfiles import Stage
from kitlib.checks.images import deployed, image_name
from kitlib.checks.rule import Hit, rule
from kitlib.checks.rules.across_image import pod_name
from kitlib.checks.sources import Variable, folder_of, variables
from kitlib.checks.targets import Container, File, KubeObject, Project, mapping, sequence

# Read by interpreters, servers and libraries, not by the application's own code.
KNOWN = re.compile(
    r"(PYTHON|NODE|NEXT|UVICORN|GUNICORN|CELERY|OTEL|AWS|AZURE|GOOGLE|PG|POSTGRES|REDIS|KUBERNETES|LC|SSL|REQUESTS|"
    r"MALLOC|JAVA|GO|RAILS|SENTRY|DD|npm|NPM)_\w+|PORT|HOST|HOSTNAME|HOME|TZ|LANG|PATH|TMPDIR|USER|DEBUG|"
    r"WEB_CONCURRENCY|PYTHON[A-Z]+|(HTTPS?|NO|https?|no)_(PROXY|proxy)|POD_\w+|NAMESPACE"
)
SPEC_TITLE = re.compile(r"^#\s*Container Specification:\s*(.+?)\s*$", re.MULTILINE | re.IGNORECASE)
SPEC_ROW = re.compile(r"^\|\s*`?([A-Z_][A-Z0-9_]*)`?\s*\|\s*(\w+)\s*\|")


@dataclass
class Given:
    """What a container's environment has.

    Args:
        names: each variable with the place that gives it.
        complete: whether all of it is in the project; a Secret made elsewhere may hold more.
        used: the variables that others are put together from, as in `$(PASSWORD)`.
    """

    names: dict[str, str] = field(default_factory=dict)
    complete: bool = True
    used: set[str] = field(default_factory=set)


def environment(item: KubeObject, container: Container, stage: Stage) -> Given:
    """The variables of a container: of its image, of ConfigMaps and Secrets, and its own."""
    found = Given({name: "" for pairs in stage.all("ENV") for name in pairs.value[::2]})
    for entry in sequence(container.get("envFrom")):
        for key, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
            name = mapping(mapping(entry).get(key)).get("name")
            source = item.bundle.find(kind, str(name), item.namespace) if name else None
            if name and source is None:
                found.complete = False
            prefix = str(mapping(entry).get("prefix") or "")
            if source is not None:
                for part in ("data", "stringData"):
                    found.names |= {prefix + k: str(source.at(part, k)) for k in mapping(source.get(part))}
    for index, entry in enumerate(sequence(container.get("env"))):
        body: Mapping[str, object] = mapping(entry)
        found.names[str(body.get("name"))] = str(container.at("env", index))
        found.used |= set(re.findall(r"\$\((\w+)\)", str(body.get("value", ""))))
    return found


def _specified(project: Project) -> Iterator[tuple[set[str], File, dict[str, Variable]]]:
    """The container specifications: the names they can mean, the file, and its table of variables."""
    for file in project.others:
        title = SPEC_TITLE.search(file.text) if file.path.endswith(".md") else None
        if title is None:
            continue
        slug = re.sub(r"[^a-z0-9]+", "-", title[1].lower()).strip("-")
        stem = file.path.rpartition("/")[2].removesuffix(".md").lower()
        rows: dict[str, Variable] = {}
        for number, line in enumerate(file.text.splitlines(), 1):
            if match := SPEC_ROW.match(line):
                required = match[2].lower() in ("yes", "true", "required")
                rows[match[1]] = Variable(match[1], file.at(number), required)
        yield {slug, slug.removesuffix("-service"), stem}, file, rows


def _wanted(project: Project, container: Container, file: File) -> dict[str, Variable]:
    """What the code beside the Dockerfile reads, and what the container's specification lists."""
    found = variables(project, folder_of(file))
    ends = image_name(container.image).split("-")[-1]
    for names, _, rows in _specified(project):
        if names & {container.name, image_name(container.image), ends}:
            found = rows | {name: _both(item, rows.get(name)) for name, item in found.items()}
    return found


def _both(read: Variable, listed: Variable | None) -> Variable:
    """A variable that code reads and a specification may list, with both places."""
    if listed is None or not read.required:
        return listed or read
    places = f"{listed.where} and {read.where}" if listed.required else read.where
    return Variable(read.name, places, True)


@rule(
    "project",
    "env-missing",
    "error",
    "A required variable is not given to the container",
    why="the program ends at its start, or at the first use: CrashLoopBackOff",
    source="https://12factor.net/config",
)
def missing(project: Project) -> Iterator[Hit]:
    found: list[Disagreement] = []
    pods: set[tuple[str, str]] = set()
    for item, container, file, stage in deployed(project):
        given = environment(item, container, stage)
        if container.init or not given.complete:
            continue
        pods.add((file.path, pod_name(item, container)))
        for variable in _wanted(project, container, file).values():
            if variable.required and variable.name not in given.names and not KNOWN.fullmatch(variable.name):
                key = next((key for key in ("env", "envFrom") if container.get(key) is not None), "name")
                hit = Hit(
                    str(container.at(key)),
                    f"no {variable.name} for {container.name}, required by {variable.where}",
                    f"{variable.name} from a ConfigMap, a Secret or env",
                    f"add {variable.name} to a ConfigMap or Secret that envFrom names, or to env of "
                    f"{container.name}",
                )
                reader = variable.where.rpartition(" and ")[2]
                found.append(Disagreement(file.path, variable.name, pod_name(item, container), hit, reader))
    yield from settled(found, pods)


@rule(
    "project",
    "env-unused",
    "info",
    "A variable is given that nothing reads",
    why="a misspelt name looks the same: the program then runs with its default, without a word",
    source="https://12factor.net/config",
)
def unused(project: Project) -> Iterator[Hit]:
    hits: dict[tuple[str, str], Hit] = {}
    read: set[tuple[str, str]] = set()
    for item, container, file, stage in deployed(project):
        wanted = _wanted(project, container, file)
        given = environment(item, container, stage)
        if not variables(project, folder_of(file)):
            continue  # no code that we can read
        for name, where in given.names.items():
            if not where or KNOWN.fullmatch(name):
                continue
            if name in wanted or name in given.used:
                read.add((name, where))
            else:
                hits[name, where] = Hit(
                    where,
                    f"{name} for {container.name}, and nothing below {folder_of(file)}/ reads it",
                    "a name that the code reads",
                    f"remove {name}, or write the name that the code reads",
                )
    yield from (hit for key, hit in hits.items() if key not in read)
