"""Reads what is to be checked: every file sorted once, manifests into bundles, charts rendered."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from kitlib.checks import charts
from kitlib.checks.about import problem
from kitlib.checks.config import read_config
from kitlib.checks.targets import Bundle, File, KubeObject, Project, sequence
from kitlib.checks.walk import OURS, read, show, walk, with_documents
from kitlib.documents import YamlDocument

COMPOSE = re.compile(r"(docker-)?compose([.-][\w.-]+)?\.ya?ml")
DOCKERFILE = re.compile(r"(.+\.)?(Docker|Container)file(\.(?!dockerignore|j2)[\w-]+)?", re.IGNORECASE)
SHEBANG = re.compile(r"#!\s*\S*?(/env\s+(-S\s+)?)?(ba|da|k)?sh\b")
# Settings of programs that look like objects but are never sent to an API server.
SETTINGS = re.compile(
    r"(kind\.x-k8s\.io|kustomize\.config\.k8s\.io|kubeadm\.k8s\.io|kubelet\.config\.k8s\.io"
    r"|kubeproxy\.config\.k8s\.io|audit\.k8s\.io|apiserver\.config\.k8s\.io|apiserver\.k8s\.io"
    r"|client\.authentication\.k8s\.io|kwok\.x-k8s\.io|config\.kwok\.x-k8s\.io)/"
)


def load(root: Path, paths: Sequence[Path]) -> Project:
    """Everything below some paths, read once.

    Args:
        root: the folder that paths in findings are relative to; its `.kit-check.yaml` counts.
        paths: files and folders.

    What can't be read, parsed or rendered is in the project's `problems`; nothing of it is raised.

    Raises:
        UsageError: a path does not exist, or a `.kit-check.yaml` has another shape.
    """
    root = root.resolve()
    given = [show(path.resolve(), root) for path in paths]
    excluded = {
        name: reason
        for name, reason in read_config(root).exclude.items()
        if not any(f"{path}/".startswith(f"{name}/") for path in given)  # who names it means it
    }
    project = Project(root)
    folders: dict[Path, None] = {}
    bundles: dict[str, Bundle] = {}
    for path in walk([path.resolve() for path in paths]):
        shown = show(path, root)
        if outside := next((name for name in excluded if f"{shown}/".startswith(f"{name}/")), ""):
            project.excluded[outside] = excluded[outside]
            continue
        chart = _chart_of(path.parent)
        if chart is not None and not DOCKERFILE.fullmatch(path.name) and path.suffix != ".sh":
            folders[chart] = None
            continue
        text = read(path, shown)
        if isinstance(text, str):
            _sort(project, bundles, File(shown, text))
        elif text is not None:
            project.problems.append(text)
    project.bundles = list(bundles.values())
    for folder in folders:
        charts.load_chart(project, folder, show(folder, root))
    return project


@lru_cache(maxsize=4096)
def _chart_of(folder: Path) -> Path | None:
    """The outermost folder around with a `Chart.yaml`: a subchart belongs to its chart."""
    above = _chart_of(folder.parent) if folder.parent != folder else None
    return above or (folder if (folder / "Chart.yaml").is_file() else None)


def _sort(project: Project, bundles: dict[str, Bundle], file: File) -> None:
    name = file.path.rpartition("/")[2]
    if not file.text.strip():
        if OURS.fullmatch(name):
            project.problems.append(
                problem("empty-file", file.at(1), "nothing", "content", "fill or remove the file")
            )
        return
    if DOCKERFILE.fullmatch(name):
        project.dockerfiles.append(file)
    elif name.endswith((".sh", ".bash")) or ("." not in name and SHEBANG.match(file.text)):
        project.scripts.append(file)
    elif name.endswith((".yaml", ".yml")) or (name.endswith(".json") and '"apiVersion"' in file.text):
        _sort_yaml(project, bundles, file)
    else:
        project.others.append(file)


def _sort_yaml(project: Project, bundles: dict[str, Bundle], file: File) -> None:
    parsed = with_documents(project, file)
    if parsed is None:
        return
    folder, _, name = file.path.rpartition("/")
    if f"/{folder}".endswith("/.github/workflows"):
        project.workflows.append(parsed)
    elif COMPOSE.fullmatch(name):
        project.composes.append(parsed)
    else:
        objects = [part for document in parsed.documents for part in _objects(project, parsed, document)]
        (project.manifests if objects else project.others).append(parsed)
        for document in objects:
            bundle = bundles.setdefault(folder or ".", Bundle(folder or ".", "files"))
            bundle.objects.append(KubeObject(document.data, bundle, parsed, document))


def _objects(project: Project, file: File, document: YamlDocument) -> Iterator[YamlDocument]:
    """The Kubernetes objects of a document: itself, or the items of a List."""
    data = document.data
    if not isinstance(data, Mapping):
        return
    version, kind = data.get("apiVersion"), data.get("kind")
    if _text(version) and _text(kind):
        if SETTINGS.match(str(version)) or (version == "v1" and kind == "Config"):
            return
        if str(kind).endswith("List") and isinstance(data.get("items"), list):
            for index, _ in enumerate(sequence(data["items"])):
                yield from _objects(project, file, document.part("items", index))
            return
        yield document
    elif (_text(version) or _text(kind)) and any(
        isinstance(data.get(k), Mapping) for k in ("metadata", "spec")
    ):
        missing = "kind" if _text(version) else "apiVersion"
        found = f"{missing}: {data[missing]!r}" if missing in data else f"no {missing}"
        problem_ = problem(
            "manifest-incomplete",
            file.at(document.line()),
            found,
            "apiVersion and kind, both text",
            f"write {missing}: at the top of the object",
        )
        project.problems.append(problem_)


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)
