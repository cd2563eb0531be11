"""Where the artifacts are that a namespace should hold: a Helm release's chart, or the plain manifests."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kitlib import tools
from kitlib.app.manifests import placed, with_images
from kitlib.artifacts.manifests import FOLDER, Target
from kitlib.cluster import Cluster
from kitlib.cluster.manifests import read
from kitlib.errors import UsageError
from kitlib.redaction import remember_value

VALUES = {"development": "values-dev.yaml", "production": "values-prod.yaml"}
# What only the one who deploys knows: everything else stands in the values files.
_DEPLOYERS = {"image", "auth", "secrets", "existingSecret"}


@dataclass(frozen=True)
class Source:
    """The artifacts of a namespace.

    Args:
        title: what they are, for a person.
        objects: as they would be applied now.
        labels: what all their objects bear.
        fix: the command that puts the cluster back to them.
    """

    title: str
    objects: list[dict[str, Any]]
    labels: dict[str, str]
    fix: str


def find(target: Target, root: Path, cluster: Cluster, release: str) -> Source:
    """The artifacts that the namespace holds: the release if there is one, else the plain manifests.

    Args:
        target: the application and its environment.
        root: the project's root.
        cluster: bound to the namespace.
        release: the release's name.

    Raises:
        UsageError: neither was ever deployed there.
        CommandFailed: the chart does not render.
    """
    if given := _release_values(cluster, release):
        return _chart(target, root, cluster, release, given)
    labels = {"app.kubernetes.io/part-of": target.name}
    if not cluster.list("Deployment", labels=labels):
        raise UsageError(
            f"{cluster.namespace} has neither a release {release} nor the manifests of {target.name}",
            fix="kit app up, or kit spec apply; -n names another namespace",
        )
    folder = root / FOLDER / target.environment
    items = [
        with_images(item, live) if (live := cluster.find(item["kind"], item["metadata"]["name"])) else item
        for item in placed(read(folder), cluster.namespace)
    ]
    return Source(f"{FOLDER}/{target.environment}", items, labels, "kit spec apply")


def _chart(target: Target, root: Path, cluster: Cluster, release: str, given: Mapping[str, Any]) -> Source:
    chart, file = root / "charts" / target.name, VALUES[target.environment]
    command = ["template", release, str(chart), "--values", str(chart / file), "--values", "-"]
    command += ["--kube-version", cluster.version()]
    text = _helm(cluster, *command, input=json.dumps(_deployers(given)))
    items = [item for item in read(text) if not _is_hook(item)]
    labels = {"app.kubernetes.io/instance": release}
    return Source(f"release {release} with {file}", items, labels, "kit app up")


def _release_values(cluster: Cluster, release: str) -> dict[str, Any]:
    """The values that a release was installed with; empty when there is none."""
    known = json.loads(_helm(cluster, "list", "--all", "--filter", f"^{release}$", "-o", "json"))
    if not known:
        return {}
    found = json.loads(_helm(cluster, "get", "values", release, "-o", "json")) or {"global": {}}
    for value in _secret_texts(found):
        remember_value(value)
    return dict(found)


def _deployers(given: Mapping[str, Any]) -> dict[str, Any]:
    """Of a release's values those that no file holds: images, passwords and the names of Secrets."""
    found: dict[str, Any] = {}
    for part, values in given.items():
        if isinstance(values, Mapping) and (kept := {k: v for k, v in values.items() if k in _DEPLOYERS}):
            found[part] = kept
    return found


def _secret_texts(values: Mapping[str, Any]) -> list[str]:
    texts = []
    for part in values.values():
        if isinstance(part, Mapping):
            for group in ("auth", "secrets"):
                inside = part.get(group)
                texts += [str(v) for v in inside.values()] if isinstance(inside, Mapping) else []
    return [text for text in texts if text not in ("True", "False", "")]


def _is_hook(item: Mapping[str, Any]) -> bool:
    return "helm.sh/hook" in (item["metadata"].get("annotations") or {})


def _helm(cluster: Cluster, *arguments: str, input: str | None = None) -> str:
    binding = cluster.api.binding
    binding.check()
    where = ["--namespace", cluster.namespace]
    if arguments[0] != "template":
        where += ["--kube-context", binding.context]
    files = {"KUBECONFIG": os.pathsep.join(map(str, binding.files))}
    command: list[str | Path] = [tools.find("helm"), *arguments, *where]
    return tools.run(command, timeout=120, input=input, env=files).stdout
