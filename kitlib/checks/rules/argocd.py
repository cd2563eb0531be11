"""Argo CD Applications: the chart they point to, the tag they deploy, and what an autoscaler owns."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from kitlib.checks.rule import Hit, rule
from kitlib.checks.rules.workflow_tags import pushed_tags
from kitlib.checks.targets import Bundle, Chart, KubeObject, Project, dig, mapping, sequence

HELM = "https://argo-cd.readthedocs.io/en/stable/user-guide/helm/"
SYNC = "https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/#respect-ignore-difference-configs"
REVISIONS = {
    "$ARGOCD_APP_REVISION": "github.sha",
    "${ARGOCD_APP_REVISION}": "github.sha",
    "$ARGOCD_APP_REVISION_SHORT": "<short>",
    "${ARGOCD_APP_REVISION_SHORT}": "<short>",
}


def _sources(project: Project) -> Iterator[tuple[KubeObject, tuple[str | int, ...], dict[str, Any]]]:
    """The sources of each Application, with their paths in it."""
    for bundle in project.bundles:
        for item in bundle.of("Application"):
            if not str(item.get("apiVersion", default="")).startswith("argoproj.io/"):
                continue
            if source := mapping(item.get("spec", "source")):
                yield item, ("spec", "source"), dict(source)
            for index, source in enumerate(sequence(item.get("spec", "sources"))):
                yield item, ("spec", "sources", index), dict(mapping(source))


def _chart(project: Project, source: dict[str, Any]) -> Chart | None:
    path = posixpath.normpath(str(source.get("path") or "-"))
    return next((chart for chart in project.charts if chart.path == path), None)


def _parameters(source: dict[str, Any]) -> Iterator[tuple[int, str, str]]:
    helm = mapping(source.get("helm"))
    for index, entry in enumerate(sequence(helm.get("parameters"))):
        yield index, str(mapping(entry).get("name", "")), str(mapping(entry).get("value", ""))


@rule(
    "project",
    "argocd-revision-tag",
    "error",
    "Argo CD deploys a tag that the workflow does not push",
    why="$ARGOCD_APP_REVISION is the full commit; `type=sha` alone pushes sha-<short>, so the pods find "
    "no image",
    source="https://argo-cd.readthedocs.io/en/stable/user-guide/build-environment/",
)
def revision_tag(project: Project) -> Iterator[Hit]:
    known = [tags for file in project.workflows if (tags := pushed_tags(file)) is not None]
    pushed = {tag for tags in known for tag in tags}
    if not pushed or len(known) < len(project.workflows):
        return
    for item, path, source in _sources(project):
        wrong: dict[str, list[tuple[int, str]]] = {}
        for index, name, value in _parameters(source):
            if value in REVISIONS and REVISIONS[value] not in pushed:
                wrong.setdefault(value, []).append((index, name))
        for value, places in wrong.items():
            full = REVISIONS[value] == "github.sha"
            names = ", ".join(name for _, name in places)
            yield Hit(
                str(item.at(*path, "helm", "parameters", places[0][0], "value")),
                f"{names}={value}, while the workflow pushes {', '.join(sorted(pushed))}",
                "the tag that the workflow pushes",
                "in docker/metadata-action: type=sha,prefix="
                + (",format=long" if full else "")
                + ("; or tag the images with ${{ github.sha }}" if full else ""),
            )


@rule(
    "project",
    "argocd-values-missing",
    "error",
    "A values file does not exist",
    why="Argo CD can't render the chart: the Application shows ComparisonError and nothing is synced",
    source=f"{HELM}#values-files",
)
def values_missing(project: Project) -> Iterator[Hit]:
    for item, path, source in _sources(project):
        chart, helm = _chart(project, source), mapping(source.get("helm"))
        if chart is None or helm.get("ignoreMissingValueFiles") is True:
            continue
        for index, name in enumerate(sequence(helm.get("valueFiles"))):
            plain = not re.match(r"\$|\w+://", str(name)) and not re.search(r"[*?\[{]", str(name))
            relative = (
                str(name).lstrip("/") if str(name).startswith("/") else posixpath.join(chart.path, str(name))
            )
            if plain and not (project.root / posixpath.normpath(relative)).is_file():
                names = [posixpath.relpath(file.path, chart.path) for file in chart.files]
                near = get_close_matches(str(name), names, n=1)
                other = f"write {near[0]}" if near else "remove the entry"
                yield Hit(
                    item.at(*path, "helm", "valueFiles", index),
                    f"{name}, seen from {chart.path}/",
                    "a file of the chart",
                    f"{other}, or create {relative}",
                )


@rule(
    "project",
    "argocd-path-missing",
    "warning",
    "The Application's path is no chart and no folder here",
    why="Argo CD finds no manifests there: app path does not exist",
    source="https://argo-cd.readthedocs.io/en/stable/user-guide/application-specification/",
)
def path_missing(project: Project) -> Iterator[Hit]:
    for item, path, source in _sources(project):
        folder = str(source.get("path") or "")
        if folder and project.charts and not (project.root / folder).is_dir() and not source.get("chart"):
            names = ", ".join(chart.path for chart in project.charts)
            fix = f"write one of {names}, if the Application means this repository"
            yield Hit(item.at(*path, "path"), folder, f"a folder of the repository, such as {names}", fix)


@rule(
    "project",
    "argocd-parameter-unknown",
    "warning",
    "A parameter names no value of the chart",
    why="Helm sets it without a word, and no template reads it",
    source=f"{HELM}#helm-parameters",
)
def parameter_unknown(project: Project) -> Iterator[Hit]:
    for item, path, source in _sources(project):
        chart = _chart(project, source)
        file = chart.file("values.yaml") if chart else None
        if file is None or not file.documents:
            continue
        for index, name, _ in _parameters(source):
            if missing := _missing(file.documents[0].data, re.split(r"(?<!\\)\.", name)):
                above, _, key = missing.rpartition(".")
                there = dig(file.documents[0].data, above.split(".") if above else [])
                near = get_close_matches(key, map(str, mapping(there)), n=1)
                known = (
                    f"write {'.'.join(filter(None, (above, near[0])))}"
                    if near
                    else "name a key that is there"
                )
                yield Hit(
                    item.at(*path, "helm", "parameters", index, "name"),
                    f"{name}: no {missing} in {file.path}",
                    "a key of values.yaml",
                    f"{known}, or add this one to {file.path} and to a template",
                )


def _missing(values: Any, keys: list[str]) -> str:
    """The first key that values don't have; empty where it is open what they may have."""
    for position, key in enumerate(keys):
        if not isinstance(values, dict) or not values or "[" in key:
            return ""  # an empty mapping or a list takes any key
        if key not in values:
            return ".".join(keys[: position + 1])
        values = values[key]
    return ""


@rule(
    "project",
    "argocd-moving-revision",
    "info",
    "The Application follows HEAD",
    why="whatever the repository's default branch is then gets deployed; a branch, tag or commit says "
    "what is meant",
    source="https://argo-cd.readthedocs.io/en/stable/user-guide/tracking_strategies/",
)
def moving_revision(project: Project) -> Iterator[Hit]:
    for item, path, source in _sources(project):
        if str(source.get("targetRevision") or "HEAD") == "HEAD" and source.get("path"):
            yield Hit(
                item.at(*path, "targetRevision"),
                f"targetRevision: {source.get('targetRevision') or 'none'}",
                "a tag or commit for production, at least a named branch",
                "write targetRevision: v1.0.0, or main",
            )


def _contested(bundle: Bundle) -> Iterator[KubeObject]:
    """The workloads that set replicas though an autoscaler owns the number."""
    for scaler in bundle.of("HorizontalPodAutoscaler"):
        target = mapping(scaler.get("spec", "scaleTargetRef"))
        item = bundle.find(str(target.get("kind")), str(target.get("name")))
        if item and item.get("spec", "replicas") is not None:
            yield item


@rule(
    "project",
    "argocd-replicas",
    "warning",
    "Argo CD and the autoscaler fight about replicas",
    why="each sync sets the number of the manifest again; ignoreDifferences hides the difference, and "
    "only together with RespectIgnoreDifferences=true is the field left alone in a sync",
    source=SYNC,
)
def replicas(project: Project) -> Iterator[Hit]:
    for item, path, source in _sources(project):
        chart, folder = _chart(project, source), str(source.get("path") or "")
        values = {
            posixpath.basename(str(name)) for name in sequence(mapping(source.get("helm")).get("valueFiles"))
        }
        bundles = [bundle for bundle in project.bundles if bundle.name == posixpath.normpath(folder or "-")]
        bundles += (
            [b for b in chart.bundles if not values or b.name.rpartition(" ")[2] in values] if chart else []
        )
        contested = {other.name for bundle in bundles for other in _contested(bundle)}
        ignored = "replicas" in str(item.get("spec", "ignoreDifferences", default=""))
        respected = "RespectIgnoreDifferences=true" in sequence(item.get("spec", "syncPolicy", "syncOptions"))
        if contested and not (ignored and respected):
            yield Hit(
                item.at(*path),
                f"replicas of {', '.join(sorted(contested))} in Git, with "
                + ("no RespectIgnoreDifferences" if ignored else "no ignoreDifferences"),
                "no replicas in the manifest, or both settings",
                "remove spec.replicas from the Deployment; or add ignoreDifferences: [{group: apps, kind: "
                "Deployment, jsonPointers: [/spec/replicas]}] and the sync option "
                "RespectIgnoreDifferences=true",
            )
